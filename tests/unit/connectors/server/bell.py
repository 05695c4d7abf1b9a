"""A helpdesk that tells what a test wants it to, and one where that has to be fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.errors import DeliveryError
from bot.types import ConversationKey, Message, Reply
from connectors.helpdesk import Call, Contract, Look, News, Received, Seen

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


class Bell:
    """Tells the same news with every call."""

    name = "bell"
    contract = Contract(answer_within=5, chat=False)

    def __init__(self, *news: News) -> None:
        self.received: Received | Exception = Received(news=news)
        self.calls: list[Call] = []
        self.delivered: list[Reply] = []

    async def receive(self, call: Call) -> Received:
        self.calls.append(call)
        if isinstance(self.received, Exception):
            raise self.received
        return self.received

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        self.delivered.append(reply)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        pass

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        pass


class Shelf(Bell):
    """Says only that there is something to fetch, at one place: pages of news, whose cursor is the number of pages."""

    name = "shelf"

    def __init__(self, *pages: Sequence[News], places: Sequence[str] = ()) -> None:
        super().__init__(Look(place="top"))
        self.pages = list(pages)
        #: Where it is to be looked when the server begins.
        self.places = places
        self.looks: list[tuple[str, str]] = []
        self.away = False
        self.changed = asyncio.Event()

    async def look(self, place: str, cursor: str) -> Seen:
        self.looks.append((place, cursor))
        self.changed.set()
        if self.away:
            raise DeliveryError("the shelf is away")
        page = int(cursor or 0)
        news = tuple(self.pages[page]) if page < len(self.pages) else ()
        return Seen(news=news, cursor=str(page + bool(news)), more=page + 1 < len(self.pages))

    async def looked(self, times: int) -> None:
        """Return once it was looked there so often."""
        while len(self.looks) < times:
            self.changed.clear()
            await self.changed.wait()


def asked(text: str, id_: str = "1", thread: str = "anna", channel: str = "bell") -> Message:
    key = ConversationKey(channel=channel, thread=thread)
    return Message(id=id_, conversation=key, text=text, at=NOON)
