"""What `kefu train generator` gives to training: the words in which the bot asks, and who looks at what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cli.adapt import as_served, judged
from bot.generator.prompt import NONE
from finetune.generator.examples import Example
from finetune.generator.figures import Written
from finetune.generator.pairs import Pair
from retrieval.types import Passage

PASSAGE = Passage(id="ship", question="How long is delivery?", answer="Delivery takes 3 days.", language="en")
PAIR = Pair(text="when does it come", answer=PASSAGE.answer, language="en", passages=(PASSAGE,))


def written(text: str) -> Written:
    example = Example(pair=PAIR, passages=(PASSAGE,), wanted=PAIR.answer, declines=False)
    return Written(example=example, text=text, sure=0.5, declines=False)


def test_a_generator_is_trained_in_the_words_in_which_the_bot_asks_it() -> None:
    prompt = as_served()
    system, user = prompt.messages(PAIR.text, PAIR.passages, "en")
    assert NONE in system["content"]
    assert PASSAGE.answer in user["content"]
    assert PAIR.text in user["content"]
    assert prompt.declined("en") == prompt.declined("zh") == NONE
    assert prompt.messages("何时到", PAIR.passages, "zh")[0] != system
    assert PASSAGE.answer not in prompt.messages(PAIR.text, (), "en")[1]["content"]


@pytest.mark.parametrize(
    ("text", "supported", "near", "sent"),
    [
        (PASSAGE.answer, 1.0, True, True),
        ("Delivery takes 3 days. It costs 20 euros.", 0.5, True, False),
        ("Delivery takes 9 days.", 0.0, True, False),
        ("Delivery takes 3 days. Delivery takes 3 days.", 1.0, True, False),
        ("...", 0.0, False, False),
        ("", 0.0, False, False),
    ],
)
def test_what_it_writes_is_held_against_passages_and_people(
    text: str, supported: float, near: bool, sent: bool
) -> None:
    figures = judged([written(text)])
    assert figures["supported"] == [supported]
    assert (figures["chrf"][0] > 0.5) is near
    assert (figures["rouge_l"][0] > 0.4) is near
    assert figures["sent"] == [sent]
    assert figures["chrf_served"] == [1.0]  # what is not sent is quoted


def test_what_customers_would_get_of_a_shorter_text_is_nearer_to_a_shorter_answer() -> None:
    long = replace(PASSAGE, answer="Delivery takes 3 days. Ask us whatever you want to know about our delivery.")
    example = Example(pair=replace(PAIR, passages=(long,)), passages=(long,), wanted=PAIR.answer, declines=False)
    quoted, short = (
        judged([Written(example=example, text=text, sure=0.5, declines=False)])["chrf_served"][0]
        for text in (long.answer, PAIR.answer)
    )
    assert quoted < 0.9 < short
