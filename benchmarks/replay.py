"""How fast `kefu evaluate dialogues` replays a log, and how much memory it takes.

    python -m benchmarks.replay [--entries 10000] [--turns 10000] [--long 100000] [--json]

The log is made up: dialogues of four questions about the entries, typed in a hurry, each answered by an agent. In the
first run the answers name their entries; in the second they do not, so that what the bot says is compared with what
the agent wrote, a sentence of the entry. `turns a second` is that of the whole command, its start and its report
included; `replay alone` leaves these out. With ``--long`` the first is done once more on so many turns: the memory
shows whether it grows with the log.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import texts
from benchmarks.common import OUT
from benchmarks.speed import PEAK, kefu

#: Questions in a dialogue.
QUESTIONS = 4

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=10_000, help="how many entries the knowledge has")
    parser.add_argument("--turns", type=int, default=10_000, help="how many messages the log has")
    parser.add_argument("--long", type=int, default=0, help="how many a second, longer log has (default: none)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    folder = OUT / "replay"
    shutil.rmtree(folder / "runs", ignore_errors=True)
    entries = texts.generated(wanted.entries)
    texts.write(entries, folder / "faq" / "entries.jsonl")
    options = ("--faq", str(folder / "faq"), "--state", str(folder / "state"))
    subprocess.run(kefu("ingest", *options), check=True, stdout=subprocess.DEVNULL)
    figures: dict[str, dict[str, float]] = {}
    for name, turns, named in (
        ("by entry", wanted.turns, True),
        ("by text", wanted.turns, False),
        ("by entry, long", wanted.long, True),
    ):
        if not turns:
            continue
        log = folder / f"{name.replace(', ', '-').replace(' ', '-')}.jsonl"
        write(log, entries, turns, named=named)
        figures[name] = run(log, turns, folder / "runs" / log.stem, options)
        if not wanted.json:
            print(f"{name:16} " + "  ".join(f"{key} {value:,.2f}" for key, value in figures[name].items()), flush=True)
    if wanted.json:
        print(json.dumps(figures, indent=1))


def write(path: Path, entries: list[texts.Entry], turns: int, *, named: bool) -> None:
    """Write a log of ``turns`` questions; the answers have the ids of their entries if ``named``."""
    with path.open("w", encoding="utf-8") as file:
        for row in islice(dialogues(entries, named=named), turns // QUESTIONS):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def dialogues(entries: list[texts.Entry], *, named: bool) -> Iterator[dict[str, Any]]:
    """Yield dialogues for ever."""
    by_id = {entry.id: entry for entry in entries}
    asked, number = texts.typed(entries), 0
    while True:
        turns: list[dict[str, Any]] = []
        at = BEGIN + timedelta(minutes=number)
        for question in islice(asked, QUESTIONS):
            answer = by_id[question.id].answer
            said = answer if named else re.split(r"(?<=[.!?。！？])\s*", answer)[0]
            turns.append({"speaker": "customer", "text": question.text, "at": at.isoformat()})
            turns.append({"speaker": "agent", "text": said, "at": at.isoformat(), "action": "answer"})
            if named:
                turns[-1]["answer_id"] = question.id
        yield {"id": f"d{number}", "channel": ("web", "wechat")[number % 2], "turns": turns}
        number += 1


def run(log: Path, turns: int, report: Path, options: tuple[str, ...]) -> dict[str, float]:
    """Replay a log by the real command, and return its figures."""
    command = kefu("evaluate", "dialogues", "--data", str(log), "--report", str(report), "--json", *options)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"kefu evaluate dialogues failed:\n{done.stderr}")
    replayed = (report / "turns.jsonl").read_bytes().count(b"\n")
    if replayed != turns // QUESTIONS * QUESTIONS:
        raise RuntimeError(f"{replayed} turns of {turns} were replayed:\n{done.stderr}")
    return {
        "turns a second": replayed / took,
        "replay alone": json.loads(done.stdout)["speed"],
        "peak MB": int(done.stderr.split()[-1]) / 1024,
    }


if __name__ == "__main__":
    main()
