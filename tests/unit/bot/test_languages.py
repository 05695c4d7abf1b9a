"""What is promised of languages: their names, and when a text is plainly English or Chinese."""

from __future__ import annotations

import pytest

from bot.languages import is_plain, name_of


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("en", "English", "英文"),
        ("zh", "Chinese", "中文"),
        ("fr", "French", "法文"),
        ("ja", "Japanese", "日文"),
        ("pt", "Portuguese", "葡萄牙文"),
        ("tlh", "tlh", "tlh"),
    ],
)
def test_a_language_is_called_by_its_name_in_the_language_that_is_spoken(code: str, english: str, chinese: str) -> None:
    assert (name_of(code, "en"), name_of(code, "zh")) == (english, chinese)
    assert name_of(code, "fr") == english, "there are no names in further languages"


@pytest.mark.parametrize(
    "text",
    [
        "Do you repair bicycles?",
        "WHERE is it",
        "my lamp doesn’t work",
        "Is the café table in stock?",
        "你们修自行车吗",
        "優の良品還有貨嗎",
        "ipad保修多久",
    ],
)
def test_english_and_chinese_are_known_by_their_words_and_characters(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "Réparez-vous les vélos électriques ?",
        "on me dit quoi, reparez vous le velo",
        "Wann kommt die Lieferung an, was kostet sie und will man sie in Bar zahlen?",
        "¿Me envían el paquete a casa?",
        "Como faço para devolver o produto do site?",
        "Is het pakket of de doos al onderweg, want we hebben haast",
        "Hvad koster levering for at få den i dag?",
        "Nu are stoc?",
        "返品はできますか？",
        "ノートパソコン返品",
        "반품할 수 있나요?",
        "Можно вернуть товар?",
        "lampe",
        "",
    ],
)
def test_what_may_well_be_another_language_is_not_plain(text: str) -> None:
    assert not is_plain(text)
