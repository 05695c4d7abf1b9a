"""Customers who write to a running bot, the whole way: dispatcher, responder, policy, mailbox."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.app import Bot, running
from bot.library import Library, Progress
from bot.settings import Knowledge, Settings, State
from bot.types import Action, ConversationKey, Message, Reply
from connectors.mailbox import Mailbox


class Customers:
    """Asks a bot, and waits for the replies."""

    def __init__(self, bot: Bot) -> None:
        """Connect a mailbox to ``bot``."""
        self._bot = bot
        self._mailbox = Mailbox()
        bot.connect(self._mailbox)

    async def ask(self, text: str, thread: str = "") -> Reply:
        """Return the reply to ``text`` in ``thread``, or in a conversation of its own.

        A conversation that was handed over goes back to the bot at once.
        """
        name = uuid.uuid4().hex
        key = ConversationKey(channel=self._mailbox.name, thread=thread or name)
        message = Message(id=name, conversation=key, text=text, at=datetime.now(UTC))
        reply = await self._mailbox.ask(self._bot.submit, message)
        if thread and reply.action is Action.HAND_OFF:
            await self._bot.hand_back(key)
        return reply


@asynccontextmanager
async def warm_bot(faq: Path, state: Path, first: Sequence[str]) -> AsyncIterator[Bot]:
    """Run a bot on the entries of ``faq``, with its index in ``state``; its first replies are to ``first``."""
    settings = Settings(knowledge=Knowledge(sources=(faq,), watch=False), state=State(folder=state))
    library = Library.load(settings, Progress())
    index, _ = library.index(settings, Progress())
    async with running(settings, library, index) as bot:
        customers = Customers(bot)
        for text in first:  # threads, tables and caches are made at the first questions
            await customers.ask(text)
        yield bot
