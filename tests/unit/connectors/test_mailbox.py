"""What the mailbox promises: each reply to the one who asked for it, and nothing kept for who left."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bot.errors import OverloadedError
from bot.types import Action, ConversationKey, Message, Outcome, Reason, Reply
from connectors.mailbox import Mailbox


def message(id_: str) -> Message:
    return Message(
        id=id_, conversation=ConversationKey(channel="ask", thread=id_), text="?", at=datetime(2025, 3, 1, tzinfo=UTC)
    )


def reply_to(asked: Message, text: str = "") -> Reply:
    return Reply(
        id=f"r-{asked.id}",
        conversation=asked.conversation,
        in_reply_to=asked.id,
        text=text or f"answer {asked.id}",
        action=Action.ANSWER,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )


class Later:
    """Accepts messages and answers them when told to."""

    def __init__(self) -> None:
        self.accepted: dict[str, Message] = {}
        self.changed = asyncio.Event()

    async def submit(self, message: Message) -> Outcome:
        self.accepted[message.id] = message
        self.changed.set()
        return Outcome.ACCEPTED

    async def has(self, count: int) -> None:
        while len(self.accepted) < count:
            self.changed.clear()
            await self.changed.wait()


def test_its_name_is_the_channel() -> None:
    assert (Mailbox().name, Mailbox("ask").name) == ("mailbox", "ask")


async def test_a_reply_that_comes_before_submitting_ends_is_not_missed() -> None:
    mailbox = Mailbox()

    async def submit(message: Message) -> Outcome:
        await mailbox.deliver(reply_to(message), again=False)
        return Outcome.ACCEPTED

    assert (await mailbox.ask(submit, message("1"))).text == "answer 1"


async def test_each_who_asked_gets_his_own_reply_in_whatever_order_they_come() -> None:
    mailbox, desk = Mailbox(), Later()
    asking = [asyncio.create_task(mailbox.ask(desk.submit, message(str(n)))) for n in range(5)]
    await desk.has(5)
    for n in (3, 0, 4, 1, 2):
        await mailbox.deliver(reply_to(desk.accepted[str(n)]), again=False)
    assert [reply.in_reply_to for reply in await asyncio.gather(*asking)] == ["0", "1", "2", "3", "4"]


async def test_of_two_deliveries_the_first_counts() -> None:
    mailbox, desk = Mailbox(), Later()
    asking = asyncio.create_task(mailbox.ask(desk.submit, message("1")))
    await desk.has(1)
    await mailbox.deliver(reply_to(message("1"), "first"), again=False)
    await mailbox.deliver(reply_to(message("1"), "second"), again=False)
    assert (await asking).text == "first"
    await mailbox.deliver(reply_to(message("1"), "third"), again=False)


async def test_a_reply_nobody_waits_for_counts_as_delivered() -> None:
    mailbox, desk = Mailbox(), Later()
    await mailbox.deliver(reply_to(message("never asked")), again=False)
    asking = asyncio.create_task(mailbox.ask(desk.submit, message("1")))
    await desk.has(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await mailbox.deliver(reply_to(message("1")), again=False)


async def test_a_refusal_reaches_who_asked_and_he_may_ask_again() -> None:
    mailbox, desk = Mailbox(), Later()

    async def refuse(message: Message) -> Outcome:
        raise OverloadedError

    with pytest.raises(OverloadedError):
        await mailbox.ask(refuse, message("1"))
    asking = asyncio.create_task(mailbox.ask(desk.submit, message("1")))
    await desk.has(1)
    await mailbox.deliver(reply_to(message("1")), again=False)
    assert (await asking).text == "answer 1"


async def test_who_asked_is_shown_what_is_written_before_the_reply() -> None:
    mailbox, desk = Mailbox(), Later()
    shown = list[str]()
    asking = asyncio.create_task(mailbox.ask(desk.submit, message("1"), shown.append))
    await desk.has(1)
    await mailbox.preview(message("2"), "for somebody else")
    await mailbox.preview(message("1"), "One.")
    await mailbox.preview(message("1"), "One. Two.")
    await mailbox.deliver(reply_to(message("1")), again=False)
    assert (await asking).text == "answer 1"
    await mailbox.preview(message("1"), "too late")
    assert shown == ["One.", "One. Two."]
