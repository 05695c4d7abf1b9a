"""What the commands of `kefu train` have in common: options, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import UsageError

#: Whether `accelerate launch` started this process to help another one, which tells what there is to tell.
HELPS = os.environ.get("RANK", "0") != "0"

DevOption = Annotated[
    Path | None, typer.Option("--dev", metavar="FILE", help="Rows to choose by. Default: one in ten of the others.")
]
EpochsOption = Annotated[int | None, typer.Option("--epochs", metavar="N", help="Times the rows are seen, at most.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Another setting of the recipe, such as batch=16; repeat it."),
]


def lend_a_hand(work: Callable[[], object]) -> None:
    """Do this process's share of a training, which another process tells of."""
    from finetune.run import Helped

    with suppress(Helped):
        work()


def check_files(option: str, train: Sequence[Path], dev: Path | None, test: Path | None) -> None:
    """Raise `UsageError` where a file cannot be looked at, or is given twice, before torch is loaded.

    ``option`` is the one that names those of ``train``; twice among these is a way to weigh rows.
    """
    files = {option: train, "--dev": [dev] if dev else [], "--test": [test] if test else []}
    options: dict[tuple[int, int], str] = {}
    for name, file in ((name, file) for name, some in files.items() for file in some):
        try:
            about = file.stat()
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}.") from error
        first = options.setdefault((about.st_dev, about.st_ino), name)
        if first != name:
            raise UsageError(
                f"{name} {file} is the file of {first} too. Figures on rows that were learned from or chosen by tell "
                f"nothing of new texts: give {name} rows of its own."
            )


def recipe_values(
    kind: str, method: str, backbone: str, epochs: int | None, options: Sequence[str] | None
) -> dict[str, Any]:
    """Return what the options say of the recipe.

    Raises `UsageError` where one of ``options`` is no ``NAME=VALUE``, or says again what is said already.
    """
    values: dict[str, Any] = {"method": method, "backbone": backbone} | ({} if epochs is None else {"epochs": epochs})
    for option in options or ():
        name, equals, value = (part.strip() for part in option.partition("="))
        if not equals or not name:
            raise UsageError(f"--set {option}: expected NAME=VALUE, such as --set batch=16.")
        if name == "kind":
            raise UsageError(f"--set {option}: what is trained is said before the options: kefu train {value}")
        if name in values:
            raise UsageError(
                f"--set {option}: {name} is {values[name]} already, by its own option or another --set. Say it once."
            )
        values[name] = value
    return values | {"kind": kind}
