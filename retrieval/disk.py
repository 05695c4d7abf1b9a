"""What is written to disk whole or not at all: made in a folder beside its place, moved there by one rename."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds after which a folder that was begun and not moved belongs to a run that was killed: the longest work, an
#: export, takes minutes, and what another process is writing must not be taken from it.
ABANDONED = 24 * 3600


@contextmanager
def folder_beside(parent: Path, prefix: str) -> Iterator[Path]:
    """Give an empty folder in ``parent`` to write in; if it is not moved away, it is removed.

    So are those that killed runs left there under the same ``prefix``.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # another process removes it too
            if left.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(left)
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    work.chmod(stat.S_IMODE(parent.stat().st_mode))  # a bot of another user reads what its trainer wrote
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
