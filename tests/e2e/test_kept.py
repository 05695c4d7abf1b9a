"""The commands that look into what `kefu serve` keeps: of a folder in which nobody served they say so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store.sql import SqlStore
from bot.types import ConversationKey, Message
from tests.e2e.command import Desk


@pytest.mark.parametrize(
    "arguments",
    [
        ("outbox", "list"),
        ("outbox", "resend", "--all"),
        ("explain", "--last", "1"),
        ("outcomes",),
        ("forget", "anna", "--yes"),
    ],
    ids=" ".join,
)
def test_where_nothing_is_kept_that_is_told_and_nothing_is_begun(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    desk = Desk(tmp_path)
    ran = desk.run(*arguments)
    assert (ran.code, ran.out) == (3, "")
    assert f"{desk.state / 'kefu.db'}: there is no such file." in ran.err
    assert "Traceback" not in ran.err
    assert not desk.state.exists()


def test_a_customer_is_forgotten_and_a_channel_that_is_none_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    async def said() -> None:
        async with SqlStore.open(f"sqlite:///{desk.state / 'kefu.db'}") as store:
            key = ConversationKey(channel="telegram", thread="555")
            await store.accept(Message(id="1", conversation=key, text="hello", at=datetime.now(UTC), customer="555"))

    asyncio.run(said())
    ran = desk.run("forget", "555", "--channel", "telegramm", "--yes")
    assert ran.code == 1
    assert "No channel of kefu serve is called telegramm: there are api, generic, " in ran.err
    ran = desk.run("forget", "555", "--channel", "telegram", "--yes")
    assert (ran.code, ran.out, ran.err) == (0, "1 conversation is deleted.\n", "")
    ran = desk.run("forget", "555", "--channel", "telegram", "--yes")
    assert (ran.code, ran.err) == (1, "")
