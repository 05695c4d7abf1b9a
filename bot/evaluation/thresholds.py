"""What `kefu calibrate` found, on disk: the thresholds the bot starts with, and what they were measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from bot.errors import SettingsError
from bot.evaluation.drift import Profile
from bot.evaluation.slices import REST

#: In the state folder.
FILE = "thresholds.json"

#: The threshold of a slice in which none keeps the budget: nothing is that sure.
NEVER = 1.0

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What was seen in a slice."""

    answer_from: Share
    turns: int
    #: Answers that are sent from there on, and those of them that are wrong.
    sent: int
    wrong: int
    #: The share of the turns that is answered.
    coverage: Share
    #: The share of the answers that is wrong at most, at the confidence of the whole; 1 where nothing is sent.
    at_most: Share
    #: The same with the thresholds that were in force.
    sent_before: int
    wrong_before: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """Thresholds that keep a budget: at ``confidence``, at most ``max_wrong`` of the answers is wrong in each slice."""

    max_wrong: Share
    confidence: Share
    #: By slice (`bot.evaluation.slices`); `REST` is for what is in no other.
    answer_from: Mapping[str, Share]
    #: By slice, of those that were measured.
    slices: Mapping[str, Measured]
    #: Names of the files of labelled turns, and the SHA-256 of what they hold, one after the other.
    files: tuple[str, ...]
    sha256: str
    #: Of the knowledge, and by kind of the models in use.
    versions: Mapping[str, str]
    #: How sure the bot was of the best candidates.
    profile: Profile
    at: datetime

    def json(self) -> str:
        """Return it as the file has it."""
        return json.dumps(_FORM.dump_python(self, mode="json"), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Thresholds | None:
        """Return those of a state folder, None where there are none; raises `SettingsError` where they are damaged."""
        path = folder / FILE
        try:
            found = _FORM.validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SettingsError(f"{path}: the file cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise SettingsError(_DAMAGED.format(path=path)) from error
        if REST not in found.answer_from:
            raise SettingsError(_DAMAGED.format(path=path))
        return found


_FORM = TypeAdapter(Thresholds)
_DAMAGED = "{path}: no thresholds as kefu writes them. Delete the file, or write it anew with: kefu calibrate"
