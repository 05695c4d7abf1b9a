"""The conversation behind the terminal: what is sent to the desk, what came back, and what counts as a command."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from bot.ports import Released, unseen
from bot.types import Action, ConversationKey, Message, Outcome, Reply
from connectors.mailbox import Mailbox
from connectors.terminal.words import words

#: Longer messages are refused, in characters.
MESSAGE_LIMIT = 4_000
#: What `/lang` takes, and the language it stands for (None: each reply in the language of its question).
LANGUAGES: dict[str, str | None] = {"en": "en", "zh": "zh", "auto": None}

_COMMAND = re.compile(r"/([A-Za-z]+)(?:\s+(.*))?", re.DOTALL)


class Desk(Protocol):
    """What the terminal needs of the application."""

    async def submit(self, message: Message) -> Outcome:
        """Accept ``message``; its reply comes through `Terminal.deliver`, perhaps before this returns.

        Raises `OverloadedError` if nothing was kept: it may be sent again.
        """
        ...

    async def hand_back(self, key: ConversationKey) -> None:
        """Give a conversation that was handed over back to the bot."""
        ...

    async def reset(self, key: ConversationKey) -> None:
        """Forget the conversation with everything in it."""
        ...

    async def set_language(self, key: ConversationKey, language: str | None) -> None:
        """Fix the language of the replies; None: each reply in the language of its question."""
        ...


class Session:
    """One customer, one conversation, one message at a time."""

    def __init__(self, desk: Desk, *, channel: str, clock: Callable[[], datetime]) -> None:
        """Start a conversation of its own in ``channel``."""
        self._desk = desk
        self._clock = clock
        self._mailbox = Mailbox(channel)
        self.key = ConversationKey(channel=channel, thread=uuid4().hex)
        #: The reply shown last, for `/why`.
        self.last: Reply | None = None
        #: Of the notes beside the replies: the language of the last reply.
        self.language = "en"

    async def ask(self, text: str, released: Released = unseen) -> Reply:
        """Send ``text`` and wait for its reply; what is ``released`` comes before it.

        There are no agents at a terminal, so a conversation that was handed over goes back to the bot at once.
        """
        message = Message(id=uuid4().hex, conversation=self.key, text=text, at=self._clock())
        reply = await self._mailbox.ask(self._desk.submit, message, released)
        if reply.action is Action.HAND_OFF:
            await self._desk.hand_back(self.key)
        self.last, self.language = reply, reply.language
        return reply

    async def receive(self, reply: Reply) -> None:
        """Give ``reply`` to the question that waits for it; a second delivery of it changes nothing."""
        await self._mailbox.deliver(reply, again=False)

    async def preview(self, message: Message, text: str) -> None:
        """Show what is written of the reply to ``message`` so far, where it is waited for."""
        await self._mailbox.preview(message, text)

    async def ask_for_person(self) -> Reply:
        """Ask for a person as any customer would, so that the hand-over goes the way it always goes."""
        return await self.ask(words(self.language).ask_person)

    async def reset(self) -> None:
        """Forget the conversation."""
        await self._desk.reset(self.key)
        self.last = None

    async def set_language(self, choice: str) -> bool:
        """Follow `/lang`; False if ``choice`` is none of `LANGUAGES`."""
        choice = choice.strip().lower()
        if choice not in LANGUAGES:
            return False
        language = LANGUAGES[choice]
        await self._desk.set_language(self.key, language)
        self.language = language or self.language
        return True


def command(line: str) -> tuple[str, str] | None:
    """Return the name and the argument of a command; None for a message, such as one about ``/etc/hosts``."""
    match = _COMMAND.fullmatch(line.strip())
    return (match[1].lower(), (match[2] or "").strip()) if match else None


def nearest(name: str, known: list[str]) -> str | None:
    """Return the one of ``known`` that ``name`` was probably meant to be."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), None)
