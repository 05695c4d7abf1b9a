"""Takes each message to its one outcome: conversations in parallel, each in order, bounded in every direction."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.errors import OverloadedError
from bot.ports import Connector, Responder, Store
from bot.types import Action, Conversation, ConversationKey, Message, Outcome, Owner, Reply

#: How long an exit waits for what was accepted. Container runtimes kill ten seconds after they asked to stop.
DRAIN_SECONDS = 8.0

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class _Lane:
    """The work of one conversation. It exists only while there is some."""

    key: ConversationKey
    #: Accepted and not begun, oldest first.
    messages: deque[Message] = field(default_factory=deque)
    #: Undelivered replies to try again before any message; None where that was not asked for.
    late: list[Reply] | None = None
    #: Submits on their way through the store, and the door they pass one by one, so that the order in which the store
    #: accepted them is the order here.
    accepting: int = 0
    door: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: Whether it waits for a worker or is with one.
    scheduled: bool = False


class Dispatcher:
    """Runs accepted messages through the responder and their replies to the connectors.

    ``async with`` starts it: what an earlier process accepted and did not finish or deliver is resumed. Leaving drains
    it. When the store fails under a message, order could not be kept any more: the block inside ``async with`` is
    cancelled and leaves with an ``ExceptionGroup``; the next start resumes.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder,
        connectors: Mapping[str, Connector],
        *,
        fallback: Callable[[Message], Reply],
        concurrency: int = 64,
        waiting: int = 1000,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            store: where messages, conversations and the outbox are kept.
            responder: answers messages.
            connectors: by channel; read when a reply is sent, so it may be filled after this.
            fallback: builds the reply that hands over where the responder fails; must not raise.
            concurrency: conversations worked on at the same time.
            waiting: messages under way at the same time, those being worked on included.

        """
        self._store = store
        self._responder = responder
        self._connectors = connectors
        self._fallback = fallback
        self._concurrency = concurrency
        self._waiting = waiting
        self._lanes: dict[ConversationKey, _Lane] = {}
        #: Lanes with work and no worker yet. Each gives one piece of work and goes to the end again: a busy
        #: conversation does not starve the others.
        self._ready: deque[_Lane] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._submits: set[asyncio.Task[Outcome]] = set()
        self._under_way = 0
        #: Conversations with replies left in the outbox, and the id of the newest: later ones queue behind it.
        self._undelivered: dict[ConversationKey, str] = {}
        self._reading_outbox = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = False
        self._drained = False
        self._group = asyncio.TaskGroup()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start, and resume what the store has unfinished or undelivered."""
        outbox, unfinished = await self._store.outbox(), await self._store.unfinished()
        await self._stack.enter_async_context(self._group)
        self._stack.push_async_callback(self.drain)
        self._open = True
        self._undelivered = {reply.conversation: reply.id for reply in outbox}
        self._try_again(self._undelivered, outbox)
        for message in unfinished:
            self._under_way += 1
            lane = self._lane(message.conversation)
            lane.messages.append(message)
            self._settle(lane)
        self._employ()
        if outbox or unfinished:
            log.info("resumed %d messages and %d undelivered replies", len(unfinished), len(outbox))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Drain within `DRAIN_SECONDS` and stop."""
        try:
            return await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if list(group.exceptions) != [error]:
                raise
            # Only the block itself failed, so its error goes on as it is.
            return None

    async def submit(self, message: Message) -> Outcome:
        """Keep ``message`` and see to its reply; returns as soon as it is kept, not when it is answered.

        Once it reached the store it is queued even if the caller is cancelled.

        Raises:
            OverloadedError: too many messages are under way, or the dispatcher is not running; nothing was kept.

        """
        if not self._open:
            raise OverloadedError("The dispatcher is not running: it was not started yet, or is shutting down.")
        if self._under_way >= self._waiting:
            raise OverloadedError(f"{self._under_way} messages are under way; the limit is {self._waiting}.")
        self._under_way += 1
        lane = self._lane(message.conversation)
        lane.accepting += 1
        task = asyncio.create_task(self._accept(lane, message), name=f"kefu submit {message.id}")
        # The loop itself keeps no task alive.
        self._submits.add(task)
        task.add_done_callback(self._submits.discard)
        return await asyncio.shield(task)

    async def hand_back(self, key: ConversationKey) -> None:
        """Give the case back to the bot: it answers from the next message on."""
        await self._store.set_owner(key, Owner.BOT)
        log.info("%s handed back to the bot", _name(key))

    async def redeliver(self) -> None:
        """Try the outbox again, each conversation in order up to the first reply that fails; does not wait for it."""
        async with self._reading_outbox:
            # Taken before the read: nothing of these conversations is being sent, so what is read is truly undelivered.
            keys = {key for key in self._undelivered if key not in self._lanes or self._lanes[key].late is None}
            outbox = await self._store.outbox() if keys else []
            if self._open:
                self._try_again(keys, outbox)
                self._employ()

    async def idle(self) -> None:
        """Return when nothing is under way. Replies that could not be delivered may still be in the outbox."""
        await self._idle.wait()

    async def drain(self, timeout: float = DRAIN_SECONDS) -> None:
        """Take no more messages, finish the accepted ones, and say in the log what is left after ``timeout`` seconds.

        A write of an outcome that has begun is completed even after that.
        """
        self._open = False
        if self._drained:
            return
        self._drained = True
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            self._abandon()
            workers = set(self._workers)
            for worker in workers:
                worker.cancel()
            if workers:
                await asyncio.wait(workers)
        if self._submits:  # what is on its way into the store gets there, so that the next start finds it
            await asyncio.wait(self._submits)
        await self._report()

    # --- work: who does what, and when -----------------------------------------------------------------------------

    def _lane(self, key: ConversationKey) -> _Lane:
        self._idle.clear()
        return self._lanes.setdefault(key, _Lane(key))

    async def _accept(self, lane: _Lane, message: Message) -> Outcome:
        new = False
        try:
            async with lane.door:
                new = await self._store.accept(message)
                if new:
                    lane.messages.append(message)
        finally:
            lane.accepting -= 1
            if not new:
                self._under_way -= 1
            self._settle(lane)
            self._employ()
        return Outcome.ACCEPTED if new else Outcome.DUPLICATE

    def _settle(self, lane: _Lane) -> None:
        """Queue the lane for a worker if it has work, remove it if nothing needs it any more."""
        if lane.scheduled or self._lanes.get(lane.key) is not lane:
            return
        if lane.messages or lane.late is not None:
            lane.scheduled = True
            self._ready.append(lane)
        elif not lane.accepting:
            del self._lanes[lane.key]
            if not self._lanes:
                self._idle.set()

    def _employ(self) -> None:
        for _ in range(min(len(self._ready), self._concurrency - len(self._workers))):
            self._workers.add(self._group.create_task(self._work(), name="kefu dispatcher worker"))

    async def _work(self) -> None:
        worker = asyncio.current_task()
        assert worker is not None
        try:
            while self._ready:
                lane = self._ready.popleft()
                await self._step(lane)
                lane.scheduled = False
                self._settle(lane)
        except BaseException as error:
            self._abandon()
            if worker.cancelling():
                raise
            log.critical("the dispatcher stops, a worker failed: %s", _where(error))
            # The group takes a cancelled worker for one that was meant to end.
            if isinstance(error, asyncio.CancelledError):
                raise RuntimeError("a write of the store was cancelled from elsewhere") from error
            raise
        finally:
            # Not in a callback: that comes a moment after the end, and a message accepted between would wait for ever.
            self._workers.discard(worker)

    async def _step(self, lane: _Lane) -> None:
        if lane.late is not None:
            await self._redeliver(lane.key, lane.late)
            lane.late = None
        else:
            await self._answer(lane.messages.popleft())
            self._under_way -= 1

    def _abandon(self) -> None:
        """Begin nothing more; the store knows what is left."""
        self._open = False
        self._ready.clear()
        self._lanes.clear()
        self._idle.set()

    async def _report(self) -> None:
        unfinished, outbox = await self._store.unfinished(), await self._store.outbox()
        if not unfinished and not outbox:
            log.info("drained: nothing is left")
            return
        log.warning(
            "stopped with %d messages unfinished and %d replies undelivered; the next start resumes them",
            len(unfinished),
            len(outbox),
        )
        for message in unfinished:
            log.info("left unfinished: message %s of %s", message.id, _name(message.conversation))

    # --- one message -----------------------------------------------------------------------------------------------

    async def _answer(self, message: Message) -> None:
        conversation = await self._store.conversation(message.conversation)
        if conversation.owner is not Owner.BOT:
            await _completed(self._store.finish(message, None))
            return
        reply = await self._reply(conversation, message)
        if not await self._finish(message, reply):
            return
        if message.conversation in self._undelivered:
            self._undelivered[message.conversation] = reply.id
            log.warning("reply %s of %s waits behind an undelivered one", reply.id, _name(message.conversation))
        elif not await self._deliver(reply):
            self._undelivered[message.conversation] = reply.id

    async def _reply(self, conversation: Conversation, message: Message) -> Reply:
        try:
            return await self._responder.respond(conversation, message)
        except (Exception, asyncio.CancelledError) as error:
            _reraise_if_cancelled(error)
            log.error(
                "no answer to message %s of %s (%d characters), handing over: %s",
                message.id,
                _name(message.conversation),
                len(message.text),
                _where(error),
            )
            return self._fallback(message)

    async def _finish(self, message: Message, reply: Reply) -> bool:
        """Write the outcome; False where the bot has to stay silent."""
        after = Owner.WAITING if reply.action is Action.HAND_OFF else Owner.BOT
        if await _completed(self._store.finish(message, reply, owner=after)):
            return True
        log.info("silent on message %s of %s: taken or forgotten meanwhile", message.id, _name(message.conversation))
        await _completed(self._store.finish(message, None))
        return False

    # --- delivery --------------------------------------------------------------------------------------------------

    async def _deliver(self, reply: Reply) -> bool:
        """Send ``reply``, or withdraw it where the case was taken or forgotten; False if it stays in the outbox."""
        key = reply.conversation
        conversation = await self._store.conversation(key)
        if conversation.owner in (Owner.HUMAN, Owner.CLOSED) or not conversation.turns:
            log.warning("reply %s of %s withdrawn: the case was taken, closed or forgotten", reply.id, _name(key))
            await _completed(self._store.delivered(reply))
            return True
        connector = self._connectors.get(key.channel)
        if connector is None:
            log.error("reply %s of %s undelivered: no connector serves channel %s", reply.id, _name(key), key.channel)
            return False
        try:
            await connector.deliver(reply)
        except (Exception, asyncio.CancelledError) as error:
            _reraise_if_cancelled(error)
            log.error("reply %s of %s undelivered: %s", reply.id, _name(key), _where(error))
            return False
        await _completed(self._store.delivered(reply))
        return True

    def _try_again(self, keys: Iterable[ConversationKey], outbox: list[Reply]) -> None:
        late: dict[ConversationKey, list[Reply]] = {key: [] for key in keys}
        for reply in outbox:
            if reply.conversation in late:
                late[reply.conversation].append(reply)
        for key, replies in late.items():
            lane = self._lane(key)
            lane.late = replies
            self._settle(lane)

    async def _redeliver(self, key: ConversationKey, replies: list[Reply]) -> None:
        while True:
            for reply in replies:
                if not await self._deliver(reply):
                    return
            if replies and replies[-1].id == self._undelivered[key]:
                break
            # Others came to queue behind these after they were read.
            replies = [reply for reply in await self._store.outbox() if reply.conversation == key]
            if not replies:
                break
        del self._undelivered[key]


async def _completed(write: Coroutine[Any, Any, T]) -> T:
    """Await a write that cancellation must not cut: it is completed first, then the cancellation goes on."""
    task = asyncio.create_task(write, name="kefu write")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _reraise_if_cancelled(error: BaseException) -> None:
    """Go on with the cancellation of this task; a future that was cancelled elsewhere is a failure like any other."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error


def _name(key: ConversationKey) -> str:
    return f"{key.channel}/{key.account}/{key.thread}"


def _where(error: BaseException) -> str:
    """Type and place of ``error``, innermost call first. Its own words are left out: they may quote a customer."""
    frames = [
        f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join([type(error).__name__, *reversed(frames)])
