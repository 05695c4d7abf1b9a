"""Every turn is answered in time, and once, whatever becomes of the language model.

    python -m benchmarks.generator_faults [--fault NAME ...] [--json]

For each fault a model server in a process of its own, and 50 conversations at once with 5 turns each, through the real
dispatcher, SQLite and the composer of the settings. When a third of the turns is answered, the server falls ill: it is
killed or frozen, or it hangs, breaks off or answers garbage from then on. Half a minute after the last turn it is well
again (started anew, where it was killed), and each conversation has two more turns; the second is written again.

* ``lost``: turns without a reply, ``twice``: with more than one; ``latest``: seconds from a message to its reply;
* ``written``: by the model, ``verbatim``: what is quoted without one, letter for letter; ``other``: anything else;
* ``breaker``: whether the server was left alone for a while; ``again``: written of the last turns.

The exit code is 1 where a turn is lost, answered twice, in other words, or later than deadline and margin.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.common import FAQ, index_of, tools
from benchmarks.generator_ill import FAULTS, FROZEN, KILLED, Machine
from bot.app import responder_of, verbatim_of
from bot.calibration import Calibration
from bot.dispatcher import Dispatcher
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.settings import Settings
from bot.settings_generator import Generator
from bot.store.sql import SqlStore
from bot.types import Action, Author, Conversation, ConversationKey, Message, Reason, Reply
from retrieval.ingest import read_sources

CONVERSATIONS, TURNS = 50, 5

#: Seconds: of `generator.deadline_seconds`; of everything else, while 50 turns are worked on at once; and after which a
#: turn without a reply is lost.
DEADLINE, MARGIN, LOST = 3.0, 2.0, 60.0

#: Seconds after which a server that failed is asked again, and a bit.
REST = 31.0


class Desk:
    """The channel of the customers: it asks, and keeps every reply that comes."""

    name = "desk"

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.seconds: dict[str, float] = {}
        self.asked: dict[str, str] = {}
        #: Set when so many turns were answered.
        self.third = asyncio.Event()
        self._arrived: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Take a reply."""
        self.replies[reply.in_reply_to].append(reply)
        self._arrived[reply.in_reply_to].set()
        if len(self.replies) >= CONVERSATIONS * TURNS // 3:
            self.third.set()

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Tell nobody: nothing is handed over."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Ask nobody."""

    async def ask(self, dispatcher: Dispatcher, thread: str, text: str) -> None:
        """Ask, and wait for the reply."""
        id_ = uuid.uuid4().hex
        self.asked[id_] = text
        key, start = ConversationKey(channel=self.name, thread=thread), time.monotonic()
        await dispatcher.submit(Message(id=id_, conversation=key, text=text, at=datetime.now(UTC)))
        try:
            async with asyncio.timeout(LOST):
                await self._arrived[id_].wait()
        except TimeoutError:
            return
        self.seconds[id_] = time.monotonic() - start


def _failed(message: Message) -> Reply:
    return Reply(
        id=uuid.uuid4().hex,
        conversation=message.conversation,
        in_reply_to=message.id,
        text="",
        action=Action.HAND_OFF,
        reason=Reason.FAILED,
        confidence=0.0,
        language="en",
    )


@dataclass(frozen=True)
class Knowledge:
    """What is asked for in each language, and what is said without a model."""

    source: KnowledgeSource
    questions: dict[str, list[str]]
    answers: dict[str, str]


async def knowledge() -> Knowledge:
    """Return the demo shop, and the questions of its entries that are answered."""
    encoder, analyzer = tools()
    passages = read_sources([FAQ]).passages
    source = KnowledgeSource(
        index_of(passages, encoder, analyzer), calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC")
    )
    settings = Settings()
    quoting = responder_of(settings, source, Learned(Models()), verbatim_of(settings))
    questions: dict[str, list[str]] = defaultdict(list)
    answers: dict[str, str] = {}
    for passage in passages:
        if passage.valid_from or passage.valid_until:
            continue
        key = ConversationKey(channel="desk", thread="before")
        message = Message(id="before", conversation=key, text=passage.question, at=datetime.now(UTC))
        reply = await quoting.respond(Conversation(key=key), message)
        if reply.action is Action.ANSWER and passage.question not in answers:
            questions[passage.language].append(passage.question)
            answers[passage.question] = reply.text
    return Knowledge(source, dict(questions), answers)


@asynccontextmanager
async def _bot(known: Knowledge, port: int, database: Path, desk: Desk) -> AsyncIterator[tuple[Dispatcher, SqlStore]]:
    url = f"http://127.0.0.1:{port}/v1"
    settings = Settings(generator=Generator(url=url, model="copy", deadline_seconds=DEADLINE))
    responder = responder_of(settings, known.source, Learned(Models()))
    async with (
        SqlStore.open(f"sqlite:///{database}") as store,
        Dispatcher(store, responder, {desk.name: desk}, fallback=_failed, concurrency=CONVERSATIONS) as dispatcher,
    ):
        yield dispatcher, store


async def one(fault: str, known: Knowledge, database: Path, at_work: asyncio.Lock) -> dict[str, Any]:
    """Return what became of the turns under ``fault``; one goes through the lock at a time, others rest meanwhile."""
    machine, desk = Machine(), Desk()
    async with AsyncExitStack() as stack:
        stack.callback(machine.kill)
        async with at_work:
            await machine.ready()
            dispatcher, store = await stack.enter_async_context(_bot(known, machine.port, database, desk))

            async def ask(number: int, turn: int) -> None:
                texts = known.questions[("en", "zh")[number % 2]]
                await desk.ask(dispatcher, f"c{number}", texts[(number + 7 * turn) % len(texts)])

            async def converse(number: int) -> None:
                for turn in range(TURNS):
                    await ask(number, turn)

            talking = asyncio.gather(*map(converse, range(CONVERSATIONS)))
            await desk.third.wait()
            await machine.falls_ill(fault)
            await talking
        await asyncio.sleep(REST)
        async with at_work:
            await machine.recovers(fault)
            for turn in (TURNS, TURNS + 1):
                before = set(desk.asked)
                await asyncio.gather(*(ask(number, turn) for number in range(CONVERSATIONS)))
            await dispatcher.idle()
            left = len(await store.unfinished()) + len(await store.outbox())
    return _found(fault, desk, known, last=set(desk.asked) - before) | {"left": left}


def _found(fault: str, desk: Desk, known: Knowledge, last: set[str]) -> dict[str, Any]:
    firsts = {id_: replies[0] for id_, replies in desk.replies.items()}
    written = {id_ for id_, reply in firsts.items() if reply.writing.by is Author.GENERATOR}
    quoted = {
        id_ for id_, reply in firsts.items() if id_ not in written and reply.text == known.answers[desk.asked[id_]]
    }
    return {
        "fault": fault,
        "turns": len(desk.asked),
        "lost": len(desk.asked.keys() - desk.seconds.keys()),
        "twice": sum(len(replies) > 1 for replies in desk.replies.values()),
        "written": len(written),
        "verbatim": len(quoted),
        "other": len(firsts) - len(written) - len(quoted),
        "latest": round(max(desk.seconds.values()), 2),
        "breaker": any(reply.writing.why == "circuit_open" for reply in firsts.values()),
        "again": len(written & last),
    }


def wrong(row: dict[str, Any]) -> bool:
    """Whether a turn was lost, doubled, late or answered in words that stand nowhere."""
    return any(row[name] for name in ("lost", "twice", "other", "left")) or row["latest"] > DEADLINE + MARGIN


async def run(faults: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each fault."""
    known, at_work = await knowledge(), asyncio.Lock()
    with tempfile.TemporaryDirectory() as folder:
        found = [one(fault, known, Path(folder) / f"{number}.db", at_work) for number, fault in enumerate(faults)]
        return await asyncio.gather(*found)


def main() -> int:
    """Run it."""
    every = [KILLED, FROZEN, *FAULTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", nargs="+", choices=every, default=every, help="one or some; by default all")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args()
    rows = asyncio.run(run(given.fault))
    if given.json:
        print(json.dumps({"deadline": DEADLINE, "margin": MARGIN, "faults": rows}, indent=1))
    else:
        names = [name for name in rows[0] if name != "fault"]
        print(f"{'fault':24}" + "".join(f"{name:>9}" for name in names))
        for row in rows:
            print(f"{row['fault']:24}" + "".join(f"{row[name]!s:>9}" for name in names))
    return 1 if any(map(wrong, rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
