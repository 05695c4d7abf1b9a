"""Making a reply again: with the index, the models and the settings that it came from, which are kept.

What a language model wrote is not written again: it might come out otherwise. The reply is made with quoted entries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from bot import __version__
from bot.app import responder_of, verbatim_of
from bot.calibration import Calibration
from bot.errors import RerunError
from bot.joining import joined, without
from bot.knowledge import KnowledgeSource
from bot.learned import Learned
from bot.library import Library, Progress
from bot.models import of_versions
from bot.responder import CombinedResponder
from bot.settings import Settings
from bot.types import Author, Reason, Reply
from bot.work import Record
from retrieval.build import open_index
from retrieval.errors import KefuError

#: How many versions of the knowledge are held open: replies that follow each other came from few.
OPEN = 4

#: Replies that no source and no policy made.
_MADE_ELSEWHERE = {Reason.FAILED: "the bot itself failed", Reason.TOO_FAST: "messages came too fast"}


@dataclass(kw_only=True)
class Rerun:
    """Makes replies again; what several of them came from is opened once."""

    settings: Settings
    _responders: dict[tuple[str, str], CombinedResponder] = field(default_factory=dict)
    _libraries: dict[str, Library] = field(default_factory=dict)

    async def reply(self, record: Record) -> Reply:
        """Return the reply of ``record``, made again; raises `RerunError` where something of it is gone."""
        if record.reply.reason in _MADE_ELSEWHERE:
            raise RerunError(f"It was not decided on: {_MADE_ELSEWHERE[record.reply.reason]}.")
        conversation = without(record.conversation, record.messages[:-1])
        return await self._responder(record).respond(conversation, joined(record.messages))

    def _responder(self, record: Record) -> CombinedResponder:
        name = (record.setup, json.dumps(dict(record.reply.versions), sort_keys=True))
        if name not in self._responders:
            try:
                self._responders[name] = self._made(record)
            except RerunError:
                raise
            except KefuError as error:
                raise RerunError(str(error)) from error
            if len(self._responders) > OPEN:
                del self._responders[next(iter(self._responders))]
        return self._responders[name]

    def _made(self, record: Record) -> CombinedResponder:
        if not record.setup or not record.messages:
            raise RerunError("The settings or the messages it came from are not kept.")
        setup = json.loads(record.setup)
        if setup["kefu"] != __version__:
            raise RerunError(f"It was made by kefu {setup['kefu']}, and this is {__version__}.")
        sections = {name: _with(getattr(self.settings, name), values) for name, values in setup["settings"].items()}
        settings = self.settings.model_copy(update=sections)
        library = self._library(settings)
        versions = dict(record.reply.versions)
        folder = settings.state.folder
        index = open_index(folder / "index", library.encoder, library.analyzer, version=versions.pop("knowledge"))
        zone = ZoneInfo(setup["settings"]["knowledge"]["time_zone"])
        source = KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=zone)
        learned = Learned(of_versions(folder / "models", library.encoder, versions))
        return responder_of(settings, source, learned, verbatim_of(settings))

    def _library(self, settings: Settings) -> Library:
        name = settings.retrieval.model_dump_json()
        if name not in self._libraries:
            self._libraries[name] = Library.load(settings, Progress())
        return self._libraries[name]


def _with(section: BaseModel, values: dict[str, Any]) -> BaseModel:
    """Return a section of the settings with ``values``; what it decides nothing with is as it is now."""
    parsed = type(section)(**values)
    return section.model_copy(update={name: getattr(parsed, name) for name in values})


def differences(before: Reply, now: Reply) -> list[str]:
    """Return in what two replies differ, as far as a customer or a report would see it.

    The text of one that a language model wrote is not compared.
    """
    names = ["text"] * (before.writing.by is Author.VERBATIM)
    names += ["action", "reason", "confidence", "language", "citations"]
    found = [name for name in names if getattr(before, name) != getattr(now, name)]
    scores = [[(c.id, round(c.confidence, 4)) for c in reply.candidates] for reply in (before, now)]
    return found + ["candidates"] * (scores[0] != scores[1])
