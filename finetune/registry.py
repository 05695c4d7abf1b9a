"""Which artefact of each kind is live: a file that names it, and those that were live before."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from finetune.artefact import Artefact, open_artefact
from finetune.errors import ArtefactError
from finetune.recipe import Kind

log = logging.getLogger(__name__)

#: The file below ``models/<kind>/``.
_LIVE = "live.json"

#: How many earlier ones can be rolled back to.
_REMEMBERED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """The artefacts below a folder."""

    models: Path

    def live(self, kind: Kind) -> str | None:
        """Return the version in use, None where there is none: a cheap look for a change by another process."""
        history = self._history(kind)
        return history[-1] if history else None

    def open(self, kind: Kind) -> Artefact | None:
        """Open the artefact in use, None where there is none; raises `ArtefactError` where it is not whole."""
        version = self.live(kind)
        return None if version is None else open_artefact(self.models / kind.value / version)

    def versions(self, kind: Kind) -> list[Artefact]:
        """Return all artefacts of a kind that are whole, oldest first; of the others a warning tells."""
        found = []
        folders = [path.parent for path in (self.models / kind.value).glob("*/artefact.json")]
        for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime):
            try:
                found.append(open_artefact(folder))
            except ArtefactError as error:
                log.warning("%s", error)
        return found

    def promote(self, kind: Kind, version: str) -> None:
        """Put ``version`` into use if it is not yet; raises `ArtefactError` where there is none, or it is not whole."""
        folder = self.models / kind.value / version
        if folder.name != version or not (folder / "artefact.json").is_file():
            raise ArtefactError(
                f"There is no version {version} of {kind.value}. See what was trained with: kefu models list"
            )
        open_artefact(folder)
        history = self._history(kind)
        if history[-1:] != [version]:  # or a rollback would change nothing
            self._write(kind, [*history, version])

    def rollback(self, kind: Kind) -> str | None:
        """Put what was in use before into use again, and return it; None where there was nothing before.

        Raises `ArtefactError` where nothing is in use.
        """
        try:
            history = self._history(kind)
        except ArtefactError:  # nobody can tell any more what was before
            (self.models / kind.value / _LIVE).unlink()
            return None
        if not history:
            raise ArtefactError(f"Nothing is in use as {kind.value}, so there is nothing to roll back.")
        before = history[:-1]
        if before:
            open_artefact(self.models / kind.value / before[-1])
        self._write(kind, before)
        return before[-1] if before else None

    def _history(self, kind: Kind) -> list[str]:
        path = self.models / kind.value / _LIVE
        try:
            history = json.loads(path.read_text("utf-8"))["versions"]
            if not isinstance(history, list) or not all(isinstance(version, str) for version in history):
                raise TypeError("versions")
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtefactError(f"{path} is damaged ({type(error).__name__}). Delete it, and promote again.") from error
        return [Path(version).name for version in history]

    def _write(self, kind: Kind, history: list[str]) -> None:
        path = self.models / kind.value / _LIVE
        beside = path.with_suffix(f".{os.getpid()}.new")  # another process may write at the same moment
        beside.write_text(json.dumps({"versions": history[-_REMEMBERED:]}, indent=2), "utf-8")
        os.replace(beside, path)
