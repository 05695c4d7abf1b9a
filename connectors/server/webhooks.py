"""Calls of helpdesks: verified, kept, and only then answered; what has to be fetched is fetched beside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import cast

from aiohttp import web
from multidict import CIMultiDict

from bot.errors import DeliveryError, OverloadedError
from bot.types import Message, Place
from connectors.helpdesk import Call, Happened, Helpdesk, Look, News, RefusedError, Said, Watcher
from connectors.server.desk import Desk, Limits
from connectors.server.guards import FULL, WHY, body_of, refusal, too_many
from connectors.server.limits import Window
from connectors.server.metrics import Metrics

log = logging.getLogger(__name__)

#: A place where there was something for longer was left by a process that has died, or could not be looked at.
LEFT = timedelta(seconds=30)

#: What a place will never tell is asked for this long, for a proxy's page looks the same; then not until its next call.
GIVE_UP_AFTER = timedelta(minutes=10)


class Webhooks:
    """Takes in what helpdesks tell."""

    def __init__(
        self,
        desk: Desk,
        helpdesks: Mapping[str, Helpdesk],
        limits: Limits,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        """Serve ``helpdesks`` by their names."""
        self._desk, self._helpdesks, self._limits, self._metrics = desk, helpdesks, limits, metrics
        self._clock = clock
        self._window = Window(limits.per_minute, 60)
        #: By channel and place, and what came about there meanwhile: two that look at once would only ask twice.
        self._looking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._again: dict[tuple[str, str], Place] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of a helpdesk."""
        channel = request.match_info["channel"]
        helpdesk = self._helpdesks.get(channel)
        if helpdesk is None:
            request[WHY] = "no channel whose section is set"
            return refusal(404, "not_found", "No such channel. Is its section of the settings set?")
        call = Call(
            method=request.method,
            query=dict(request.query),
            headers=CIMultiDict(request.headers),
            body=await body_of(request, self._limits),
            at=self._clock(),
        )
        try:
            async with asyncio.timeout(helpdesk.contract.answer_within):
                received = await helpdesk.receive(call)
        except RefusedError as error:
            request[WHY] = f"{channel}: {error.detail}"
            return refusal(error.status, "refused", "Not accepted: the log of the server says why.")
        except (DeliveryError, TimeoutError) as error:
            request[WHY] = f"{channel}: {' '.join(str(error).split()) or 'no answer of the tool in time'}"
            return refusal(503, "away", "The tool did not answer. Send it again.", {"Retry-After": str(FULL)})
        request[WHY] = f"{channel}: {received.ignored}" if received.ignored else channel
        if wait := max((self._window.wait(one.conversation) for one in _messages(received.news)), default=0.0):
            request[WHY] += ": too many messages"
            return too_many(wait, "Too many messages in one conversation.")
        for one in _messages(received.news):
            self._window.count(one.conversation)
        await self.keep(helpdesk, received.news)
        answer = received.answer
        return web.Response(status=answer.status, text=answer.text, content_type=answer.content_type)

    async def keep(self, helpdesk: Helpdesk, news: Iterable[News]) -> None:
        """Keep what was told, in its order; each piece is known again where it was kept before."""
        store = self._desk.store
        for one in news:
            self._metrics.news.labels(helpdesk.name, type(one).__name__.lower()).inc()
            match one:
                case Message():
                    await self._desk.submit(one, joins=helpdesk.contract.chat)
                case Said():
                    await store.append(one.conversation, one.turn)
                case Happened():
                    await store.record(one.conversation, one.event, id_=one.id)
                case Look():
                    self._look_at(helpdesk, await store.want(helpdesk.name, one.place))

    async def sweep(self) -> None:
        """Look where there was something and nobody came to look."""
        for place in await self._desk.store.wanted(self._clock() - LEFT):
            helpdesk = self._helpdesks.get(place.channel)
            if helpdesk is not None and (place.channel, place.name) not in self._looking:
                self._look_at(helpdesk, place)

    async def look_around(self) -> None:
        """Look where a channel may have gone on while nobody listened, or its call was not taken."""
        for helpdesk in self._helpdesks.values():
            for place in getattr(helpdesk, "places", ()):
                self._look_at(helpdesk, await self._desk.store.want(helpdesk.name, place))

    async def close(self) -> None:
        """Give up looking: what was not fetched is fetched after the next start."""
        self._again.clear()
        tasks = set(self._looking.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _look_at(self, helpdesk: Helpdesk, place: Place) -> None:
        name = (place.channel, place.name)
        if name in self._looking:
            self._again[name] = place
            return
        task = asyncio.create_task(self._look(cast(Watcher, helpdesk), place), name=f"kefu look {helpdesk.name}")
        self._looking[name] = task
        task.add_done_callback(lambda _: self._looked(helpdesk, name))

    def _looked(self, helpdesk: Helpdesk, name: tuple[str, str]) -> None:
        del self._looking[name]
        if place := self._again.pop(name, None):
            self._look_at(helpdesk, place)

    async def _look(self, helpdesk: Watcher, place: Place) -> None:
        """Fetch what is new at a place; where that fails, the next sweep tries again."""
        cursor, more = place.cursor, True
        try:
            while more:
                seen = await helpdesk.look(place.name, cursor)
                await self.keep(helpdesk, seen.news)
                # Where nothing goes on, asking at once for more would never end.
                cursor, more = seen.cursor, seen.more and seen.cursor != cursor
                if more:
                    await self._desk.store.looked(Place(channel=place.channel, name=place.name, since=_NEVER), cursor)
            await self._desk.store.looked(place, cursor)
        except OverloadedError:
            log.warning("%s: full, what is new there is fetched later", helpdesk.name)
        except Exception as error:
            why = " ".join(str(error).split()) if isinstance(error, DeliveryError) else type(error).__name__
            log.error("%s: what is new there could not be fetched, tried again: %s", helpdesk.name, why)
            final = isinstance(error, DeliveryError) and error.final
            if final and self._clock() - place.since > GIVE_UP_AFTER:  # a ticket that was deleted, say
                await self._give_up(place, cursor)

    async def _give_up(self, place: Place, cursor: str) -> None:
        with suppress(Exception):  # the next sweep comes here again
            await self._desk.store.looked(place, cursor)
            log.error("%s: given up until there is something new there", place.channel)


#: Of a place that was looked at only in part: no moment at which something came about.
_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _messages(news: Iterable[News]) -> Iterable[Message]:
    return (one for one in news if isinstance(one, Message))
