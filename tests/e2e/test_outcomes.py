"""`kefu outcomes`: what became of the cases that `kefu serve` keeps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.store.sql import SqlStore
from bot.types import Action, ConversationKey, Message, Reason, Reply, Speaker, Turn
from tests.e2e.command import Desk

DAY = timedelta(days=1)

#: Of messages.
NUMBERS = count(1)


async def says(store: SqlStore, at: datetime, where: str, text: str, action: Action = Action.ANSWER) -> None:
    """Have a customer write, and the bot reply; ``where`` is such as "web/anna"."""
    channel, thread = where.split("/")
    key = ConversationKey(channel=channel, thread=thread)
    message = Message(id=f"m{next(NUMBERS)}", conversation=key, text=text, at=at, customer=thread)
    reply = Reply(
        id=f"r-{message.id}",
        conversation=key,
        in_reply_to=message.id,
        text="Well.",
        action=action,
        reason=Reason.CONFIDENT,
        confidence=0.9,
        language="en",
    )
    await store.accept(message)
    await store.finish(message, reply)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk at which something was said two months ago, ten and nine days ago, and just now."""
    desk = Desk(tmp_path)
    desk.state.mkdir()
    today = datetime.now(UTC)

    async def fill() -> None:
        at = today
        async with SqlStore.open(f"sqlite:///{desk.state / 'kefu.db'}", clock=lambda: at) as store:
            at = today - 60 * DAY
            await says(store, at, "web/old", "Where is it?")
            at = today - 10 * DAY
            await says(store, at, "web/anna", "Where is it?")
            await says(store, at, "web/boris", "Where is it?", Action.CLARIFY)
            await says(store, at, "wechat/mei", "多久到？")
            await says(store, at, "wechat/mei", "谢谢", Action.SMALL_TALK)
            await says(store, at, "wechat/lee", "我要人工", Action.HAND_OFF)
            lee = ConversationKey(channel="wechat", thread="lee")
            await store.append(lee, Turn(speaker=Speaker.AGENT, text="您好", at=at))
            at = today - 9 * DAY
            await says(store, at, "web/anna", "It is still not here")
            at = today
            await says(store, at, "web/new", "Where is it?")

    asyncio.run(fill())
    return desk


def found(desk: Desk, *arguments: str) -> Any:
    return desk.run("outcomes", "--json", *arguments).json


def test_every_case_is_counted_once_by_channel_and_language(desk: Desk) -> None:
    month = found(desk)
    assert {name: one["n"] for name, one in month["outcomes"].items()} == {
        "confirmed": 1,
        "assumed": 1,
        "reopened": 1,
        "handed_over": 1,
        "abandoned": 1,
        "open": 1,
    }
    assert (month["cases"], month["days"], month["quiet_hours"], month["back_days"]) == (6, 30, 12, 7)
    assert month["lasted"]["n"] == 3
    assert {name: one["cases"] for name, one in month["slices"]["channel"].items()} == {"web": 4, "wechat": 2}
    assert {name: one["cases"] for name, one in month["slices"]["language"].items()} == {"en": 4, "zh": 2}
    assert found(desk, "--days", "90")["cases"] == 7
    assert found(desk, "--days", "3")["outcomes"]["open"]["share"]["mean"] == 1.0


def test_it_is_told_in_words(desk: Desk) -> None:
    ran = desk.run("outcomes")
    assert (ran.code, ran.err) == (0, "")
    assert "What became of 6 cases of the last 30 days" in ran.out
    assert "Of 3 answered cases that are 7 days old, 66.7% lasted" in ran.out
    assert "channel wechat" in ran.out
    ran = desk.run("outcomes", "--days", "0")
    assert ran.code == 2
