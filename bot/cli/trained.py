"""What `kefu doctor` says of trained models, and of the settings and entries that build on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from bot.cli.common import listed
from bot.cli.doctor import Finding
from bot.errors import KefuError
from bot.hints import does_nothing, labels_of, not_entries
from bot.models import READERS, open_artefact, open_model
from bot.placeholders import places
from retrieval.errors import told

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.artefact import Artefact
    from retrieval.encoder import Encoder

#: Where the manifest of an artefact names what it tells apart, by kind.
_NAMES = {"intents": "labels", "sentiment": "labels", "entities": "types"}


def trained(settings: Settings, encoder: Encoder) -> Iterator[Finding]:
    """Yield what is in use of each kind, what is wrong with it, and what names something that is not there."""
    folder = settings.state.folder / "models"
    known: dict[str, Collection[str]] = {}
    for kind in READERS:
        try:
            artefact = open_artefact(folder, kind) if (folder / kind / "live.json").exists() else None
            if artefact is None:
                yield Finding(name=kind, ok=True, text="nothing trained is in use")
                continue
            open_model(artefact, kind, encoder)(["hello"])
        except Exception as error:  # whatever it is, it is what the doctor is asked for
            yield Finding(name=kind, ok=False, text=told(error))
            continue
        known[kind] = artefact.about[_NAMES[kind]] if kind in _NAMES else ()
        yield Finding(name=kind, ok=True, text=_told(artefact))
    for kind, names in labels_of(settings).items():
        yield from _named(kind, names, known)
    yield from _entries(settings, known.get("entities", ()))


def _told(artefact: Artefact) -> str:
    figures = [f"{name.replace('_', ' ')} {v:.3f}" for name, v in artefact.metrics["dev"].items() if type(v) is float]
    return f"{artefact.version} {artefact.recipe.method}: dev {', '.join(figures)}"


def _named(kind: str, names: Collection[str], known: dict[str, Collection[str]]) -> Iterator[Finding]:
    """Look at the labels that the settings of ``kind`` name."""
    if kind in known:
        if unknown := [name for name in dict.fromkeys(names) if name not in known[kind]]:
            text = f"[{kind}] of the settings: unknown {listed(unknown)}; the model knows {listed([*known[kind]])}"
            yield Finding(name=kind, ok=False, text=text)
    elif names:
        yield Finding(name=kind, ok=None, text=does_nothing(kind))


def _entries(settings: Settings, types: Collection[str]) -> Iterator[Finding]:
    """Look at the entries that the settings name, and at those with places that nothing fills."""
    from retrieval.ingest import read_sources

    try:
        passages = read_sources(settings.knowledge.sources).passages
    except KefuError:  # told already
        return
    if lines := not_entries(settings, {passage.id for passage in passages}.__contains__):
        yield Finding(name="intents", ok=False, text="\n".join(lines))
    if open_ := sorted({p.id for p in passages if "{{" in p.answer or places(p.answer) - set(types)}):
        yield Finding(name="places", ok=None, text=f"never sent, for nothing fills a place in braces: {listed(open_)}")
