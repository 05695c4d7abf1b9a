"""How long do logs of a gigabyte take to be read, and how much memory? As figures.

    python -m benchmarks.logs                 a JSONL file and a CSV export of 1,024 MB each
    python -m benchmarks.logs --size 100      of so many MB each
    python -m benchmarks.logs --kind csv      of one kind alone

The logs are made: dialogues of four turns, English and Chinese, one in a hundred damaged in one of the ways that real
exports are (cut lines, GBK among UTF-8, NUL characters, unknown speakers, times that are none, quotation marks that are
never closed). In the CSV export the messages of a ticket stand far from each other. For each kind: seconds to read it
conversation by conversation, megabytes of the file in a second, the most memory that the process had, of which the
interpreter with all it imports is the first figure, and what was told to be wrong.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from finetune.logs import Problems, iter_logs

SEED = 20261127
#: Of the damaged rows: one in so many.
DAMAGED = 100
#: Tickets that are open at the same time in the CSV export.
OPEN = 2000
_MB = 1024**2
_ASKED = ("How long can I return the lamp with order {}?", "订单{}什么时候发货？已经等了三天了")
_TOLD = (
    "You can return it within 30 days, free of charge. " * 4,
    "您好，现货会在付款后24小时内发出，预售商品以页面为准。" * 4,
)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024, help="of each file, in MB")
    parser.add_argument("--kind", choices=("jsonl", "csv"), help="one kind of file alone")
    arguments = parser.parse_args()
    kinds: dict[str, Callable[[random.Random], Iterator[bytes]]] = {"jsonl": _dialogues, "csv": _rows}
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in kinds.items():
            if arguments.kind in (None, kind):
                path = Path(folder) / f"log.{kind}"
                _write(path, make(random.Random(SEED)), arguments.size * _MB)
                # In a process of its own: the most memory that a process had never goes down.
                reader = multiprocessing.get_context("spawn").Process(target=_read, args=(path,))
                reader.start()
                reader.join()
                path.unlink()


def _read(path: Path) -> None:
    before, problems, start = _peak(), Problems(), time.perf_counter()
    conversations = turns = 0
    for conversation in iter_logs([path], problems):
        conversations += 1
        turns += len(conversation.utterances)
    seconds, size = time.perf_counter() - start, path.stat().st_size / _MB
    print(f"{path.name}: {size:.0f} MB, {conversations} conversations, {turns} turns")
    print(f"  {seconds:.1f} s, {size / seconds:.1f} MB/s; {before:.0f} MB of memory before, {_peak():.0f} MB at most")
    for what, count in problems.counts.items():
        print(f"  {count:>8}  {what}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(path: Path, lines: Iterator[bytes], size: int) -> None:
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(next(lines))


def _turns(number: int, rng: random.Random) -> list[tuple[str, str, str]]:
    """Return (speaker, text, time) of a dialogue."""
    chinese = rng.random() < 0.5
    asked, told = _ASKED[chinese].format(rng.randrange(10**6)), _TOLD[chinese]
    at = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T09"
    return [
        ("customer", asked, f"{at}:00:00Z"),
        ("agent", told, f"{at}:02:00Z"),
        ("customer", asked[::-1], f"{at}:05:00Z"),
        ("agent", told, f"{at}:09:00Z"),
    ]


def _dialogues(rng: random.Random) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        turns = [{"speaker": who, "text": text, "at": at} for who, text, at in _turns(number, rng)]
        how = rng.randrange(5) if rng.random() < 1 / DAMAGED else None
        if how == 0:
            turns[1]["speaker"] = "boss"
        elif how == 1:
            turns[2]["at"] = "yesterday"
        elif how == 2:
            turns[0]["text"] = ""
        line = json.dumps({"id": number, "turns": turns}, ensure_ascii=False)
        if how == 3:
            line = line[: len(line) // 2]
        yield line.encode("gb18030" if how == 4 else "utf-8") + b"\n"


def _rows(rng: random.Random) -> Iterator[bytes]:
    yield b"ticket_id,id,created_at,body,sender,internal\n"
    open_tickets: list[list[tuple[int, tuple[str, str, str]]]] = []
    number = message = 0
    while True:
        while len(open_tickets) < OPEN:
            number += 1
            open_tickets.append([(number, turn) for turn in _turns(number, rng)])
        place = rng.randrange(OPEN)
        ticket, (who, text, at) = open_tickets[place].pop(0)
        if not open_tickets[place]:
            open_tickets[place] = open_tickets[-1]
            del open_tickets[-1]
        message += 1
        how = rng.randrange(5) if rng.random() < 1 / DAMAGED else None
        cells = [ticket, message, "yesterday" if how == 0 else at, text, "boss" if how == 1 else who, "false"]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
        line = out.getvalue()
        if how == 2:
            line = line.replace('","', '","\0')
        elif how == 3:
            line = line.replace(f'"{who}"', f'"{who}')
        yield line.encode("gb18030" if how == 4 else "utf-8")


if __name__ == "__main__":
    main()
