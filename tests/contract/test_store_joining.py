"""What every store promises of messages that wait for others, to be answered as one."""

from __future__ import annotations

import pytest

from bot.joining import ENDED, LONGEST, OPEN, SHORT
from bot.ports import Store
from bot.types import Conversation, Message, Owner
from bot.work import Taken, Work
from tests.contract.conftest import COMES_TO, Clock
from tests.contract.test_store import ANNA, BORIS, message, on_their_way, reply_to

ENDED_AFTER, OPEN_AFTER, LONGEST_AFTER = (span.total_seconds() for span in (ENDED, OPEN, LONGEST))
#: Less than any wait.
MOMENT = 0.001


async def says(store: Store, *texts: str, at: int = 1) -> list[Message]:
    """Have Anna write messages that join, numbered from ``at``."""
    said = [message(str(number), text=text) for number, text in enumerate(texts, start=at)]
    assert all([await store.accept(one, joins=True) for one in said])
    return said


async def ready(store: Store) -> int:
    """Return how many of Anna's messages are to be answered as one; whoever takes is told the same."""
    work, taken = await store.work(ANNA), await store.take(10)
    assert taken.waiting == len(work.messages)
    assert taken.conversations == ((ANNA,) if work.ready else ())
    await store.release(ANNA)
    return work.ready


@pytest.mark.parametrize(
    ("text", "wait"), [("where is my order", OPEN_AFTER), ("Where is it?", ENDED_AFTER), ("你好。", ENDED_AFTER)]
)
async def test_a_short_message_waits_for_as_long_as_its_end_says(
    store: Store, clock: Clock, text: str, wait: float
) -> None:
    await says(store, text)
    clock.forward(wait - MOMENT)
    assert await ready(store) == 0
    clock.forward(MOMENT)
    assert await ready(store) == 1


async def test_each_message_puts_off_the_answer_to_all_of_them(store: Store, clock: Clock) -> None:
    await says(store, "hi")
    clock.forward(OPEN_AFTER - MOMENT)
    await says(store, "my order", at=2)
    clock.forward(OPEN_AFTER - MOMENT)
    assert await ready(store) == 0
    clock.forward(MOMENT)
    assert await ready(store) == 2


async def test_none_waits_for_longer_than_the_longest_however_many_come(store: Store, clock: Clock) -> None:
    step, waited = OPEN_AFTER - MOMENT, 0.0
    await says(store, "and")
    count = 1
    while waited + step < LONGEST_AFTER:
        clock.forward(step)
        waited += step
        assert await ready(store) == 0
        count += 1
        await says(store, "and", at=count)
    clock.forward(LONGEST_AFTER - waited)
    assert await ready(store) == count


async def test_a_long_message_is_answered_at_once_with_what_led_to_it(store: Store) -> None:
    await says(store, "hi", "about my order", "it should have been here a week ago".ljust(SHORT + 1, "!"))
    assert await ready(store) == 3


async def test_what_comes_after_a_long_message_is_another_question(store: Store, clock: Clock) -> None:
    first, second = await says(store, "x" * (SHORT + 1), "and when?")
    clock.forward(ENDED_AFTER)
    assert await ready(store) == 1
    await store.finish(first, reply_to(first))
    await store.delivered((await store.outbox())[0])
    assert await store.unfinished() == [second]
    assert await ready(store) == 1


async def test_a_second_delivery_puts_nothing_off(store: Store, clock: Clock) -> None:
    await says(store, "hi")
    clock.forward(OPEN_AFTER - MOMENT)
    assert not await store.accept(message("1", text="hi"), joins=True)
    clock.forward(MOMENT)
    assert await ready(store) == 1


async def test_conversations_wait_each_for_itself(store: Store, clock: Clock) -> None:
    await store.accept(message("1", text="hi"), joins=True)
    clock.forward(OPEN_AFTER / 2)
    await store.accept(message("1", BORIS, text="hi"), joins=True)
    clock.forward(OPEN_AFTER / 2)
    assert await store.take(10) == Taken(conversations=(ANNA,), waiting=2)
    clock.forward(OPEN_AFTER / 2)
    assert await store.take(10) == Taken(conversations=(BORIS,), waiting=2)


async def test_messages_that_do_not_join_are_answered_one_by_one_and_at_once(store: Store) -> None:
    for number in ("1", "2"):
        await store.accept(message(number, text="hi"))
    assert await ready(store) == 1


async def test_a_message_that_does_not_join_ends_what_is_answered_together_and_waits_for_it(
    store: Store, clock: Clock
) -> None:
    await says(store, "hi", "you")
    await store.accept(message("3", text="alone"))
    await says(store, "again", at=4)
    assert await ready(store) == 0, "order is kept"
    clock.forward(OPEN_AFTER)
    for number in (2, 1, 1):
        assert await ready(store) == number
        some = (await store.work(ANNA)).messages[:number]
        assert await store.finish(some[-1], None, earlier=some[:-1])
    assert await store.unfinished() == []


@pytest.mark.parametrize("owner", [Owner.WAITING, Owner.HUMAN])
async def test_nothing_waits_where_a_person_has_the_case(store: Store, owner: Owner) -> None:
    await store.record(ANNA, COMES_TO[owner])
    await says(store, "hi")
    assert await ready(store) == 1


async def test_a_new_case_waits_like_the_first(store: Store, clock: Clock) -> None:
    await says(store, "hi")
    await store.record(ANNA, COMES_TO[Owner.CLOSED])
    clock.forward(10)
    await says(store, "and now", at=2)
    assert await ready(store) == 0
    clock.forward(OPEN_AFTER)
    assert await ready(store) == 1


async def test_a_reply_answers_earlier_messages_too(store: Store, clock: Clock) -> None:
    first, second, third = await says(store, "hi", "my order", "where is it?")
    clock.forward(LONGEST_AFTER)
    reply = reply_to(third)
    assert await store.finish(third, reply, earlier=[first, second])
    assert (await store.unfinished(), await on_their_way(store)) == ([], [reply])
    assert [turn.id for turn in (await store.conversation(ANNA)).turns] == ["1", "2", "3", reply.id]
    for one in (first, second, third):
        assert not await store.finish(one, reply_to(one)), "each is done"
        assert await store.answered(ANNA, one.id) == (True, None), "nothing was noted of how it came about"


async def test_a_reply_to_messages_of_which_the_last_is_done_changes_nothing(store: Store) -> None:
    first, second = await says(store, "hi", "my order")
    await store.finish(second, None)
    before = await store.conversation(ANNA)
    assert not await store.finish(second, reply_to(second), earlier=[first])
    assert await store.conversation(ANNA) == before
    assert (await store.unfinished(), await on_their_way(store)) == ([first], [])


async def test_silence_covers_earlier_messages_too(store: Store) -> None:
    first, second = await says(store, "hi", "my order")
    assert await store.finish(second, None, earlier=[first])
    assert await store.unfinished() == []


async def test_nothing_is_ready_in_a_conversation_that_is_not_known(store: Store) -> None:
    assert await store.work(ANNA) == Work(conversation=Conversation(key=ANNA))
