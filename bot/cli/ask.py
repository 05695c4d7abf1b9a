"""`kefu ask`: one reply, or one for each row of a file."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import (
    ConfigOption,
    FaqOption,
    JsonOption,
    StateOption,
    print_json,
    read_lines,
    settings_from,
)
from bot.cli.knowledge import open_knowledge
from bot.errors import OverloadedError, UsageError
from bot.types import Action, Author, ConversationKey, Message, Reply
from connectors.reply_json import reply_json
from connectors.terminal.clean import clean
from connectors.terminal.words import words

if TYPE_CHECKING:
    from bot.app import Bot
    from connectors.mailbox import Mailbox


def ask(
    text: Annotated[
        list[str] | None,
        typer.Argument(help='The question; several words are put together, "-" reads the standard input.'),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option("--batch", help='JSONL file with {"id", "text"} rows, "-" for standard input.')
    ] = None,
    json_output: JsonOption = False,
    config: ConfigOption = None,
    faq: FaqOption = None,
    state: StateOption = None,
) -> None:
    """Ask one question and print the reply; --batch prints one JSON reply a line, in order."""
    question = (sys.stdin.read() if text == ["-"] else " ".join(text or ())).strip()
    if bool(question) == bool(batch):
        raise UsageError("Give a question, or a file with --batch.")
    rows = _rows(batch) if batch else [("", question)]
    settings = settings_from(config, faq, state, knowledge__watch=False)
    from bot.app import running
    from connectors.mailbox import Mailbox

    library, index = open_knowledge(settings)

    async def talk() -> None:
        mailbox = Mailbox("ask")
        async with running(settings, library, index, promotions=False) as bot:
            bot.connect(mailbox)
            async with aclosing(_replies(bot, mailbox, rows, settings.dispatcher.concurrency)) as replies:
                async for name, reply in replies:
                    if batch:
                        typer.echo(json.dumps(reply_json(reply, name=name), ensure_ascii=False))
                    elif json_output:
                        print_json(reply_json(reply))
                    else:
                        typer.echo(_plain(reply))

    asyncio.run(talk())


def _rows(path: Path) -> list[tuple[str, str]]:
    rows = []
    for number, row in read_lines(path):
        if not isinstance(row.get("text"), str):
            raise UsageError(f'{path}:{number}: field "text": expected a string, found {_kind(row.get("text"))}.')
        rows.append((str(row.get("id", number)), row["text"]))
    return rows


async def _replies(
    bot: Bot, mailbox: Mailbox, rows: list[tuple[str, str]], concurrency: int
) -> AsyncGenerator[tuple[str, Reply], None]:
    """Yield the replies in the order of the rows, while up to ``concurrency`` are worked on."""
    under_way: deque[tuple[str, asyncio.Task[Reply]]] = deque()
    try:
        for name, text in rows:
            if len(under_way) >= concurrency:
                first, task = under_way.popleft()
                yield first, await task
            key = uuid.uuid4().hex
            message = Message(
                id=key, conversation=ConversationKey(channel=mailbox.name, thread=key), text=text, at=datetime.now(UTC)
            )
            under_way.append((name, asyncio.create_task(_reply(bot, mailbox, message))))
        while under_way:
            first, task = under_way.popleft()
            yield first, await task
    finally:
        # Whoever reads the output may have enough.
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


async def _reply(bot: Bot, mailbox: Mailbox, message: Message) -> Reply:
    """Ask; where fewer may wait than are worked on, that is tried again instead of losing the row."""
    while True:
        try:
            return await mailbox.ask(bot.submit, message)
        except OverloadedError:
            await asyncio.sleep(0.01)


def _plain(reply: Reply) -> str:
    lines = [clean(reply.text)]
    if reply.action is Action.ANSWER:
        for citation in reply.citations:
            url = f"  {citation.url}" if citation.url else ""
            lines.append(clean(f"  [{citation.id}] {citation.question}{url}"))
        lines.append(f"  confidence {reply.confidence:.0%}")
    if reply.writing.by is Author.GENERATOR:
        lines.append("  written by a language model")
    elif why := reply.writing.why:
        lines.append(f"  quoted instead of written: {why} ({words('en').whys.get(why, why)})")
    return "\n".join(lines)


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__
