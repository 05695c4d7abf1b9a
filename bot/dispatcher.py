"""Takes each message to its one outcome: conversations in parallel, each in order, bounded in every direction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from bot.delivery import Sender, completed, reraise_if_cancelled
from bot.errors import OverloadedError
from bot.joining import LONGEST, joined, wait_after, without
from bot.logs import name_of, where
from bot.notes import note_of
from bot.ports import Connector, Responder, Store
from bot.types import Action, Conversation, ConversationKey, Event, Message, Outcome, Owner, Reason, Reply, Speaker
from bot.work import Delivery, Work

#: How long an exit waits for what was accepted. Container runtimes kill ten seconds after they asked to stop.
DRAIN_SECONDS = 8.0

#: Seconds between two looks for work that came about elsewhere: in another process, or with time.
LOOK_SECONDS = 1.0

#: Conversations worked on however many messages come in.
LEAST = 2

NEVER: Mapping[Owner, timedelta] = {}

log = logging.getLogger(__name__)


class Dispatcher:
    """Runs accepted messages through the responder and their replies to the connectors.

    The store says what there is to do; several dispatchers, in processes of their own, may share one. ``async with``
    starts it: what an earlier process accepted and did not finish or deliver is resumed. Leaving drains it. Where the
    store fails, work goes on as soon as it is back.
    """

    def __init__(
        self,
        store: Store,
        responder: Responder,
        connectors: Mapping[str, Connector],
        *,
        fallback: Callable[[Message], Reply],
        concurrency: int = 16,
        waiting: int = 1000,
        per_minute: int = 0,
        back_after: Mapping[Owner, timedelta] = NEVER,
        setup: str = "",
        told: Callable[[Reply], None] = lambda reply: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: float = LOOK_SECONDS,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            store: where messages, conversations and the outbox are kept.
            responder: answers messages.
            connectors: by channel; read when a reply is sent, so it may be filled after this.
            fallback: builds the reply that hands over where the responder fails; must not raise.
            concurrency: conversations worked on at the same time.
            waiting: accepted messages that are not done, those being worked on included, of all processes.
            per_minute: replies in one conversation, after which it is handed over, for two robots may be
                talking (0: never).
            back_after: how long after the last thing a person did a case comes back to the bot, by who has it.
            setup: what the store calls the settings that decide, for the records.
            told: is told of each reply once it is written; must not raise.
            clock: the time by which the store goes too.
            pause: seconds between two looks for work that came about elsewhere, and until another try after a failure
                of the store.

        """
        self._store = store
        self._responder = responder
        self._sender = Sender(store, connectors, clock)
        self._fallback = fallback
        self._concurrency = concurrency
        #: How many are worked on at the moment; as many again are taken, so that none of these waits for the store.
        #: Told where there is room for another.
        self._busy = 0
        self._room = asyncio.Condition()
        self._limit = waiting
        self._per_minute = per_minute
        self._back_after = back_after
        self._setup = setup
        self._told = told
        self._clock = clock
        self._pause = pause
        #: Messages on their way into the store, and those in it that are not done as far as is known.
        self._entering: set[asyncio.Task[Outcome]] = set()
        self._waiting = 0
        self._working: dict[ConversationKey, asyncio.Task[None]] = {}
        #: Those of them that were taken again before their worker came to its end: it was just letting go, or the
        #: conversation was forgotten meanwhile and has begun anew.
        self._twice: set[ConversationKey] = set()
        #: Set where there may be something to take, and where there is nothing and nobody works.
        self._news = asyncio.Event()
        self._quiet = asyncio.Event()
        self._open = False
        self._ended = False
        self._loop: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start, and resume what the store has unfinished or undelivered."""
        self._open = True
        self._loop = asyncio.create_task(self._run(), name="kefu dispatcher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drain within `DRAIN_SECONDS` and stop."""
        await self.drain()

    async def submit(self, message: Message, *, joins: bool = False) -> Outcome:
        """Keep ``message`` and see to its reply; returns as soon as it is kept, not when it is answered.

        Once it reached the store it is answered even if the caller is cancelled. One that ``joins`` may be answered
        with others that come at once.

        Raises:
            OverloadedError: too many messages are under way, or the dispatcher is not running; nothing was kept.

        """
        if not self._open:
            raise OverloadedError("The dispatcher is not running: it was not started yet, or is shutting down.")
        under_way = self._waiting + len(self._entering)
        if under_way >= self._limit:
            raise OverloadedError(f"{under_way} messages are under way; the limit is {self._limit}.")
        task = asyncio.create_task(self._accept(message, joins), name=f"kefu submit {message.id}")
        # The loop itself keeps no task alive.
        self._entering.add(task)
        self._quiet.clear()
        return await asyncio.shield(task)

    async def hand_back(self, key: ConversationKey) -> None:
        """Give the case back to the bot: it answers from the next message on."""
        await self._store.record(key, Event.HANDED_BACK)
        log.info("%s handed back to the bot", name_of(key))

    def wake(self) -> None:
        """Look for work now: a reply that was put off may be due, or something came about in the store."""
        self._quiet.clear()
        self._news.set()

    async def idle(self) -> None:
        """Return when there is nothing to do. Replies that were put off may still be in the outbox."""
        await self._quiet.wait()

    async def drain(self, timeout: float = DRAIN_SECONDS) -> None:
        """Take no more messages, finish the accepted ones, and say in the log what is left after ``timeout`` seconds.

        A write of an outcome that has begun is completed even after that.
        """
        self._open = False
        loop, self._loop = self._loop, None
        if loop is None:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._quiet.wait()
        except TimeoutError:
            log.info("not everything was done within %.0f s", timeout)
        finally:
            self._ended = True
            self.wake()
            await asyncio.wait({loop})
            for task in self._working.values():
                task.cancel()
            # What is on its way into the store gets there, so that the next start finds it.
            if left := {*self._working.values(), *self._entering}:
                await asyncio.wait(left)
            self._quiet.set()
        await self._report()

    # --- work: who does what, and when -----------------------------------------------------------------------------

    async def _accept(self, message: Message, joins: bool) -> Outcome:
        try:
            relay = self._sender.relays(message.conversation.channel)
            if not await self._store.accept(message, joins=joins, relay=relay):
                return Outcome.DUPLICATE
            self._waiting += 1
            return Outcome.ACCEPTED
        finally:
            task: Any = asyncio.current_task()
            self._entering.discard(task)
            await self._tell()
            if joins:  # it is not answered before
                wait = min(wait_after(message.text), LONGEST)
                asyncio.get_running_loop().call_later(wait.total_seconds(), self.wake)
            self.wake()

    async def _run(self) -> None:
        """Take on what there is to do, now and whenever something may have come about."""
        away = False
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._ended:
            self._news.clear()
            if len(self._working) > self._concurrency and loop.time() < due:
                await self._hear(due - loop.time())
                continue
            try:
                taken = await self._store.take(2 * self._concurrency - len(self._working))
            except (Exception, asyncio.CancelledError) as error:
                reraise_if_cancelled(error)
                if not away:
                    log.error("the store is away, work goes on when it is back: %s", where(error))
                away = True
            else:
                away = False
                self._waiting = taken.waiting
                for key in taken.conversations:
                    if key in self._working:
                        self._twice.add(key)
                    else:
                        self._working[key] = asyncio.create_task(self._work(key), name="kefu dispatcher worker")
                if not self._working and not self._entering and not self._news.is_set():
                    self._quiet.set()
            due = loop.time() + self._pause
            await self._hear(self._pause)

    async def _hear(self, seconds: float) -> None:
        """Wait until something may have come about, so long at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _work(self, key: ConversationKey) -> None:
        """Send what is due in a conversation, answer one message, and let go of it: others wait for their turn."""
        try:
            async with self._slot():
                await self._do(await self._store.work(key))
        except (Exception, asyncio.CancelledError) as error:
            reraise_if_cancelled(error)
            log.error("work on %s broken off, it is begun again: %s", name_of(key), where(error))
            await asyncio.sleep(self._pause)
        finally:
            await completed(self._let_go(key))

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """Wait for one of the places at work: each message on its way into the store takes one, for it goes first."""
        async with self._room:
            await self._room.wait_for(lambda: self._busy < self._places)
            self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            await self._tell()

    @property
    def _places(self) -> int:
        return max(self._concurrency - len(self._entering), min(self._concurrency, LEAST))

    async def _tell(self) -> None:
        async with self._room:
            self._room.notify()

    async def _do(self, work: Work) -> None:
        clear = work.due
        for delivery in work.outbox if clear else ():
            clear = await self._sender.deliver(delivery, again=True)
            if not clear:
                break
        if work.ready:
            await self._answer(work.conversation, work.messages[: work.ready], clear=clear)

    async def _let_go(self, key: ConversationKey) -> None:
        while True:
            self._twice.discard(key)
            try:
                await self._store.release(key)
            except (Exception, asyncio.CancelledError) as error:
                reraise_if_cancelled(error)
                log.error("%s cannot be let go of yet: %s", name_of(key), where(error))
                if self._ended:  # the store lets go of everything when it is closed, or is not heard of for a while
                    break
                await asyncio.sleep(self._pause)
            else:
                if key not in self._twice:
                    break
        del self._working[key]
        self.wake()

    async def _report(self) -> None:
        try:
            unfinished, outbox = await self._store.unfinished(), await self._store.outbox()
        except Exception as error:
            log.error("stopped; what is left cannot be told, for the store is away: %s", where(error))
            return
        if not unfinished and not outbox:
            log.info("drained: nothing is left")
            return
        log.warning(
            "stopped with %d messages unfinished and %d replies undelivered; the next start resumes them",
            len(unfinished),
            len(outbox),
        )
        for message in unfinished:
            log.info("left unfinished: message %s of %s", message.id, name_of(message.conversation))

    # --- one message -----------------------------------------------------------------------------------------------

    async def _answer(self, conversation: Conversation, messages: Sequence[Message], *, clear: bool) -> None:
        """Take messages to their one outcome; ``clear`` says that nothing older is in the way of the reply."""
        *earlier, message = messages
        if self._comes_back(conversation):
            await self._store.record(conversation.key, Event.HANDED_BACK, seen=conversation.since)
            conversation = await self._store.conversation(conversation.key)
        if conversation.owner is not Owner.BOT:
            await completed(self._store.finish(message, None, earlier=earlier))
            return
        reply = await self._reply(conversation, messages)
        note = note_of(conversation, reply) if reply.action is Action.HAND_OFF else ""
        if not await self._finish(messages, reply, note, conversation):
            return
        self._told(reply)
        if not clear:
            log.warning("reply %s of %s waits behind an undelivered one", reply.id, name_of(message.conversation))
            return
        for delivery in Delivery.all_of(reply, self._clock(), note):
            if not await self._sender.deliver(delivery, again=False):
                break

    def _comes_back(self, conversation: Conversation) -> bool:
        after = self._back_after.get(conversation.owner)
        return after is not None and conversation.since is not None and self._clock() - conversation.since >= after

    async def _reply(self, conversation: Conversation, messages: Sequence[Message]) -> Reply:
        message = joined(messages)
        if self._is_loop(conversation):
            log.warning("%s goes too fast for a person: handed over", name_of(conversation.key))
            return replace(self._fallback(message), reason=Reason.TOO_FAST)
        try:
            async with self._sender.busy(conversation.key), self._sender.previewing(message) as released:
                return await self._responder.respond(without(conversation, messages[:-1]), message, released)
        except (Exception, asyncio.CancelledError) as error:
            reraise_if_cancelled(error)
            log.error(
                "no answer to message %s of %s (%d characters), handing over: %s",
                message.id,
                name_of(message.conversation),
                len(message.text),
                where(error),
            )
            return self._fallback(message)

    def _is_loop(self, conversation: Conversation) -> bool:
        """Whether the bot has said so much within a minute that it must be another robot that answers it."""
        if not self._per_minute:
            return False
        since = self._clock() - timedelta(minutes=1)
        said = (turn for turn in conversation.turns if turn.speaker is Speaker.BOT and turn.at > since)
        return sum(1 for _ in said) >= self._per_minute

    async def _finish(self, messages: Sequence[Message], reply: Reply, note: str, seen: Conversation) -> bool:
        """Write the outcome; False where the bot has to stay silent."""
        *earlier, message = messages
        kept = reply.to_keep()
        written = self._store.finish(message, kept, note, earlier=earlier, seen=seen, setup=self._setup)
        if await completed(written):
            return True
        log.info("silent on message %s of %s: taken or forgotten meanwhile", message.id, name_of(message.conversation))
        await completed(self._store.finish(message, None, earlier=earlier))
        return False
