"""Sending what is on its way: once, no earlier than it may, for a day, and not over a person's head."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.errors import DeliveryError
from bot.logs import name_of, where
from bot.ports import Busy, Connector, Preview, Relay, Released, Store, unseen
from bot.types import ConversationKey, Message
from bot.work import Delivery, Errand

#: The first wait after a failed delivery in seconds, which doubles with each, and the longest.
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0

#: Seconds after which a customer is shown that a reply is being written, and between two such signs: Telegram shows
#: one for five.
BUSY_AFTER, BUSY_AGAIN = 1.5, 4.0

#: Seconds that a channel may take to show what is written so far.
PREVIEW_WITHIN = 5.0

#: How long a reply is tried to be delivered. After that it would surprise more than it helps.
GIVE_UP_AFTER = timedelta(hours=24)

log = logging.getLogger(__name__)
T = TypeVar("T")


class Sender:
    """Sends through the connectors, and notes in the store what became of it."""

    def __init__(self, store: Store, connectors: Mapping[str, Connector], clock: Callable[[], datetime]) -> None:
        """``connectors`` are by channel, and looked up when something is sent."""
        self._store, self._connectors, self._clock = store, connectors, clock

    def relays(self, channel: str) -> bool:
        """Whether people in ``channel`` have to be shown what customers write."""
        return isinstance(self._connectors.get(channel), Relay)

    @asynccontextmanager
    async def busy(self, key: ConversationKey) -> AsyncIterator[None]:
        """Show the customer that a reply is being written, where the channel can and it takes a while."""
        connector = self._connectors.get(key.channel)
        if not isinstance(connector, Busy):
            yield
            return
        showing = asyncio.create_task(_show(connector, key), name="kefu busy")
        try:
            yield
        finally:
            showing.cancel()

    @asynccontextmanager
    async def previewing(self, message: Message) -> AsyncIterator[Released]:
        """Give what shows the customer, where the channel can, as much of the reply to ``message`` as is written.

        Where the channel is slow, what is newer takes the place of what was not shown yet. After the block nothing more
        is shown.
        """
        connector = self._connectors.get(message.conversation.channel)
        if not isinstance(connector, Preview):
            yield unseen
            return
        newest: asyncio.Queue[str] = asyncio.Queue(maxsize=1)

        def released(text: str) -> None:
            if newest.full():
                newest.get_nowait()
            newest.put_nowait(text)

        showing = asyncio.create_task(self._preview(connector, message, newest), name="kefu preview")
        try:
            yield released
        finally:
            showing.cancel()
            await asyncio.wait({showing}, timeout=PREVIEW_WITHIN)

    async def _preview(self, connector: Preview, message: Message, newest: asyncio.Queue[str]) -> None:
        with suppress(Exception):  # the reply comes all the same
            while True:
                text = await newest.get()
                work = await self._store.work(message.conversation)
                if message.id not in [one.id for one in work.messages]:  # a person has the case, or it is forgotten
                    return
                async with asyncio.timeout(PREVIEW_WITHIN):
                    await connector.preview(message, text)

    async def deliver(self, delivery: Delivery, *, again: bool) -> bool:
        """Send something, withdraw it or give it up; False if it stays in the outbox.

        ``again`` says that it may have been sent before.
        """
        name = f"{delivery.errand} {delivery.id} of {name_of(delivery.reply.conversation)}"
        if not await self._store.sendable(delivery):
            log.warning("%s withdrawn: the case was taken, closed or forgotten, or another process has it", name)
            await completed(self._store.withdraw(delivery))
            return True
        try:
            await self._send(delivery, again=again)
        except (Exception, asyncio.CancelledError) as error:
            reraise_if_cancelled(error)
            why = " ".join(str(error).split()) if isinstance(error, DeliveryError) else where(error)
            late = self._clock() - delivery.since >= GIVE_UP_AFTER
            if late or (isinstance(error, DeliveryError) and error.final):
                log.error("%s given up, a dead letter: %s", name, why)
                await completed(self._store.give_up(delivery, why))
                return True
            wait = _wait(delivery, error)
            log.error("%s undelivered, tried again in %.0f s: %s", name, wait, why)
            await completed(self._store.put_off(delivery, self._clock() + timedelta(seconds=wait), why))
            return False
        await completed(self._store.delivered(delivery))
        return True

    async def _send(self, delivery: Delivery, *, again: bool) -> None:
        reply = delivery.reply
        connector = self._connectors.get(reply.conversation.channel)
        if connector is None:
            raise DeliveryError(f"no connector serves channel {reply.conversation.channel}")
        match delivery.errand:
            case Errand.NOTE:
                await connector.note(reply, delivery.note, again=again)
            case Errand.REPLY:
                await connector.deliver(reply, again=again)
            case Errand.HAND_OVER:
                await connector.hand_over(reply, again=again)
            case Errand.RELAY if isinstance(connector, Relay):
                await connector.relay(delivery.message, again=again)


async def _show(connector: Busy, key: ConversationKey) -> None:
    await asyncio.sleep(BUSY_AFTER)
    with suppress(Exception):  # nothing is lost with it
        while True:
            await connector.busy(key)
            await asyncio.sleep(BUSY_AGAIN)


def _wait(delivery: Delivery, error: BaseException) -> float:
    """Return for how many seconds a reply is put off: as long as its channel asks, or longer with each failure.

    Replies that failed together are tried apart: by up to half of the time, by their ids.
    """
    if isinstance(error, DeliveryError) and error.after is not None:
        return min(max(error.after, FIRST_WAIT), LONGEST_WAIT)
    longest = min(FIRST_WAIT * 2.0 ** min(delivery.attempts, 30), LONGEST_WAIT)
    return longest * (1 - 0.5 * zlib.crc32(delivery.reply.id.encode("utf-8", "replace")) / 2**32)


async def completed(write: Coroutine[Any, Any, T]) -> T:
    """Await a write that cancellation must not cut: it is completed first, then the cancellation goes on."""
    task = asyncio.create_task(write, name="kefu write")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        # Told here: what nobody asks for the loop would tell, with the words of the error.
        if not task.cancelled() and (failed := task.exception()):
            log.error("a write failed while its task was cancelled: %s", where(failed))
        raise


def reraise_if_cancelled(error: BaseException) -> None:
    """Go on with the cancellation of this task; a future that was cancelled elsewhere is a failure like any other."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
