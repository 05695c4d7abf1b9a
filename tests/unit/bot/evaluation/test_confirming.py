"""What a customer says after an answer: whether it helped, or more is wanted."""

from __future__ import annotations

import pytest

from bot.evaluation.confirming import confirms, wants_more


@pytest.mark.parametrize(
    "text",
    [
        *("thanks", "Thank you so much!", "ok", "yes", "ok thx", "perfect, bye!", "done, it says cancelled. thank you"),
        *("paypal went thru. bye", "alright ill be patient", "that did it", "it works now", "👍", "Great, thank you!"),
        *(
            "好的谢谢",
            "谢谢！",
            "好的",
            "明白了，谢谢回复。",
            "吓死我了 谢谢",
            "好 那我去凑凑单",
            "解决了",
            "收到",
            "嗯嗯好",
        ),
    ],
)
def test_thanks_and_a_yes_confirm(text: str) -> None:
    assert confirms(text)
    assert not wants_more(text)


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No!", "nope", "thanks, but it still does not work", "ok, and how do I pay?", "thanks for nothing"),
        *(
            "that is not what I asked",
            "it didn't work",
            "where is it",
            "不行",
            "没有",
            "谢谢，但是还是不行",
            "好的，那怎么退？",
        ),
    ],
)
def test_what_asks_on_or_denies_confirms_nothing(text: str) -> None:
    assert not confirms(text)
    assert wants_more(text)


@pytest.mark.parametrize("text", ["hello", "are you a bot", "LB-2048817", "", "🙁", "it is the blue one"])
def test_what_says_neither_confirms_nothing(text: str) -> None:
    assert not confirms(text)
