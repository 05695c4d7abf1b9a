"""The wiring of what was trained: artefacts on disk to models in use, and an eye on which those are.

With them goes the language model of the settings that writes in this process, trained or as it came.

Nothing of training is imported before there is an artefact.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bot.aside import aside
from bot.generator.inside import Inside
from bot.generator.turns import Turns
from bot.learned import Learned, Models
from bot.settings_generator import Generator
from retrieval.encoder import Encoder
from retrieval.errors import MissingExtraError, told
from retrieval.text import detect_language

if TYPE_CHECKING:
    from finetune.answers.matcher import Matcher
    from finetune.artefact import Artefact
    from finetune.entities.tagger import Tagger
    from finetune.generator.speaker import Speaker, Speakers
    from finetune.labels.classifier import Classifier

log = logging.getLogger(__name__)
R = TypeVar("R")

#: Of the files that name what is in use: for each kind what changes when another artefact is put into use; None where
#: none ever was.
Stamps = tuple[tuple[int, int] | None, ...]

#: The kinds of artefacts, as their folders are named: those that read messages, and with what writes replies.
READERS = ("answers", "intents", "sentiment", "entities")
KINDS = (*READERS, "generator")

#: How often the bot looks whether something else was put into use, in seconds. It asks for the date of five files:
#: that needs no folder to be there, and sees what another machine writes to a shared one.
LOOK_SECONDS = 1.0

#: Of a text with a larger share of unknown tokens an encoder says something all the same, and a model would believe it.
MOST_UNKNOWN = 0.25
#: Frequent words. An encoder that lacks more of them than that reads no Chinese, whatever it knows of a short message.
_CHINESE = "请问我想知道怎么查询订单的物流和快递什么时候能到，可以退款、换货或者开发票吗"


@dataclass(frozen=True, kw_only=True, slots=True)
class InUse:
    """What is in use, and how to see that it no longer is."""

    models: Models = field(default_factory=Models)
    #: From before the files were read.
    stamps: Stamps = (None,) * len(KINDS)


class Generators:
    """Language models that write in this process, by the settings."""

    def __init__(self, settings: Generator) -> None:
        """Load nothing yet."""
        self._settings = settings
        self._speakers: Speakers | None = None
        # All that are opened share it: one writes at a time, also while another one is put into use.
        self._turns = Turns(at_once=1, deadline=settings.deadline_seconds)

    def open(self, artefact: Artefact | None) -> Inside | None:
        """Return what writes with an artefact, or, without one, with the model of the settings; None without either.

        Raises `ArtefactError` or `BackboneError` where it cannot be opened, `MissingExtraError` where nothing can.
        """
        if artefact is None and not self._settings.model:
            return None
        try:
            from finetune.errors import BackboneError
            from finetune.generator.speaker import Speakers
        except ImportError as error:
            raise MissingExtraError(str(error.name), "train") from error
        self._speakers = self._speakers or Speakers(self._settings.model)
        try:
            speaker = self._speakers.of(artefact) if artefact else self._speakers.plain()
        except BackboneError as error:
            if artefact is None or self._settings.model:
                raise
            raise BackboneError(
                f"{error.detail} {artefact.version} was trained on it: where it lies elsewhere now, name that in "
                "generator.model."
            ) from error
        _warm(speaker)
        write = partial(speaker.write, most=self._settings.max_tokens, temperature=self._settings.temperature)
        return Inside(write, self._turns)


def _warm(speaker: Speaker) -> None:
    """Write a token in each language: what cannot write fails here, and what prompts begin with is computed."""
    import bot.generator.draft  # noqa: F401  now, and not with the first reply
    from bot.generator.composer import WRITTEN
    from bot.generator.prompt import messages

    for language in WRITTEN:
        speaker.write(messages("?", (), language), lambda piece: None, most=1)


def in_use(folder: Path, encoder: Encoder, before: InUse, generators: Generators | None = None) -> InUse:
    """Open what is in use of the artefacts in ``folder``, and take over from ``before`` what still is.

    Where an artefact cannot be opened, the earlier one of its kind stays, and a warning says what to do. Without
    ``generators`` no generator is opened. The model of the settings writes alone only where no generator is in use:
    whoever put one into use did not ask for the model as it came.
    """
    stamps = _stamps(folder)
    models, versions = before.models, dict(before.models.versions)
    for kind, stamp, earlier in zip(KINDS, stamps, before.stamps, strict=True):
        if stamp == earlier or (kind not in READERS and generators is None):
            continue
        try:
            artefact = open_artefact(folder, kind)
            if artefact is None:
                models = _with(models, kind, None)
                versions.pop(kind, None)
            elif artefact.version != versions.get(kind):
                models = _with(models, kind, _opened(artefact, kind, encoder, generators))
                versions[kind] = artefact.version
                log.info("%s: %s is in use", kind, artefact.version)
        except Exception as error:  # whatever is wrong with a file, the bot goes on
            _warn(kind, error, _goes_on(models, kind, versions.get(kind)))
    if generators and models.generator is None and _nothing_in_use(folder, "generator"):
        try:
            models = replace(models, generator=generators.open(None))
        except Exception as error:  # as above
            log.warning("The model of generator.model cannot be opened; entries are quoted. %s", told(error))
    return InUse(models=replace(models, versions=versions), stamps=stamps)


async def follow(
    folder: Path, encoder: Encoder, learned: Learned, stamps: Stamps, generators: Generators | None
) -> None:
    """Put into ``learned`` whatever is put into use after ``stamps``; what was in use before is let go of."""
    now = InUse(models=learned.models, stamps=stamps)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if _stamps(folder) != now.stamps:
            now = await asyncio.wrap_future(aside(partial(in_use, folder, encoder, now, generators)))
            learned.models = now.models


def of_versions(folder: Path, encoder: Encoder, versions: Mapping[str, str]) -> Models:
    """Open artefacts that were in use once, by kind; raises `ArtefactError` where one is not there any more.

    What wrote then is not opened.
    """
    from finetune.artefact import open_artefact as open_folder

    opened: dict[str, Any] = {
        kind: open_model(open_folder(folder / kind / Path(versions[kind]).name), kind, encoder)
        for kind in READERS
        if kind in versions
    }
    return Models(**opened, versions=versions)


def open_artefact(folder: Path, kind: str) -> Artefact | None:
    """Open what is in use of ``kind``, None where nothing is; raises `ArtefactError` where it is not whole."""
    from finetune.recipe import Kind
    from finetune.registry import Registry

    return Registry(models=folder).open(Kind(kind))


def open_model(artefact: Artefact, kind: str, encoder: Encoder) -> Callable[[Sequence[str]], Sequence[Any]]:
    """Return what `Models` has for ``kind``, one of `READERS`.

    Raises `ArtefactError` where it was trained for another ``encoder``.
    """
    match kind:
        case "answers":
            from finetune.answers.matcher import Matcher

            return _reading(Matcher.open(artefact, encoder), nothing=[])
        case "entities":
            from finetune.entities.tagger import Tagger

            return _reading(Tagger.open(artefact, encoder), nothing=[])
        case _:
            from finetune.labels.classifier import Classifier, Verdict

            return _reading(Classifier.open(artefact, encoder), nothing=Verdict(labels=()))


def _reading(model: Classifier | Tagger | Matcher, nothing: R) -> Callable[[Sequence[str]], Sequence[R]]:
    """Return ``model`` so that it says ``nothing`` of a text that its encoder cannot read."""
    encoder = model.encoder
    chinese = encoder.unknown_share(_CHINESE) <= MOST_UNKNOWN

    def reads(text: str) -> bool:
        return encoder.unknown_share(text) <= MOST_UNKNOWN and (chinese or detect_language(text) != "zh")

    def said(texts: Sequence[str]) -> Sequence[R]:
        legible = [text for text in texts if reads(text)]
        found: dict[str, Any] = dict(zip(legible, model(legible), strict=True)) if legible else {}
        return [found.get(text, nothing) for text in texts]

    return said


def _opened(artefact: Artefact, kind: str, encoder: Encoder, generators: Generators | None) -> object:
    """Return the same for any kind, tried out: what cannot serve fails here, and not at a customer's message."""
    if generators and kind not in READERS:
        return generators.open(artefact)
    model = open_model(artefact, kind, encoder)
    model(["hello"])
    return model


def _with(models: Models, kind: str, model: object) -> Models:
    change: dict[str, Any] = {kind: model}
    return replace(models, **change)


def _stamps(folder: Path) -> Stamps:
    stamps: list[tuple[int, int] | None] = []
    for kind in KINDS:
        try:
            about = (folder / kind / "live.json").stat()
            stamps.append((about.st_mtime_ns, about.st_ino))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def _nothing_in_use(folder: Path, kind: str) -> bool:
    if not (folder / kind / "live.json").exists():
        return True
    try:
        return open_artefact(folder, kind) is None
    except Exception:  # something is, though it cannot be opened: that was told before
        return False


def _goes_on(models: Models, kind: str, earlier: str | None) -> str:
    if earlier:
        return f"the earlier version, {earlier}, goes on"
    return "the bot goes on without" if getattr(models, kind) is None else "what was there before goes on"


def _warn(kind: str, error: Exception, goes_on: str) -> None:
    log.warning(
        "What is in use now as %s cannot be opened; %s. %s Take it back with: kefu models rollback %s",
        *(kind, goes_on, told(error), kind),
    )
