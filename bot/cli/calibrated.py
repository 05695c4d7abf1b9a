"""What `kefu doctor` says of thresholds that were calibrated: whether they still fit the bot, and what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.cli.calibrate import overriding
from bot.cli.doctor import Finding
from bot.cli.kept import kept
from bot.errors import KefuError
from bot.evaluation.drift import DRIFTED, SHIFTED
from bot.evaluation.thresholds import Thresholds

if TYPE_CHECKING:
    from bot.settings import Settings

#: So many of the newest replies tell what the bot is asked now.
NEWEST = 1000

_AGAIN = "Label turns of now, and choose anew with: kefu calibrate"


def calibrated(settings: Settings) -> Iterator[Finding]:
    """Yield what is to be known of the thresholds in the state folder; nothing where there are none."""
    try:
        found = Thresholds.read(settings.state.folder)
    except KefuError as error:
        yield Finding(name="thresholds", ok=False, text=str(error))
        return
    if found is None:
        return
    told = f"{found.at:%Y-%m-%d}, at most {found.max_wrong:g} wrong on {', '.join(found.files)}"
    if overriding(settings):
        yield Finding(name="thresholds", ok=None, text=f"{told}; not in use, for the settings name others")
        return
    changed = _changed(settings, found)
    if changed:
        yield Finding(name="thresholds", ok=None, text=f"{told}; measured on other {', '.join(changed)}. {_AGAIN}")
    else:
        yield Finding(name="thresholds", ok=True, text=told)
    yield from _drift(settings, found)


def _changed(settings: Settings, found: Thresholds) -> list[str]:
    """Return what has another version than it had when the thresholds were measured."""
    from bot.models import READERS, open_artefact
    from retrieval.build import current_version

    folder = settings.state.folder
    now = {"knowledge": current_version(folder / "index")}
    for kind in READERS:
        try:
            artefact = (
                open_artefact(folder / "models", kind) if (folder / "models" / kind / "live.json").exists() else None
            )
        except KefuError:  # told already
            continue
        now[kind] = artefact.version if artefact else None
    return [name for name, version in now.items() if version != found.versions.get(name)]


def _drift(settings: Settings, found: Thresholds) -> Iterator[Finding]:
    """Compare how sure the bot is now with how sure it was of the labelled turns."""
    if not found.profile.turns:
        return

    async def confidences() -> list[float]:
        async with kept(settings) as store:
            replies = [record.reply for record in await store.latest(NEWEST)]
        return [reply.candidates[0].confidence for reply in replies if reply.candidates]

    try:
        live = asyncio.run(confidences())
    except KefuError:  # nobody has asked anything yet, or the database is away, which is told elsewhere
        return
    if not live:
        return
    index, chance = found.profile.index(live), found.profile.by_chance(len(live))
    said = f"stability index {index:.2f} over the newest {len(live)} replies"
    if index > max(DRIFTED, chance):
        text = f"{said}: customers ask other things than what was labelled. {_AGAIN}"
        yield Finding(name="drift", ok=False, text=text)
    elif index > max(SHIFTED, chance):
        yield Finding(name="drift", ok=None, text=f"{said}: what customers ask moves away from what was labelled")
    else:
        yield Finding(name="drift", ok=True, text=said)
