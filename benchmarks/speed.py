"""How fast kefu is, and how much memory it takes, on this machine: each figure beside its bar.

    python -m benchmarks.speed [--entries 10000] [--texts FILE.jsonl] [--only NAME] [--json]

The bars are meant for two cores with nothing else to do. Machines differ, and one differs from hour to hour: what the
encoder alone takes is told beside, and the load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from benchmarks import texts
from benchmarks.common import FAQ, OUT, percentile, tools
from benchmarks.customers import Customers, warm_bot
from retrieval.encoder import available_cores

#: Questions asked one after the other, asked by many at once, and typed into the terminal.
ALONE, TOGETHER, TYPED = 1000, 3000, 300

#: Conversations at once.
CONVERSATIONS = 64

#: Runs of a command whose time is told.
RUNS = 7

#: Runs a command under a small parent: a child's peak counts what it shared with its parent before it became a command.
PEAK = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What was measured."""

    name: str
    value: float
    unit: str
    #: What it should at most be, or at least where ``more_is_better``; None for a figure without one.
    bar: float | None = None
    more_is_better: bool = False

    def __str__(self) -> str:
        """One line of the report."""
        line = f"{self.name:<48} {self.value:>8,.2f} {self.unit:<9}"
        if self.bar is None:
            return line.rstrip()
        met = self.value >= self.bar if self.more_is_better else self.value <= self.bar
        return f"{line} bar {'>=' if self.more_is_better else '<='} {self.bar:<5g} {'met' if met else 'MISSED'}"


class Place:
    """Where the entries and what is built of them lie, and questions about them."""

    def __init__(self, entries: Sequence[texts.Entry]) -> None:
        """Write ``entries`` where the commands find them."""
        self.entries = len(entries)
        self.faq, self.state = OUT / "speed" / "faq", OUT / "speed" / "state"
        texts.write(entries, self.faq / "entries.jsonl")
        self._asked = (asked.text for asked in texts.typed(entries))

    def questions(self, count: int) -> list[str]:
        """Return questions that were not asked yet: a repeated one would come from a cache."""
        return list(islice(self._asked, count))

    @property
    def options(self) -> tuple[str, ...]:
        """What tells a command to use the entries."""
        return ("--faq", str(self.faq), "--state", str(self.state))


def reply(place: Place) -> Iterator[Figure]:
    """Measure one reply after the other, from a message to its mailbox."""

    async def replies(first: bool) -> list[float]:
        async with warm_bot(place.faq, place.state, place.questions(100)) as bot:
            customers, times = Customers(bot), []
            for text in place.questions(ALONE):
                start = time.perf_counter()
                await customers.ask(text, "" if first else "one")
                times.append((time.perf_counter() - start) * 1000)
        return times

    for name, first, bars in (("first message", True, (5.0, 12.0)), ("later message", False, (None, None))):
        times = asyncio.run(replies(first))
        for percent, bar in zip((50, 99), bars, strict=True):
            yield Figure(name=f"reply to a {name}, p{percent}", value=percentile(times, percent), unit="ms", bar=bar)
    encoder, times = tools()[0], []
    for text in place.questions(ALONE):
        start = time.perf_counter()
        encoder.encode([text], kind="query")
        times.append((time.perf_counter() - start) * 1000)
    yield Figure(name="the encoder alone, p50", value=percentile(times, 50), unit="ms")


def throughput(place: Place) -> Iterator[Figure]:
    """Measure replies to many conversations, each of which goes on as soon as its reply came."""

    async def measured(first: bool) -> float:
        questions = iter(place.questions(TOGETHER))
        async with warm_bot(place.faq, place.state, place.questions(100)) as bot:
            customers = Customers(bot)

            async def converse(thread: str) -> None:
                for text in questions:
                    await customers.ask(text, thread)

            start = time.perf_counter()
            await asyncio.gather(*(converse("" if first else str(number)) for number in range(CONVERSATIONS)))
            return TOGETHER / (time.perf_counter() - start)

    for name, first, bar in (("first messages", True, None), ("conversations", False, 400.0)):
        value = asyncio.run(measured(first))
        yield Figure(
            name=f"{CONVERSATIONS} {name} at once", value=value, unit="replies/s", bar=bar, more_is_better=True
        )
    encoder, asked = tools()[0], place.questions(TOGETHER)
    start = time.perf_counter()
    encoder.encode(asked, kind="query")
    value = TOGETHER / (time.perf_counter() - start)
    yield Figure(name="the encoder alone, on all cores", value=value, unit="texts/s", more_is_better=True)


def ingest(place: Place) -> Iterator[Figure]:
    """Measure the index built from nothing, and once more without any change."""
    shutil.rmtree(place.state, ignore_errors=True)
    for name, bar in (("from nothing", 25.0), ("again", 2.0)):
        yield Figure(name=f"kefu ingest, {name}", value=_seconds("ingest", *place.options), unit="s", bar=bar)


def ask(place: Place) -> Iterator[Figure]:
    """Measure one answer from a shell, everything loaded for it."""
    demo = ("--faq", str(FAQ), "--state", str(OUT / "speed" / "demo"))
    for name, options in (("faq_data", demo), (f"{place.entries:,} entries", place.options)):
        _seconds("ingest", *options)
        times = [_seconds("ask", text, *options) for text in place.questions(RUNS)]
        yield Figure(name=f"kefu ask, {name}", value=statistics.median(times), unit="s", bar=1.5)


def start(place: Place) -> Iterator[Figure]:
    """Measure the help page, which loads nothing."""
    value = statistics.median(_seconds("--help") for _ in range(RUNS))
    yield Figure(name="kefu --help", value=value, unit="s", bar=0.4)


def memory(place: Place) -> Iterator[Figure]:
    """Measure the most that a conversation in the terminal takes."""
    _seconds("ingest", *place.options)
    lines = "".join(f"{text}\n" for text in place.questions(TYPED))
    command = [sys.executable, "-c", PEAK, *kefu("chat", *place.options)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=True)
    answered, peak = done.stdout.count("\n"), int(done.stderr.split()[-1])
    if answered != TYPED:
        raise RuntimeError(f"kefu chat gave {answered} replies to {TYPED} lines:\n{done.stderr}")
    yield Figure(name=f"kefu chat, peak memory over {TYPED} replies", value=peak / 1024, unit="MB", bar=400.0)


BENCHMARKS: dict[str, Callable[[Place], Iterator[Figure]]] = {
    "ingest": ingest,
    "reply": reply,
    "throughput": throughput,
    "ask": ask,
    "start": start,
    "memory": memory,
}


def kefu(*arguments: str) -> list[str]:
    """Return the installed command with ``arguments``."""
    return [str(Path(sysconfig.get_path("scripts")) / "kefu"), *arguments]


def _seconds(*arguments: str) -> float:
    """Return how long the command takes, its own start included."""
    start = time.perf_counter()
    subprocess.run(kefu(*arguments), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000, help="how many entries to serve (default: 10000)")
    parser.add_argument("--texts", type=Path, help='JSONL file with {"question", "answer"} or {"text"} rows to serve')
    parser.add_argument("--only", choices=BENCHMARKS, help="measure only this")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args()
    entries = texts.from_file(options.texts, options.entries) if options.texts else texts.generated(options.entries)
    place = Place(entries)
    _seconds("search", "parcel")  # exports the encoder where nobody did yet
    about = {"entries": len(entries), "cores": available_cores(), "python": platform.python_version()}
    load = os.getloadavg()[0]
    if not options.json:
        print(f"{about['entries']:,} entries, {about['cores']} cores, Python {about['python']}, load {load:.2f}")
    figures = []
    for benchmark in [options.only] if options.only else BENCHMARKS:
        for figure in BENCHMARKS[benchmark](place):
            figures.append(figure)
            if not options.json:
                print(figure, flush=True)
    if options.json:
        print(json.dumps(about | {"load": load, "figures": [asdict(figure) for figure in figures]}, indent=2))


if __name__ == "__main__":
    main()
