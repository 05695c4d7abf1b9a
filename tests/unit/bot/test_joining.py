"""How long messages wait for each other, and which are answered as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.joining import ENDED, LONGEST, OPEN, SHORT, TOGETHER, due, joined, ready, together, wait_after, without
from bot.types import Conversation, ConversationKey, Message, Speaker, Turn

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ANNA = ConversationKey(channel="chat", thread="anna")

texts = st.text(max_size=2 * SHORT)
#: Texts and the seconds between each and the one before.
typed = st.lists(st.tuples(texts, st.floats(0, 10)), min_size=1, max_size=12)


def messages_of(*said: str) -> list[Message]:
    return [
        Message(id=str(number), conversation=ANNA, text=text, at=NOON + timedelta(seconds=number))
        for number, text in enumerate(said)
    ]


# --- how long one waits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("my order", OPEN),
        ("我的订单", OPEN),
        ("Where is it?", ENDED),
        ("在哪里？ ", ENDED),
        ("well…", ENDED),
        ("", OPEN),
        ("x" * SHORT, OPEN),
        ("x" * (SHORT + 1), timedelta()),
        (" " * 100 + "hi.", ENDED),
    ],
)
def test_what_ends_like_a_sentence_waits_less_and_a_long_message_does_not_wait(text: str, wait: timedelta) -> None:
    assert wait_after(text) == wait


@given(typed)
def test_an_answer_is_due_after_the_last_message_but_never_later_than_the_longest_after_the_first(
    said: list[tuple[str, float]],
) -> None:
    moments = [NOON + timedelta(seconds=seconds) for seconds in accumulate(wait for _, wait in said)]
    first = moments[0]
    for (text, _), now in zip(said, moments, strict=True):
        at = due(first, now, text)
        assert at <= first + LONGEST
        assert at == first + LONGEST or at - now == wait_after(text) <= OPEN


# --- which are answered as one ------------------------------------------------------------------------------------


@given(st.lists(texts, max_size=12))
def test_those_answered_as_one_are_the_first_and_at_least_one(said: list[str]) -> None:
    messages = messages_of(*said)
    some = together(messages)
    assert list(some) == messages[: len(some)]
    assert bool(some) == bool(messages)
    assert len(some) <= 1 or sum(len(one.text) for one in some) <= TOGETHER
    assert all(len(one.text.strip()) <= SHORT for one in some[:-1]), "only the last may be long"


@given(st.lists(texts, max_size=12))
def test_every_message_is_answered_by_and_by_in_its_order(said: list[str]) -> None:
    messages, answered = messages_of(*said), []
    while left := messages[len(answered) :]:
        answered += together(left)
    assert answered == messages


@given(st.lists(st.tuples(texts, st.sampled_from([None, -1, 0, 1])), max_size=8))
def test_what_is_ready_joins_throughout_is_due_and_is_one_where_it_stands_for_itself(
    said: list[tuple[str, int | None]],
) -> None:
    messages = messages_of(*(text for text, _ in said))
    until = [None if seconds is None else NOON + timedelta(seconds=seconds) for _, seconds in said]
    count = ready(messages, until, NOON)
    if not messages:
        assert count == 0
    elif until[0] is None:
        assert count == 1
    elif until[0] > NOON:
        assert count == 0
    else:
        assert count >= 1
        assert None not in until[:count]


# --- what they say together ---------------------------------------------------------------------------------------


@given(st.lists(texts, min_size=1, max_size=6))
def test_a_joined_message_says_what_all_say_in_their_order(said: list[str]) -> None:
    messages = messages_of(*said)
    whole = joined(messages)
    assert whole.text == "\n".join(text.strip() for text in said if text.strip())
    place = 0
    for text in said:
        place = whole.text.index(text.strip(), place) + len(text.strip())
    assert replace(whole, text="") == replace(messages[-1], text="")


def test_a_joined_message_has_the_files_of_all() -> None:
    first, second, third = messages_of("this", "and", "this")
    some = (replace(first, attachments=("a.jpg",)), second, replace(third, attachments=("b.jpg", "c.jpg")))
    assert joined(some).attachments == ("a.jpg", "b.jpg", "c.jpg")


def test_a_message_alone_is_itself_but_for_blanks_around_it() -> None:
    (message,) = messages_of(" hello\n")
    assert joined([message]) == replace(message, text="hello")


# --- what was said before them ------------------------------------------------------------------------------------


def test_messages_answered_with_a_later_one_were_not_said_before_it() -> None:
    first, second, third = messages_of("hi", "my order", "where is it?")
    reply = Turn(speaker=Speaker.BOT, text="Hello.", at=NOON, id="1")
    turns = (Turn.saying(first), reply, Turn.saying(second), Turn.saying(third))
    conversation = Conversation(key=ANNA, turns=turns, language="en")
    left = without(conversation, [second])
    assert left == replace(conversation, turns=(Turn.saying(first), reply, Turn.saying(third)))
    assert without(conversation, []) is conversation
