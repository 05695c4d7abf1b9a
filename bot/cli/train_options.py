"""What the commands of `kefu train` have in common: options, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import UsageError

#: Whether `accelerate launch` started this process to help another one, which tells what there is to tell.
HELPS = os.environ.get("RANK", "0") != "0"

DevOption = Annotated[
    Path | None, typer.Option("--dev", metavar="FILE", help="Rows to choose by. Default: one in ten of the others.")
]
TestOption = Annotated[
    Path | None, typer.Option("--test", metavar="FILE", help="Rows that decide nothing, to report and to promote by.")
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Times the rows are seen, at most.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another setting of the recipe, such as batch=16; repeat it."),
]


def check_files(*files: Path | None) -> None:
    """Raise `UsageError` where one of them cannot be looked at, before torch is loaded, which takes seconds."""
    for file in filter(None, files):
        try:
            file.stat()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}.") from error


def recipe_values(
    kind: str, method: str, backbone: str, epochs: int | None, options: Sequence[str] | None
) -> dict[str, Any]:
    """Return what the options say of the recipe; what ``--set NAME=VALUE`` says counts most.

    Raises `UsageError` where one of ``options`` is something else.
    """
    values: dict[str, Any] = {"method": method, "backbone": backbone} | ({} if epochs is None else {"epochs": epochs})
    for option in options or ():
        name, equals, value = option.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {option}: expected NAME=VALUE, such as --set batch=16.")
        if name.strip() == "kind":
            raise UsageError(f"--set {option}: what is trained is said before the options: kefu train {value.strip()}")
        values[name.strip()] = value.strip()
    return values | {"kind": kind}
