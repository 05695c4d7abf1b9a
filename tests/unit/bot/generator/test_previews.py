"""What is shown of a reply while a model writes it: whole sentences that the entries carry, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.composer import VerbatimComposer
from bot.generator.composer import GeneratedComposer
from bot.generator.draft import SENTENCE
from bot.generator.turns import Turns
from bot.lock import Evidence, checked
from bot.saying import Composed, Saying
from bot.types import Author
from retrieval.text import detect_language
from tests.unit.bot.generator.model import composer, dropping, event, hanging, running
from tests.unit.bot.generator.test_composer import ANSWERS, asks, entry

ENTRY = entry(answer="We refund within 14 days of the return. Returns are free. The label is in the parcel.")
FREE, LABEL, REFUND = "Returns are free. ", "The label is in the parcel. ", "We refund within 14 days. "
COURTESY, FALSE = "Let me know if you have other questions. ", "The refund takes 30 days. "


class Pieces:
    """A model that writes given pieces, without a pause; knows how many were taken."""

    def __init__(self, pieces: Sequence[str], *, deadline: float = 60.0) -> None:
        self._pieces = pieces
        self._turns = Turns(at_once=1, deadline=deadline)
        self.taken = 0

    @asynccontextmanager
    async def asked(self, messages: Sequence[dict[str, str]]) -> AsyncIterator[AsyncIterator[str]]:
        async def pieces() -> AsyncIterator[str]:
            for piece in self._pieces:
                self.taken += 1
                yield piece

        async with self._turns.turn():
            yield pieces()


async def shown(pieces: Sequence[str], said: Saying | None = None) -> tuple[list[str], Composed]:
    """Return what was released, in order, and the reply."""
    model, released = Pieces(pieces), list[str]()
    writing = GeneratedComposer(VerbatimComposer(), lambda: model)
    return released, await writing.compose(said or asks(ENTRY), released.append)


async def test_each_sentence_is_shown_as_soon_as_it_is_known_where_it_ends() -> None:
    released, composed = await shown([FREE, "The la", "bel is in the parcel.", " ", "We refund within 14 days."])
    assert released == ["Returns are free.", "Returns are free. The label is in the parcel."]
    assert composed.text == f"{released[-1]} We refund within 14 days."


async def test_it_is_shown_while_the_model_is_still_writing() -> None:
    async with running(hanging(event(f"{FREE}The label"))) as model:
        released: asyncio.Queue[str] = asyncio.Queue()
        reply = asyncio.create_task(composer(model).compose(asks(ENTRY), released.put_nowait))
        assert await released.get() == "Returns are free."
        assert not reply.done()
        reply.cancel()


async def test_a_sentence_that_stands_nowhere_is_never_shown() -> None:
    released, composed = await shown([FREE, LABEL, FALSE, REFUND, "."])
    assert released == ["Returns are free.", f"{FREE}The label is in the parcel.", f"{FREE}{LABEL}{REFUND}".strip()]
    assert [removed.text for removed in composed.writing.removed] == [FALSE.strip()]


@pytest.mark.parametrize(
    "pieces",
    [
        ["NONE"],
        ["NO", "NE", ".", "\n", FREE, LABEL],
        ["We refund within 30 days. ", REFUND, FREE],
        [COURTESY, "Thank you! ", "You're welcome! "],
        [f"{ANSWERS['zh']}", "我们 14 天内退款。", "。"],
        ["\x07 ", FREE, LABEL],
    ],
)
async def test_of_what_cannot_become_a_reply_nothing_is_shown(pieces: list[str]) -> None:
    released, composed = await shown(pieces, asks(entry(answer=f"{ENTRY.answer} {ANSWERS['zh']}")))
    assert released == []
    assert composed.writing.by is Author.VERBATIM


async def test_an_english_sentence_is_not_shown_to_who_asked_in_chinese() -> None:
    chosen = entry("zh", answer=f"{ANSWERS['en']} {ANSWERS['zh']}")
    released, _ = await shown([f"{ANSWERS['en']} ", "Thank you! ", "Thanks"], asks(chosen, language="zh"))
    assert released == []
    released, _ = await shown([ANSWERS["zh"], "谢谢！"], asks(chosen, language="zh"))
    assert released == [ANSWERS["zh"]]


async def test_a_courtesy_waits_for_something_that_is_stated() -> None:
    released, _ = await shown(["You're welcome! ", FREE, "Bye"])
    assert released == ["You're welcome! Returns are free."]


async def test_while_too_much_was_taken_out_no_more_is_shown() -> None:
    released, _ = await shown([FREE, FALSE, COURTESY, LABEL, REFUND])
    assert released == ["Returns are free.", f"{FREE}{COURTESY}{LABEL}".strip()]


async def test_of_two_answers_nothing_is_shown_before_both_are_spoken_of() -> None:
    said = asks(ENTRY, entry(id_="pay", question="How can I pay?", answer="We take Visa and PayPal."))
    released, composed = await shown([FREE, "We take Visa and PayPal. ", REFUND], said)
    assert released == [f"{FREE}We take Visa and PayPal."]
    assert composed.text.startswith(released[0])


async def test_that_the_other_question_is_handed_over_is_said_in_the_reply_alone() -> None:
    said = asks(ENTRY, open_question="do you ship to the moon")
    released, composed = await shown([FREE, REFUND], said)
    assert released == ["Returns are free."]
    assert "moon" in composed.text


async def test_where_the_model_dies_in_the_middle_the_entry_is_the_reply() -> None:
    released = list[str]()
    async with running(dropping(event(f"{FREE}The label"))) as model:
        composed = await composer(model).compose(asks(ENTRY), released.append)
    assert released == ["Returns are free."]
    assert (composed.text, composed.writing.why) == (ENTRY.answer, "unreachable")


@pytest.mark.parametrize("again", ["a", " ", "x. ", "1:", "我"])
async def test_a_sentence_without_an_end_is_not_read_for_longer_than_one_may_be(again: str) -> None:
    model = Pieces(list(again * 700))
    composed = await GeneratedComposer(VerbatimComposer(), lambda: model).compose(asks(ENTRY))
    assert (composed.writing.why, model.taken) == ("too_long", SENTENCE + 1)


async def test_at_the_deadline_the_model_is_left_in_the_middle_of_what_has_come_already() -> None:
    model = Pieces(list(FREE + LABEL), deadline=0)
    composed = await GeneratedComposer(VerbatimComposer(), lambda: model).compose(asks(ENTRY))
    assert composed.writing.why == "timeout"
    assert model.taken < 5


async def test_a_reply_is_cancelled_in_the_middle_of_what_has_come_already() -> None:
    model = Pieces(list(FREE + LABEL))
    reply = asyncio.create_task(GeneratedComposer(VerbatimComposer(), lambda: model).compose(asks(ENTRY)))
    await asyncio.sleep(0)
    reply.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reply
    assert model.taken < 5


async def test_the_prompt_is_with_the_reply_for_who_looks_on_and_tells_no_two_apart() -> None:
    async with running(hanging(event(FALSE + FREE))) as model:
        composed = await composer(model).compose(asks(ENTRY))
        ((system, user),) = model.asked
    assert composed.writing.why == "unsupported"
    assert composed.writing.prompt == (("system", system["content"]), ("user", user["content"]))
    assert "Returns are free" not in repr(composed.writing)


@given(
    sentences=st.lists(
        st.sampled_from([FREE, LABEL, REFUND, COURTESY, FALSE, "NONE. ", f"{ANSWERS['zh']} "]), max_size=7
    ),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_pieces_what_is_shown_grows_and_stands_in_the_entries(
    sentences: list[str], cuts: list[int]
) -> None:
    text = "".join(sentences)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    released, composed = asyncio.run(shown([text[start:end] for start, end in pairwise(places)]))
    evidence = Evidence.of([(ENTRY.id, f"{ENTRY.question}\n{ENTRY.answer}")])
    for one in released:
        found = checked(one, evidence)
        assert all(sentence.supported for sentence in found)
        assert any(sentence.passages for sentence in found)
        assert detect_language(one) == "en"
    said = [*released, composed.text] if composed.writing.by is Author.GENERATOR else released
    assert all(later.startswith(earlier) for earlier, later in pairwise(said))
