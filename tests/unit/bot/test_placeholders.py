"""What is promised of answers with places in them: filled by what the customer named, or not sent at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.placeholders import filled, places
from bot.types import Candidate, Entity, Understanding


def candidate(answer: str, question: str = "Where is it?") -> Candidate:
    return Candidate(id="a", confidence=0.9, source="knowledge", question=question, answer=answer, language="en")


def named(**values: str | Sequence[str]) -> Understanding:
    """Return what a message named: values by type."""
    pairs = [(kind, text) for kind, texts in values.items() for text in ([texts] if isinstance(texts, str) else texts)]
    return Understanding(entities=tuple(Entity(type=kind, text=text, start=0, end=len(text)) for kind, text in pairs))


def text_of(answer: str, *understood: Understanding) -> str | None:
    done = filled(candidate(answer), understood)
    return done.answer if done else None


NOTHING = Understanding()
FILLED = [
    pytest.param("Order {order}.", [named(order="A-1")], "Order A-1.", id="from the message"),
    pytest.param("Order { order }.", [named(order="A-1")], "Order A-1.", id="with blanks"),
    pytest.param("{order}, {order}!", [named(order="A-1")], "A-1, A-1!", id="twice"),
    pytest.param("{a} and {b}", [named(a="1"), named(b="2", a="0")], "1 and 2", id="each from the newest that has it"),
    pytest.param("{order}", [NOTHING, NOTHING, named(order="A-1")], "A-1", id="from long ago"),
    pytest.param("{order}", [named(order=["A-1", "A-1"])], "A-1", id="named twice"),
    pytest.param("{订单号}", [named(订单号="7")], "7", id="in Chinese"),
    pytest.param(
        "{order}", [named(order="{name}"), named(name="Eve")], "{name}", id="what a customer types is no place"
    ),
    pytest.param("f(x) = {x > 0}, {}, {1}", [NOTHING], "f(x) = {x > 0}, {}, {1}", id="other braces stay"),
    pytest.param("{order}", [], None, id="nothing said"),
    pytest.param("{order}", [named(phone="1")], None, id="something else said"),
    pytest.param("{order} {name}", [named(order="A-1")], None, id="half filled"),
    pytest.param("{order}", [named(order=["A-1", "A-2"])], None, id="which of two"),
    pytest.param("{order}", [named(order=["A-1", "A-2"]), named(order="A-1")], None, id="which of the newest two"),
    pytest.param("Dear {{name}}", [named(name="Eve")], None, id="of another program"),
    pytest.param("{{Order Number}}", [NOTHING], None, id="of another program, in words"),
]


@pytest.mark.parametrize(("answer", "understood", "said"), FILLED)
def test_an_answer_is_filled_or_not_sent(answer: str, understood: list[Understanding], said: str | None) -> None:
    assert text_of(answer, *understood) == said


def test_a_question_that_is_offered_is_filled_too() -> None:
    asked = candidate("It is on its way.", question="Where is {order}?")
    done = filled(asked, [named(order="A-1")])
    assert done is not None
    assert done.question == "Where is A-1?"
    assert filled(asked, [NOTHING]) is None


kinds = st.sampled_from(["order", "name", "phone"])
messages = st.lists(
    st.dictionaries(kinds, st.text("ab1-", min_size=1, max_size=4)).map(lambda d: named(**d)), max_size=3
)
answers = st.lists(st.one_of(kinds.map("{{{}}}".format), st.text("ab {}", max_size=6)), max_size=5).map("".join)


@given(answers, messages)
@example("{a{order}}", [named(order="1")])
def test_what_is_sent_has_no_place_left(answer: str, understood: list[Understanding]) -> None:
    said = text_of(answer, *understood)
    if said is not None:
        assert "{{" not in answer
        assert not places(said)
        assert places(answer) <= {entity.type for u in understood for entity in u.entities}


@given(st.text(st.characters(exclude_characters="{"), max_size=50), messages)
def test_an_answer_without_places_stays_word_for_word(answer: str, understood: list[Understanding]) -> None:
    assert filled(candidate(answer), understood) == candidate(answer)
