"""Two runs of the same logged turns, held against each other turn by turn: what the next version gained and lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.evaluation.changes import Change, Changed, Entry, Seen, change_of, entries, settled
from bot.evaluation.differences import Pair, Slice, slices_of
from bot.evaluation.folder import read_run, read_turns


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What changed from a run to the next. Compared is what both were asked alike, with the same truth beside it."""

    #: What the two are of that differs, by its name in `run.json`, such as "versions.knowledge".
    differ: tuple[str, ...]
    #: Turns that only one of the two has, by their ids, and those that another message or another truth is known of.
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    asked_otherwise: tuple[str, ...]
    #: All turns, and then each slice in which something changed.
    slices: tuple[Slice, ...]
    #: Each turn that changed, in the order of the run after.
    changed: tuple[Changed, ...]
    #: What changed for each entry, the most turns first.
    entries: tuple[Entry, ...]

    @property
    def whole(self) -> Slice:
        """What changed in all turns."""
        return self.slices[0]

    def regressions(self, margin: float = 0.0) -> tuple[Slice, ...]:
        """Return where the run after is worse: the whole, if net it is, and each slice where that is not chance."""
        return tuple(each for each in self.slices if each.worse(margin))


def compare(before: Path, after: Path, *, read: Callable[[], None] = lambda: None) -> Comparison:
    """Return what changed from the run in the folder ``before`` to the one in ``after``.

    A few fields of each turn are kept, and what was said to it, which is the same text where the runs agree. ``read``
    is called for each turn of either. Raises `UsageError` where one is no run, and where they have no turn in common.
    """
    differ = _differ(read_run(before), read_run(after))
    earlier = _seen(before, read)
    pairs: list[Pair] = []
    changed: list[Changed] = []
    only_after: list[str] = []
    otherwise: list[str] = []
    for turn in read_turns(after):
        read()
        old, new = earlier.pop(turn.id, None), Seen.of(turn)
        if old is None:
            only_after.append(turn.id)
            continue
        if old.asked != new.asked:
            otherwise.append(turn.id)
            continue
        was, now = settled(old, new)
        change = change_of(was, now)
        kinds = (old.language, old.topic, old.channel)
        pairs.append(Pair(dialogue=turn.dialogue, slices=kinds, change=change, before=was, after=now))
        if change is not Change.SAME:
            changed.append(
                Changed(
                    id=turn.id,
                    change=change,
                    language=old.language,
                    topic=old.topic,
                    channel=old.channel,
                    text=turn.text,
                    answers=turn.answers,
                    before=was,
                    after=now,
                )
            )
    if not pairs:
        raise UsageError(
            f"{before} and {after} have no turn in common. Compare runs of the same logs, with the same labels."
        )
    return Comparison(
        differ=differ,
        only_before=tuple(earlier),
        only_after=tuple(only_after),
        asked_otherwise=tuple(otherwise),
        slices=slices_of(pairs),
        changed=tuple(changed),
        entries=entries(changed),
    )


def _differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what differs, with dots for what stands in another."""
    was, now = _leaves(before), _leaves(after)
    return tuple(name for name in sorted({*was, *now}) if was.get(name) != now.get(name))


def _leaves(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, each in value.items():
        out |= _leaves(each, f"{above}{name}.") if isinstance(each, dict) else {f"{above}{name}": each}
    return out


def _seen(folder: Path, read: Callable[[], None]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for turn in read_turns(folder):
        read()
        if turn.id in found:
            raise UsageError(f"{folder} has the turn {turn.id} twice. Evaluate again, into another folder.")
        found[turn.id] = Seen.of(turn)
    return found
