"""What the tests of `kefu evaluate` share: the command as the entry point runs it, and what it printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli.evaluate_labels import KINDS, labelled
from bot.cli.evaluate_retrieval import retrieval
from bot.cli.main import answered

app = typer.Typer()
app.command("retrieval")(retrieval)
for _kind in KINDS:
    app.command(_kind)(labelled)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run a command below `kefu evaluate`."""
    code = answered(lambda: app([str(argument) for argument in arguments], standalone_mode=False) or 0)
    return Ran(code, *capsys.readouterr())


def write(path: Path, *rows: object) -> Path:
    """Write a row on each line, as JSON where it is no text."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path
