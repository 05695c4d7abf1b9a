"""Does `kefu compare` name what an edit of the knowledge broke, and stay silent where nothing was edited? As figures.

    python -m benchmarks.regressions [--seed 1] [--json]

20 edits of `faq_data`, each by itself: an entry deleted in both languages, or in one; the answers of two entries
swapped; an entry given the phrasings of another one. The bot with the edited knowledge replays the labelled questions,
each as a dialogue of one message, and the logged dialogues, held against what the agent said by its meaning alone, as
most logs are. Its run is compared with that on the knowledge as it is.

* "changed": turns whose reply differs, read from the two files line by line; "named": those that the comparison names;
  "recall": the share of the changed ones that is named;
* "precision": the share of the named turns that concern an edited entry: by what was said before or after, or by the
  label;
* "first", "three": the share of the edits of which an edited entry is the first, or among the first three, of the
  entries that the comparison lists; edits that changed nothing count as missed;
* "lost", "wrong", "reworded": turns no longer well served, newly wrong, and said in other words with the same worth;
* "exit 1": edits that fail the check with the default margin, and those that a slice fails;
* "identical": the index built anew in another folder, and 1, 7 and 64 turns at once: whether the bytes of the run are
  the same, and how many turns the comparison names.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import bot.evaluation.replay
from benchmarks.common import FAQ, NOON, TODAY, mean, read_jsonl, tools
from benchmarks.likeness import dialogue
from bot.app import responder_of
from bot.calibration import Calibration
from bot.evaluation.changes import Change
from bot.evaluation.compare import compare
from bot.evaluation.dialogues import Dialogue
from bot.evaluation.folder import TURNS, read_turns, writing
from bot.evaluation.labelled import LabelledTurn
from bot.evaluation.likeness import Likeness
from bot.evaluation.replay import replay
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.settings import Settings
from retrieval.build import build_index
from retrieval.index import KnowledgeIndex
from retrieval.ingest import read_sources
from retrieval.types import Passage

Key = tuple[str, str]
Knowledge = dict[Key, Passage]

#: The kinds of edits, and the languages that they are made in.
PLANTED = (
    *[("deleted", "en zh")] * 4,
    *[("deleted in one language", "en")] * 2,
    *[("deleted in one language", "zh")] * 2,
    *[("answers swapped", "en")] * 3,
    *[("answers swapped", "zh")] * 3,
    *[("shadowed", "en")] * 3,
    *[("shadowed", "zh")] * 3,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """An edit of the knowledge."""

    kind: str
    languages: str
    #: Ids of the entries that it concerns.
    entries: frozenset[str]
    knowledge: Knowledge


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="what the entries are drawn by")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = Bench(Path(folder)).measured(arguments.seed)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for data, rows in figures.items():
        print(f"\n{data}")
        for name, values in rows.items():
            print(f"  {name:26} " + "  ".join(f"{key} {value:g}" for key, value in values.items()))


def planted(knowledge: Knowledge, seed: int) -> list[Edit]:
    """Return the edits, each of other entries than the others."""
    rng = random.Random(seed)
    lasting = sorted({id_ for id_, _ in knowledge if not any(_dated(knowledge, id_))})
    rng.shuffle(lasting)
    return [_edit(kind, languages, knowledge, lasting.pop(), lasting.pop()) for kind, languages in PLANTED]


def _dated(knowledge: Knowledge, id_: str) -> list[object]:
    passages = [passage for (entry, _), passage in knowledge.items() if entry == id_]
    return [day for passage in passages for day in (passage.valid_from, passage.valid_until) if day]


def _edit(kind: str, languages: str, knowledge: Knowledge, one: str, other: str) -> Edit:
    edited, entries = dict(knowledge), {one}
    for language in languages.split():
        mine, theirs = knowledge[one, language], knowledge[other, language]
        if kind.startswith("deleted"):
            del edited[one, language]
            continue
        entries.add(other)
        if kind == "shadowed":
            phrasings = (*theirs.alternatives, mine.question, *mine.alternatives)
            edited[other, language] = replace(theirs, alternatives=phrasings)
        else:
            edited[one, language] = replace(mine, answer=theirs.answer)
            edited[other, language] = replace(theirs, answer=mine.answer)
    return Edit(kind=kind, languages=languages, entries=frozenset(entries), knowledge=edited)


class Bench:
    """The data, and a folder for indexes and runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoder, self._analyzer = tools()
        self._knowledge: Knowledge = {passage.key: passage for passage in read_sources([FAQ]).passages}
        held = [dialogue(row) for row in read_jsonl(FAQ / "eval" / "dialogues.jsonl")]
        #: What is right by the labels, also where the replay does not see them.
        self._labels = {f"{each.id}#{place}": each.truth(place).answers for each in held for place in each.asked()}
        self._data = {"questions": self._questions(), "dialogues": [_without_ids(each) for each in held]}

    def _questions(self) -> list[Dialogue]:
        rows = [row for language in ("en", "zh") for row in read_jsonl(FAQ / "eval" / f"questions.{language}.jsonl")]
        made = [LabelledTurn.of(row).dialogue(row["id"], "", NOON) for row in rows]
        self._labels |= {f"{each.id}#{place}": truth.answers for each in made for place, truth in each.labels.items()}
        return made

    def measured(self, seed: int) -> dict[str, dict[str, dict[str, float]]]:
        """Return the figures by data and kind of edit."""
        before = self._runs("before", self._index("index", self._knowledge), Likeness(self._encoder.encode))
        figures: dict[str, dict[str, dict[str, float]]] = {data: {} for data in self._data}
        self._identical(before, figures)
        rows: dict[str, list[tuple[Edit, dict[str, float]]]] = {data: [] for data in self._data}
        likeness = Likeness(self._encoder.encode)
        for number, edit in enumerate(planted(self._knowledge, seed), 1):
            after = self._runs(f"after{number}", self._index("index", edit.knowledge), likeness)
            for data, found in rows.items():
                found.append((edit, self._told(edit, before[data], after[data])))
                print(
                    f"{number:2} {edit.kind} ({edit.languages}) {sorted(edit.entries)}, {data}: {found[-1][1]}",
                    flush=True,
                )
        for data, found in rows.items():
            for kind in dict.fromkeys(kind for kind, _ in PLANTED):
                figures[data][kind] = _together([values for edit, values in found if edit.kind == kind])
            figures[data]["all"] = _together([values for _, values in found])
        return figures

    def _index(self, name: str, knowledge: Knowledge) -> KnowledgeIndex:
        return build_index(self._folder / name, list(knowledge.values()), self._encoder, self._analyzer)

    def _runs(self, name: str, index: KnowledgeIndex, likeness: Likeness) -> dict[str, Path]:
        """Replay everything with ``index``, and return the folders of the runs."""
        source = KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))
        responder = responder_of(Settings(), source, Learned(Models()))

        async def run(folder: Path, dialogues: Sequence[Dialogue]) -> None:
            with writing(folder, {"as_of": str(TODAY), "versions": {"knowledge": index.version}}) as file:
                async for replayed in replay(dialogues, responder, likeness, as_of=NOON):
                    file.write(replayed)

        folders = {data: self._folder / name / data for data in self._data}
        for data, folder in folders.items():
            asyncio.run(run(folder, self._data[data]))
        return folders

    def _identical(self, before: Mapping[str, Path], figures: dict[str, dict[str, dict[str, float]]]) -> None:
        at_once = bot.evaluation.replay.AT_ONCE
        index = self._index("index again", self._knowledge)
        for many in (1, 7, 64):
            bot.evaluation.replay.AT_ONCE = many
            again = self._runs(f"again{many}", index, Likeness(self._encoder.encode))
            for data, folder in again.items():
                same = (folder / TURNS).read_bytes() == (before[data] / TURNS).read_bytes()
                named = len(compare(before[data], folder).changed)
                figures[data][f"identical, {many} at once"] = {"same bytes": same, "named": named}
        bot.evaluation.replay.AT_ONCE = at_once

    def _told(self, edit: Edit, before: Path, after: Path) -> dict[str, float]:
        found = compare(before, after)
        changed = _changed(before, after)
        named = {turn.id: turn for turn in found.changed}
        concerned = [id_ for id_, turn in named.items() if edit.entries & (_entries(turn) | self._labels[id_])]
        ranks = [rank for rank, entry in enumerate(found.entries) if entry.id in edit.entries]
        first = min(ranks, default=len(found.entries) + 3)
        return {
            "turns": found.whole.turns,
            "changed": len(changed),
            "named": len(named),
            "found": len(changed & named.keys()),
            "concerned": len(concerned),
            "first": first == 0,
            "three": first < 3,
            "lost": found.whole.good.lost,
            "wrong": found.whole.changes[Change.NEWLY_WRONG],
            "reworded": found.whole.changes[Change.REWORDED],
            "exit 1": bool(found.regressions()),
            "a slice": any(each.kind for each in found.regressions()),
        }


def _entries(turn: Any) -> set[str]:
    return {entry for said in (turn.before, turn.after) for entry in (*said.quoted, *said.offered)}


def _without_ids(some: Dialogue) -> Dialogue:
    return replace(some, turns=tuple(replace(turn, citations=()) for turn in some.turns))


def _changed(before: Path, after: Path) -> set[str]:
    said: list[dict[str, object]] = [
        {turn.id: (turn.action, turn.quoted, turn.offered, turn.reply) for turn in read_turns(folder)}
        for folder in (before, after)
    ]
    return {id_ for id_, was in said[0].items() if said[1][id_] != was}


def _together(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row)
    return {
        "edits": len(rows),
        **{name: total[name] for name in ("changed", "named")},
        "recall": round(total["found"] / max(total["changed"], 1), 3),
        "precision": round(total["concerned"] / max(total["named"], 1), 3),
        **{name: round(mean(row[name] for row in rows), 3) for name in ("first", "three")},
        **{name: total[name] for name in ("lost", "wrong", "reworded", "exit 1", "a slice")},
    }


if __name__ == "__main__":
    main()
