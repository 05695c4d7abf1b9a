"""Exactly one reply a turn, in order, whatever dies: a helpdesk that misbehaves, and a bot that is killed at random.

    python -m benchmarks.chaos [--database URL] [--turns N] [--kills N] [--workers N] [--seed N] [--json]

The desk is this process, the bot one or more others. Customers write, in bursts too; 20 % of the webhooks come twice,
10 % are overtaken by the next, and those that are told to wait come again; of the replies some are taken late, some are
refused, and some are taken but the answer says that they were not. People take some of the cases, write, and give them
back. The bot's processes are killed (SIGKILL) at random moments and started anew. At the end, what each customer sees
is held against what the store has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.dispatcher import Dispatcher
from bot.errors import DeliveryError, OverloadedError
from bot.ports import Released, unseen
from bot.store.sql import SqlStore
from bot.types import Action, Conversation, ConversationKey, Event, Message, Reason, Reply, Speaker, Turn

#: How long a process that was killed is believed to live. A desk must have taken or refused what it was sent by then.
LEASE = timedelta(seconds=1)

#: Seconds that the desk takes at most to take a reply.
SLOWEST = 0.2

#: Seconds in which a reply that was on its way when a person came may still arrive.
IN_FLIGHT = 0.25

#: Seconds without any progress after which the run is given up.
STUCK = 60


@dataclass(kw_only=True)
class Plan:
    """What happens in a run."""

    database: str
    turns: int = 10_000
    kills: int = 50
    workers: int = 1
    #: Messages of one conversation.
    messages: int = 10
    #: Conversations going on at the same time.
    customers: int = 40
    seed: int = 0


@dataclass
class Seen:
    """What one customer sees, and what was done about it."""

    #: The ids of the messages answered, in the order of the replies.
    replies: list[str] = field(default_factory=list)
    #: When a person took the case, while one has it.
    taken: float | None = None
    #: Messages that came since the bot has the case, for the last time.
    since: list[str] = field(default_factory=list)
    #: Replies that arrived while a person had the case, and those that were on their way just then.
    over_a_person: list[str] = field(default_factory=list)
    in_flight: list[str] = field(default_factory=list)


class Desk:
    """A helpdesk: it sends webhooks, takes replies, and does neither reliably."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = random.Random(plan.seed)
        self.seen: dict[str, Seen] = defaultdict(Seen)
        self.counts: Counter[str] = Counter(written=0)
        #: One line each way with every process of the bot.
        self.bots: dict[int, asyncio.StreamWriter] = {}
        self.there = asyncio.Event()
        #: Webhooks without an answer yet, and the process that each was sent to.
        self.waiting: dict[int, tuple[int, asyncio.Future[str]]] = {}
        self.number = 0

    async def meets(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with a process of the bot until it is gone."""
        hello = json.loads(await reader.readline())
        self.bots[hello["pid"]] = writer
        self.there.set()
        tasks = set()
        try:
            while line := await reader.readline():
                said = json.loads(line)
                if "done" in said:
                    if said["number"] in self.waiting:
                        self.waiting[said["number"]][1].set_result(said["done"])
                else:
                    task = asyncio.create_task(self.takes(said, writer))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except (ConnectionError, json.JSONDecodeError):  # it died in the middle of a line
            pass
        finally:
            self.bots.pop(hello["pid"], None)
            if not self.bots:
                self.there.clear()
            for pid, future in self.waiting.values():
                if pid == hello["pid"] and not future.done():
                    future.set_exception(ConnectionError())
            writer.close()

    async def takes(self, said: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """Take a reply, or say whether it is there."""
        seen, arrived = self.seen[said["thread"]], time.monotonic()
        chance = self.random.random()
        if said["ask"] == "there":
            answer = said["reply_to"] in seen.replies
        elif chance < 0.05:
            self.counts["refused"] += 1
            answer = False
        else:
            await asyncio.sleep(self.random.random() * (SLOWEST if chance < 0.15 else 0.005))
            seen.replies.append(said["reply_to"])
            if seen.taken is not None:
                late = arrived - seen.taken > IN_FLIGHT
                (seen.over_a_person if late else seen.in_flight).append(said["reply_to"])
            answer = chance > 0.10  # between: taken, but the answer says that it was not
            self.counts["taken, said not to be"] += not answer
        try:
            if not writer.is_closing():
                writer.write(json.dumps({"number": said["number"], "answer": answer}).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass

    async def tells(self, what: dict[str, Any]) -> str:
        """Send a webhook again and again until it is acknowledged."""
        while True:
            await self.there.wait()
            pid, writer = self.random.choice(list(self.bots.items()))
            self.number += 1
            number = self.number
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self.waiting[number] = pid, future
            try:
                writer.write(json.dumps(what | {"number": number}).encode() + b"\n")
                done = await future
                if done != "full":
                    return done
                self.counts["webhooks told to wait"] += 1
                await asyncio.sleep(0.5)
            except ConnectionError:
                self.counts["webhooks sent again"] += 1
            finally:
                self.waiting.pop(number, None)

    async def customer(self, thread: str) -> None:
        """Write what one customer writes, and do what people do in between."""
        chance = self.random.random
        ids = [str(n) for n in range(self.plan.messages)]
        place = 0
        while place < len(ids):
            some = ids[place : place + (2 if chance() < 0.1 else 1)]
            place += len(some)
            for id_ in reversed(some):  # two at a time: the second overtakes the first
                told = {"tell": "message", "thread": thread, "id": id_}
                await self.tells(told)
                self.seen[thread].since.append(id_)
                self.counts["written"] += 1
                if chance() < 0.2:
                    self.counts["sent twice"] += 1
                    await self.tells(told)
            if chance() < 0.05:
                await self.tells({"tell": "person", "thread": thread})
                self.counts["taken by a person"] += 1
                self.seen[thread].taken = time.monotonic()
                await asyncio.sleep(chance() * 0.5)
                self.seen[thread].taken = None
                self.seen[thread].since.clear()
                await self.tells({"tell": "back", "thread": thread})
            if chance() < 0.5:
                await asyncio.sleep(chance() * 0.1)


class Channel:
    """The connector of a process of the bot: one line to the desk."""

    name = "desk"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.waiting: dict[int, asyncio.Future[bool]] = {}
        self.number = 0

    async def asks(self, ask: str, reply: Reply) -> bool:
        """Return what the desk says of ``reply``."""
        self.number += 1
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.waiting[self.number] = future
        said = {"ask": ask, "thread": reply.conversation.thread, "reply_to": reply.in_reply_to, "number": self.number}
        self.writer.write(json.dumps(said).encode() + b"\n")
        return await future

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Send ``reply``; the desk knows no ids of replies, so it is asked first where that may be the second time."""
        if again and await self.asks("there", reply):
            return
        if not await self.asks("take", reply):
            raise DeliveryError("refused", after=0)

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell nobody: this bot hands nothing over."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask nobody."""

    async def serve(self, store: SqlStore, dispatcher: Dispatcher) -> None:
        """Do what the desk tells."""
        tasks = set()
        while line := await self.reader.readline():
            said = json.loads(line)
            if "answer" in said:
                self.waiting.pop(said["number"]).set_result(said["answer"])
            else:
                task = asyncio.create_task(self.hears(said, store, dispatcher))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    async def hears(self, said: dict[str, Any], store: SqlStore, dispatcher: Dispatcher) -> None:
        """Take in a webhook."""
        key, now = ConversationKey(channel=self.name, thread=said["thread"]), datetime.now(UTC)
        done = "ok"
        match said["tell"]:
            case "message":
                text = f"message {said['id']} of {said['thread']}"
                try:
                    await dispatcher.submit(Message(id=said["id"], conversation=key, text=text, at=now))
                except OverloadedError:
                    done = "full"
            case "person":
                await store.append(key, Turn(speaker=Speaker.AGENT, text="Let me see.", at=now))
            case "back":
                await store.record(key, Event.HANDED_BACK)
        self.writer.write(json.dumps({"done": done, "number": said["number"]}).encode() + b"\n")


class Echo:
    """Answers after a moment."""

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Return the one reply."""
        await asyncio.sleep(0.002)
        return _reply(message)


def _reply(message: Message) -> Reply:
    return Reply(
        id=os.urandom(8).hex(),
        conversation=message.conversation,
        in_reply_to=message.id,
        text=message.text.upper(),
        action=Action.ANSWER,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )


async def bot(database: str, port: int) -> None:
    """Be one process of the bot."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    channel = Channel(reader, writer)
    async with (
        SqlStore.open(database, lease=LEASE) as store,
        Dispatcher(store, Echo(), {"desk": channel}, fallback=_reply, pause=0.1) as dispatcher,
    ):
        writer.write(json.dumps({"pid": os.getpid()}).encode() + b"\n")
        await channel.serve(store, dispatcher)


async def run(plan: Plan) -> dict[str, Any]:
    """Return what was seen; raises `TimeoutError` where nothing goes on any more."""
    desk = Desk(plan)
    begun = time.monotonic()
    server = await asyncio.start_server(desk.meets, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, _bots(desk, port) as kills:
        threads = [f"c{n}" for n in range(-(-plan.turns // plan.messages))]
        room = asyncio.Semaphore(plan.customers)

        async def one(thread: str) -> None:
            async with room:
                await desk.customer(thread)

        await asyncio.gather(*map(one, threads))
        await _settled(plan.database)
    async with SqlStore.open(plan.database) as store:
        found = await _held_against(store, desk, threads)
    return {"killed": kills[0], "seconds": round(time.monotonic() - begun, 1), **desk.counts, **found}


@asynccontextmanager
async def _bots(desk: Desk, port: int) -> AsyncIterator[list[int]]:
    """Keep processes of the bot alive, and kill them."""
    plan, kills, ended = desk.plan, [0], False
    command = (sys.executable, "-m", "benchmarks.chaos", "--database", plan.database, "--port", str(port))

    async def keep() -> None:
        while not ended:
            process = await asyncio.create_subprocess_exec(*command)
            try:
                while process.returncode is None:
                    done, all_ = desk.counts["written"], plan.turns
                    if kills[0] < plan.kills and done >= all_ * kills[0] / plan.kills:
                        kills[0] += 1
                        await asyncio.sleep(desk.random.random() * 0.5)
                        process.kill()
                    try:
                        async with asyncio.timeout(0.02):
                            await process.wait()
                    except TimeoutError:
                        pass
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    tasks = [asyncio.create_task(keep()) for _ in range(plan.workers)]
    try:
        yield kills
    finally:
        ended = True
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _settled(database: str) -> None:
    """Return when the bot has nothing to do any more."""
    async with SqlStore.open(database) as store:
        left, since = -1, time.monotonic()
        while True:
            now = len(await store.unfinished()) + len(await store.outbox())
            if not now:
                return
            if now != left:
                left, since = now, time.monotonic()
            if time.monotonic() - since > STUCK:
                raise TimeoutError(f"{left} messages and replies are left, and nothing goes on")
            await asyncio.sleep(0.2)


async def _held_against(store: SqlStore, desk: Desk, threads: list[str]) -> dict[str, Any]:
    """Return what is wrong with what customers saw."""
    found: Counter[str] = Counter(answered=0, twice=0, lost=0, disordered=0, over_a_person=0, in_flight=0)
    for thread in threads:
        seen = desk.seen[thread]
        turns = (await store.conversation(ConversationKey(channel="desk", thread=thread))).turns
        asked = [turn.id for turn in turns if turn.speaker is Speaker.CUSTOMER]
        found["answered"] += len(seen.replies)
        found["twice"] += len(seen.replies) - len(set(seen.replies))
        found["disordered"] += [id_ for id_ in asked if id_ in set(seen.replies)] != list(dict.fromkeys(seen.replies))
        found["over_a_person"] += len(seen.over_a_person)
        found["in_flight"] += len(seen.in_flight)
        found["lost"] += len(set(seen.since) - set(seen.replies)) + desk.plan.messages - len(asked)
        found["left to a person"] += len(set(asked) - set(seen.replies) - set(seen.since))
    return dict(found)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="address of an empty database; a new SQLite file where none is given")
    parser.add_argument("--turns", type=int, default=Plan.turns, help="messages of all customers")
    parser.add_argument("--kills", type=int, default=Plan.kills, help="how often a process of the bot is killed")
    parser.add_argument("--workers", type=int, default=Plan.workers, help="processes of the bot")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.port:
        asyncio.run(bot(wanted.database, wanted.port))
        return
    with tempfile.TemporaryDirectory() as folder:
        database = wanted.database or f"sqlite:///{Path(folder) / 'kefu.db'}"
        plan = Plan(database=database, turns=wanted.turns, kills=wanted.kills, workers=wanted.workers, seed=wanted.seed)
        figures = asdict(plan) | asyncio.run(run(plan))
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
