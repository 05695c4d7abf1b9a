"""Which tokens a tokenizer gains: what it could not read, and the words that stand there often enough."""

from __future__ import annotations

from typing import Any

import pytest

from finetune.encoder.vocabulary import new_share, new_tokens, normalise, spelled
from retrieval.extension import extend_tokenizer
from retrieval.source import Source

TEXTS = ["我的快递到哪里了？", "快递退款", "退款 refund, Ünïcode", "快递员"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return Source.find("embedded-en").load()[0]


def test_characters_and_frequent_words_are_taken(tokenizer: Any) -> None:
    tokens = new_tokens(TEXTS, tokenizer, at_least=2)
    assert set("我的快递到哪里了退款员") <= set(tokens)
    assert {"快递", "退款"} <= set(tokens)
    assert "快递员" not in tokens  # stands there once
    assert tokens == sorted(set(tokens))


def test_what_the_tokenizer_reads_already_is_not_taken(tokenizer: Any) -> None:
    tokens = new_tokens(TEXTS * 3, tokenizer, at_least=1)
    assert not [token for token in tokens if token.isascii()]
    assert "，" not in new_tokens(["快递，退款"], tokenizer, at_least=1)


def test_languages_with_blanks_bring_their_words(tokenizer: Any) -> None:
    assert new_tokens(["ꙮꙮ ꙮ"] * 2, tokenizer, at_least=2) == ["ꙮ", "ꙮꙮ"]


def test_only_chinese_words_have_a_greatest_length(tokenizer: Any) -> None:
    word = "ꙮ" * 9
    assert word in new_tokens([word] * 2, tokenizer, at_least=2)
    assert max(map(len, new_tokens(["中华人民共和国"] * 2, tokenizer, at_least=2))) < 7


def test_what_was_taught_before_is_not_taught_again() -> None:
    tokenizer, _ = Source.find("embedded-en").load()
    tokens = new_tokens(TEXTS, tokenizer, at_least=2)
    extend_tokenizer(tokenizer, tokens, len(tokenizer))
    assert new_tokens(TEXTS, tokenizer, at_least=2, taught=tokens) == []
    assert new_tokens([*TEXTS, "龘"], tokenizer, at_least=2, taught=tokens) == ["龘"]


@pytest.mark.parametrize(
    ("texts", "least", "most"),
    [
        (["我的快递到哪里了？", "我想取消订单。"], 0.9, 1.0),
        (["నా పార్సెల్ ఎక్కడ ఉంది?"], 0.9, 1.0),
        (["എന്റെ പാഴ്സൽ എവിടെ?"], 0.9, 1.0),
        (["મારું પાર્સલ ક્યાં છે?"], 0.9, 1.0),
        (["ਮੇਰਾ ਪਾਰਸਲ ਕਿੱਥੇ ਹੈ?"], 0.9, 1.0),
        (["កញ្ចប់របស់ខ្ញុំនៅឯណា?"], 0.9, 1.0),
        (["ພັດສະດຸຂອງຂ້ອຍຢູ່ໃສ?"], 0.9, 1.0),
        (["ကျွန်တော့်ပါဆယ် ဘယ်မှာလဲ။"], 0.9, 1.0),
        (["ጥቅሌ የት አለ?"], 0.9, 1.0),
        (["พัสดุของฉันอยู่ที่ไหน", "ฉันต้องการคืนสินค้า"], 0.25, 0.8),
        (["මගේ පාර්සලය කොහෙද?"], 0.25, 0.8),
        (["ನನ್ನ ಪಾರ್ಸೆಲ್ ಎಲ್ಲಿದೆ?", "ನಾನು ಆರ್ಡರ್ ರದ್ದು ಮಾಡಲು ಬಯಸುತ್ತೇನೆ."], 0.25, 0.8),
        (["荷物はどこですか？", "注文をキャンセルしたいです。", "カードで支払えますか？"], 0.1, 0.25),
        (["என் பார்சல் எங்கே?", "அட்டை மூலம் பணம் செலுத்தலாமா?"], 0.1, 0.25),
        (["Ես ուզում եմ չեղարկել պատվերը։", "Կարո՞ղ եմ վճարել քարտով"], 0.1, 0.25),
        (["أين طردي؟", "هل يمكنني الدفع بالبطاقة؟"], 0.0, 0.0),
        (["بسته من کجاست؟"], 0.0, 0.0),
        (["איפה החבילה שלי?"], 0.0, 0.0),
        (["Где моя посылка?", "Съешь ещё этих мягких булок"], 0.0, 0.0),
        (["Къде е моята пратка?"], 0.0, 0.0),
        (["Πού είναι το δέμα μου;"], 0.0, 0.0),
        (["Wo ist mein Paket?", "Größere Straße"], 0.0, 0.0),
        (["Gói hàng của tôi ở đâu?", "Tôi muốn hủy đơn hàng."], 0.0, 0.0),
        (["আমার পার্সেল কোথায়?"], 0.0, 0.0),
        (["मेरा पार्सल कहाँ है?", "मैं ऑर्डर रद्द करना चाहता हूँ।"], 0.0, 0.09),
        (["Де моя посилка?", "Їжак і ґанок є"], 0.0, 0.09),
        (["میرا پارسل کہاں ہے؟", "کیا میں کارڈ سے ادائیگی کر سکتا ہوں؟"], 0.0, 0.09),
        (["제 소포는 어디에 있나요?", "주문을 취소하고 싶어요."], 0.0, 0.09),
        ([""], 0.0, 0.0),
    ],
)
def test_how_much_of_a_language_the_english_vocabulary_lacks(
    tokenizer: Any, texts: list[str], least: float, most: float
) -> None:
    """What docs/languages.md says can be taught, and what not: a question mark of a script's own counts for nothing."""
    share = new_share(texts, new_tokens(texts, tokenizer, at_least=2), tokenizer)
    assert least <= share <= most


def test_a_word_is_spelled_by_the_ids_of_its_characters() -> None:
    assert spelled(["快", "递", "快递"], 10) == {12: [10, 14], 15: [13, 14]}


def test_chinese_characters_stay_together(tokenizer: Any) -> None:
    assert normalise(["我的 App坏了"], tokenizer) == ["我的 app坏了"]
