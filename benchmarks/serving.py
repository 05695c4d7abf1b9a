"""The real server under load: how fast it acknowledges, what it remembers, and what a second process brings.

    python -m benchmarks.serving acknowledge [--rate 200] [--seconds 60] [--database URL] [--workers N]
    python -m benchmarks.serving memory [--conversations 100000] [--rate 300]
    python -m benchmarks.serving scale --database postgresql://... [--seconds 10]

`acknowledge` sends signed messages at a fixed rate, whether the server keeps up or not, each of a customer of its own,
and measures from when each was due to be sent until its 200: the message is on the disk then. `memory` goes on until so
many conversations have begun and ended, and looks at the memory of the server. `scale` compares one process of
dispatchers with two that share a PostgreSQL, where each reply takes a while elsewhere, as with a language model: the
shorter that is, the nearer the database and the processor come to be the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.common import FAQ, labelled
from bot.dispatcher import Dispatcher
from bot.ports import Released, unseen
from bot.store.sql import SqlStore
from bot.types import Action, Conversation, ConversationKey, Message, Reason, Reply

SECRET = "shared with the benchmark"


class Program:
    """The other side of the generic channel: it takes replies."""

    def __init__(self) -> None:
        self.replies: dict[str, float] = {}
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take a reply, a note or a hand-over."""
        body = await request.json()
        if body["type"] == "reply":
            self.replies[body["in_reply_to"]] = time.monotonic()
        return web.Response()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/", self.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield
        await runner.cleanup()


@contextlib.asynccontextmanager
async def server(program: Program, folder: Path, database: str | None, workers: int) -> AsyncIterator[tuple[str, int]]:
    """Run `kefu serve` on the demo's FAQ, and yield its address and its process."""
    settings = {
        "KEFU_KNOWLEDGE__SOURCES": str(FAQ),
        "KEFU_KNOWLEDGE__WATCH": "false",
        "KEFU_STATE__FOLDER": str(folder),
        "KEFU_GENERIC__SECRET": SECRET,
        "KEFU_GENERIC__URL": program.url,
        "KEFU_SERVER__PORT": "0",
        "KEFU_SERVER__WORKERS": str(workers),
        "KEFU_DISPATCHER__WAITING": "100000",
    }
    if database:
        settings["KEFU_STATE__DATABASE"] = database
    command = (sys.executable, "-c", "from bot.cli.main import main; main()", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | settings, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    address = ""
    while not address:
        line = (await process.stderr.readline()).decode()
        if not line:
            raise RuntimeError("the server did not start")
        found = re.search(r"listening at (http://[\d.:]+)", line)
        address = found[1] if found else ""
    reading = asyncio.create_task(_read_on(process.stderr))
    try:
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        reading.cancel()


async def _read_on(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


async def _send(http: aiohttp.ClientSession, address: str, thread: str, id_: str, text: str) -> int:
    body = json.dumps({"type": "message", "id": id_, "conversation": thread, "text": text}).encode()
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Kefu-Timestamp": stamp,
        "X-Kefu-Signature": f"sha256={mac}",
    }
    async with http.post(f"{address}/webhooks/generic", data=body, headers=headers) as response:
        await response.read()
        return response.status


async def _load(
    program: Program, address: str, rate: float, count: int, told: dict[int, float] | None = None, pid: int = 0
) -> tuple[list[float], dict[str, float], int]:
    """Send ``count`` messages at ``rate``; return seconds to each 200, when each was due, and how many failed."""
    texts = [question.text for question in labelled("en", "zh")]
    taken: list[float] = []
    due: dict[str, float] = {}
    failed = 0
    begun = time.monotonic()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def one(number: int, at: float) -> None:
            nonlocal failed
            id_ = uuid.uuid4().hex
            due[id_] = at
            status = await _send(http, address, f"c{id_}", id_, texts[number % len(texts)])
            taken.append(time.monotonic() - at)
            failed += status != 200

        tasks: set[asyncio.Task[None]] = set()
        for number in range(count):
            at = begun + number / rate
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            task = asyncio.create_task(one(number, at))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if told is not None and number % (count // 10) == 0:
                told[number] = _megabytes(pid)
        await asyncio.gather(*tasks)
        while len(program.replies) < count - failed and time.monotonic() - begun < count / rate + 120:
            await asyncio.sleep(0.1)
    return taken, due, failed


def _megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError("no such process")


def _milliseconds(values: list[float], part: float) -> float:
    return round(sorted(values)[min(int(len(values) * part), len(values) - 1)] * 1000, 1)


async def acknowledge(rate: float, seconds: float, database: str | None, workers: int) -> dict[str, float]:
    """Return how long acknowledgements took, and replies."""
    program = Program()
    with tempfile.TemporaryDirectory() as folder:
        async with program.listening(), server(program, Path(folder), database, workers) as (address, _):
            await _load(program, address, rate / 4, int(rate))  # caches and tables are made
            program.replies.clear()
            taken, due, failed = await _load(program, address, rate, int(rate * seconds))
    replies = [at - due[id_] for id_, at in program.replies.items() if id_ in due]
    return {
        "messages": len(taken),
        "failed": failed,
        "replied": len(replies),
        "acknowledged, median ms": _milliseconds(taken, 0.5),
        "acknowledged, p99 ms": _milliseconds(taken, 0.99),
        "acknowledged, slowest ms": _milliseconds(taken, 1),
        "replied, median ms": _milliseconds(replies, 0.5),
        "replied, p99 ms": _milliseconds(replies, 0.99),
    }


async def memory(conversations: int, rate: float) -> dict[str, float]:
    """Return the server's memory in MB as conversations come and go."""
    program = Program()
    told: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with program.listening(), server(program, Path(folder), None, 1) as (address, pid):
            _, _, failed = await _load(program, address, rate, conversations, told, pid)
            told[conversations] = _megabytes(pid)
    return {f"after {number} conversations, MB": size for number, size in told.items()} | {"failed": failed}


# --- what a second process brings ------------------------------------------------------------------------------------


class Elsewhere:
    """Answers after a while in which something else works on it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def respond(self, conversation: Conversation, message: Message, released: Released = unseen) -> Reply:
        """Return the one reply."""
        await asyncio.sleep(self._seconds)
        return _reply(message)


class Nowhere:
    """A connector whose channel takes everything at once."""

    name = "nowhere"

    async def deliver(self, reply: Reply, *, again: bool) -> None:
        """Take it."""

    async def note(self, reply: Reply, text: str, *, again: bool) -> None:
        """Take it."""

    async def hand_over(self, reply: Reply, *, again: bool) -> None:
        """Take it."""


def _reply(message: Message) -> Reply:
    return Reply(
        id=uuid.uuid4().hex,
        conversation=message.conversation,
        in_reply_to=message.id,
        text=message.text,
        action=Action.ANSWER,
        reason=Reason.CONFIDENT,
        confidence=1.0,
        language="en",
    )


async def _work(database: str, seconds: float, concurrency: int) -> None:
    """Be one process of dispatchers, until it is stopped."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        SqlStore.open(database) as store,
        Dispatcher(
            store, Elsewhere(seconds), {"nowhere": Nowhere()}, fallback=_reply, concurrency=concurrency, pause=0.05
        ),
    ):
        await stop.wait()


async def _done_in(database: str, processes: int, wait: float, count: int) -> float:
    """Return how many messages a second are answered."""
    async with SqlStore.open(database) as store:
        now = datetime.now(UTC)
        keys = [ConversationKey(channel="nowhere", thread=uuid.uuid4().hex) for _ in range(count)]
        some = asyncio.Semaphore(32)

        async def accept(key: ConversationKey) -> None:
            async with some:
                await store.accept(Message(id="1", conversation=key, text="hello", at=now))

        await asyncio.gather(*map(accept, keys))
        command = (sys.executable, "-m", "benchmarks.serving", "work", "--database", database, "--wait", str(wait))
        running = [await asyncio.create_subprocess_exec(*command) for _ in range(processes)]
        while (await store.counts()).waiting > count * 0.9:  # all of them have begun
            await asyncio.sleep(0.02)
        begun, first = time.monotonic(), (await store.counts()).waiting
        while (last := (await store.counts()).waiting) > count * 0.1:
            await asyncio.sleep(0.05)
        rate = (first - last) / (time.monotonic() - begun)
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            await process.wait()
        for key in keys:
            await store.forget(key)
    return rate


async def scale(database: str, runs: int) -> dict[str, float]:
    """Return messages a second of one process and of two, by how long a reply takes elsewhere."""
    figures: dict[str, float] = {}
    for wait, count in ((0.5, 600), (0.2, 1200), (0.1, 2000), (0.05, 3000), (0.0, 4000)):
        one = statistics.median([await _done_in(database, 1, wait, count) for _ in range(runs)])
        two = statistics.median([await _done_in(database, 2, wait, count) for _ in range(runs)])
        name = f"{wait * 1000:.0f} ms elsewhere"
        figures |= {f"{name}, one": round(one, 1), f"{name}, two": round(two, 1), f"{name}, ratio": round(two / one, 2)}
    return figures


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("acknowledge", "memory", "scale", "work"))
    parser.add_argument("--rate", type=float, help="messages a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database", help="address of a database; a new SQLite file where none is given")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3, help="of each, of which the median is told")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--wait", type=float, default=0.0, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    match wanted.what:
        case "acknowledge":
            figures = asyncio.run(acknowledge(wanted.rate or 200, wanted.seconds, wanted.database, wanted.workers))
        case "memory":
            figures = asyncio.run(memory(wanted.conversations, wanted.rate or 300))
        case "scale":
            figures = asyncio.run(scale(wanted.database, wanted.runs))
        case _:
            asyncio.run(_work(wanted.database, wanted.wait, 16))
            return
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:40} {value}")


if __name__ == "__main__":
    main()
