"""Where what is trained goes: whatever is wrong with the place is told before training, and not hours later."""

from __future__ import annotations

from pathlib import Path

from finetune.errors import PlaceError
from retrieval.disk import folder_beside


def check_new(folder: Path) -> None:
    """Raise `PlaceError` where ``folder`` holds something already, or cannot be made."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise PlaceError(f"{folder} is there already. Name another folder with --out, or delete it.")
    check_writable(folder.parent)


def check_writable(folder: Path) -> None:
    """Raise `PlaceError` where nothing can be written to ``folder``, which is made if it is not there."""
    try:
        with folder_beside(folder, "training-"):
            pass
    except OSError as error:
        raise PlaceError(f"{error.filename}: {error.strerror}. Name another folder with --out.") from error
