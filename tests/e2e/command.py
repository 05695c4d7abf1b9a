"""What the tests of the command share: the real `kefu`, started as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEFU = str(Path(sys.executable).with_name("kefu"))
#: Seconds; the first run on a machine exports the encoder, which takes most of a minute.
PATIENCE = 300

REFUND = "How long does a refund take?"
ENTRIES: list[dict[str, object]] = [
    {
        "id": "refund",
        "question": REFUND,
        "answer": "14 days.",
        "language": "en",
        "url": "https://shop.example/refund",
    },
    {"id": "refund", "question": "退款需要多久？", "answer": "14 天。", "language": "zh"},
    {"id": "track", "question": "How do I track my order?", "answer": "With the link in the mail.", "language": "en"},
    {"id": "track", "question": "如何查询订单物流？", "answer": "用邮件里的链接。", "language": "zh"},
    {"id": "red", "question": "Is the red lamp dimmable?", "answer": "The red one is.", "language": "en"},
    {"id": "blue", "question": "Is the blue lamp dimmable?", "answer": "The blue one is not.", "language": "en"},
    {"id": "pay", "question": "Which payment methods do you accept?", "answer": "Visa and PayPal.", "language": "en"},
    {
        "id": "old",
        "question": "Is there a summer sale?",
        "answer": "Yes!",
        "language": "en",
        "valid_until": "2020-08-31",
    },
]


@dataclass
class Desk:
    """A working directory with a small FAQ folder, where commands are run."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def with_entries(cls, folder: Path) -> Desk:
        """Write `ENTRIES` to ``faq/entries.jsonl`` below ``folder``."""
        (folder / "faq").mkdir(parents=True)
        # Far below what the entries' own questions have here, so that a finer calibration changes no test.
        desk = cls(folder, env={"KEFU_POLICY__ANSWER_FROM": "0.3", "KEFU_POLICY__CLARIFY_FROM": "0.2"})
        desk.write("faq/entries.jsonl", *ENTRIES)
        return desk

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, name: str, *rows: object) -> Path:
        """Write a file with a line for each row; what is no string is written as JSON."""
        path = self.folder / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return path

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command: nothing of the caller's that kefu or a terminal library reads."""
        foreign = ("KEFU_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONUTF8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "KEFU_STATE__FOLDER": str(self.state), **self.env, **env}

    def start(self, *arguments: str, program: Iterable[str] = (KEFU,), **env: str) -> subprocess.Popen[str]:
        """Start a command without waiting for its end."""
        return subprocess.Popen(
            [*program, *arguments],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *arguments: str, stdin: str = "", program: Iterable[str] = (KEFU,), **env: str) -> Ran:
        """Run a command to its end."""
        return ended(self.start(*arguments, program=program, **env), stdin)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        return json.loads(self.out)


def ended(process: subprocess.Popen[str], stdin: str = "", *, patience: float = PATIENCE) -> Ran:
    """Wait for the end of a command, at most ``patience`` seconds."""
    try:
        out, err = process.communicate(stdin, timeout=patience)
    finally:
        process.kill()
    return Ran(process.returncode, out, err)


def written(desk: Desk) -> dict[str, int]:
    """Every file of the index and when it was written."""
    return {str(path): path.stat().st_mtime_ns for path in (desk.state / "index").rglob("*")}
