"""Whether replies come about again: turns of a bot whose knowledge is edited meanwhile, made again by `kefu explain`.

    python -m benchmarks.explain [--turns 1000] [--edits 50] [--json]

Conversations of several turns are held with the demo's FAQ, and between them entries are edited, added and removed.
Then `kefu explain --last N --rerun` makes every reply again, each from the version of the knowledge that it came from.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.common import FAQ, labelled
from bot.app import running
from bot.library import Library, Progress
from bot.settings import Knowledge, Settings, State
from bot.store.sql import SqlStore
from bot.types import Action, ConversationKey, Message
from connectors.mailbox import Mailbox


def _edit(faq: Path, number: int, chance: random.Random) -> None:
    """Change an entry, add one, or take one away again."""
    added = faq / "added.jsonl"
    rows = added.read_text("utf-8").splitlines() if added.exists() else []
    if number % 3 == 2 and rows:
        rows.pop(chance.randrange(len(rows)))
    elif number % 3 == 1:
        question = chance.choice([question.text for question in labelled("en")])
        row = {"id": f"added-{number}", "question": question, "answer": f"See note {number}.", "language": "en"}
        rows.append(json.dumps(row))
    else:
        page = faq / "en" / "warranty.yaml"
        page.write_text(page.read_text("utf-8").replace("2-year", f"{2 + number % 2}-year", 1) + f"# edit {number}\n")
        rows.append(json.dumps({"id": f"more-{number}", "question": f"What is note {number}?", "answer": "This one."}))
    added.write_text("".join(f"{row}\n" for row in rows), "utf-8")


async def _talk(settings: Settings, turns: int, edits: int) -> int:
    """Hold conversations, and return how many versions of the knowledge answered."""
    chance = random.Random(0)
    questions = [question.text for question in labelled("en", "zh")]
    library = Library.load(settings, Progress())
    index, _ = library.index(settings, Progress())
    mailbox, versions = Mailbox(), {index.version}
    async with (
        SqlStore.open(settings.state.address) as store,
        running(settings, library, index, store=store, connectors=[mailbox]) as bot,
    ):
        said = 0
        for edit in range(edits + 1):
            part = range(turns * edit // (edits + 1), turns * (edit + 1) // (edits + 1))

            async def converse(numbers: range) -> None:
                key = ConversationKey(channel=mailbox.name, thread=f"t{numbers.start}")
                for number in numbers:
                    text = chance.choice(questions)
                    message = Message(id=f"m{number}", conversation=key, text=text, at=datetime.now(UTC))
                    reply = await mailbox.ask(bot.submit, message)
                    versions.add(reply.versions["knowledge"])
                    if reply.action is Action.HAND_OFF:
                        await bot.hand_back(key)

            # Conversations of four turns, side by side.
            await asyncio.gather(*(converse(part[start : start + 4]) for start in range(0, len(part), 4)))
            said += len(part)
            if edit < edits:
                before = len(list((settings.state.folder / "index").glob("*/manifest.json")))
                _edit(settings.knowledge.sources[0], edit, chance)
                until = time.monotonic() + 30
                while len(list((settings.state.folder / "index").glob("*/manifest.json"))) == before:
                    if time.monotonic() > until:
                        break
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.2)
    return len(versions)


def run(turns: int, edits: int) -> dict[str, Any]:
    """Return how many replies came about again."""
    with tempfile.TemporaryDirectory() as folder:
        faq, state = Path(folder) / "faq", Path(folder) / "state"
        shutil.copytree(FAQ, faq, ignore=shutil.ignore_patterns("*.py", "eval", "training", "README.md"))
        settings = Settings(knowledge=Knowledge(sources=(faq,)), state=State(folder=state))
        versions = asyncio.run(_talk(settings, turns, edits))
        kept = len(list((state / "index").glob("*/manifest.json")))
        command = [sys.executable, "-c", "from bot.cli.main import main; main()", "explain"]
        options = ["--last", str(turns), "--rerun", "--json", "--state", str(state)]
        begun = time.monotonic()
        done = subprocess.run(command + options, capture_output=True, text=True, env=os.environ, check=False)
        seconds = time.monotonic() - begun
    rows = json.loads(done.stdout)
    differ = [row for row in rows if row["rerun"]["differs"]]
    return {
        "turns": len(rows),
        "edits": edits,
        "versions that answered": versions,
        "versions kept": kept,
        "the same": sum(not row["rerun"]["differs"] and "impossible" not in row["rerun"] for row in rows),
        "differ": len(differ),
        "not possible": sum("impossible" in row["rerun"] for row in rows),
        "exit code": done.returncode,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    figures = run(wanted.turns, wanted.edits)
    if wanted.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
