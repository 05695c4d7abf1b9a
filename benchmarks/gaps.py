"""Whether `kefu gaps` finds entries that were taken away, and whether drafts gain what it says.

    python -m benchmarks.gaps [--seeds 10] [--dev] [--agents whole|part|none] [--speed]

For each seed, 20 entries of `faq_data` are taken out of the knowledge, in both languages. The log is all labelled
questions, as dialogues in which an agent answers what the entry says, and all logged dialogues. ``--agents`` says what
agents write: the answer of the entry word for word, a part of it that differs from turn to turn with a greeting and a
closing (the default), or nothing. Entries whose CRC-32 is even are for tuning (``--dev``); the others are reported.

recovered     share of the entries that some cluster is mostly about, which holds at least half of the entry's gaps
completeness  mean share of an entry's gaps in that cluster
purity        share of the turns that are of the entry which most of their cluster are of, among those of an entry
gaps          turns of the entries that were taken out which are seen as gaps
others        gap turns that are of an entry which is there, in a hundred turns of such
predicted     what --what-if says for a half of the log, each of them once: how many more of a hundred turns are told
              or offered the answer
realised      the same on the other half, after the drafts of the first one were added
harmful       how many more of a hundred turns there get what does harm
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import FAQ, NOON, labelled, mean, read_jsonl
from bot.app import Parts
from bot.cli.drafted import passage_of, tidy_of
from bot.cli.knowledge import read_knowledge
from bot.cli.trial import trial
from bot.evaluation.dialogues import Dialogue
from bot.evaluation.gaps import Cluster, Draft, clustered, gaps_of
from bot.evaluation.gaps.expected import Expected, asked, expected
from bot.evaluation.likeness import Likeness
from bot.evaluation.replay import replay
from bot.evaluation.turns import ReplayedTurn
from bot.library import Library
from bot.ports import Responder
from bot.settings import Settings, load_settings
from bot.types import Action, Citation, Speaker, Turn
from finetune.history.talk import sentences
from retrieval.build import build_index
from retrieval.types import Passage

#: Entries that are taken away.
REMOVED = 20

_GREETING = {"en": "Hello, thanks for your message. ", "zh": "您好！"}
_CLOSING = {"en": " Have a nice day!", "zh": "祝您生活愉快！"}
_PASSED_ON = {"en": "I will pass this on to a colleague.", "zh": "我帮您转给同事处理。"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """What was logged."""

    dialogues: list[Dialogue]
    #: By turn: the entries that answer it; and by dialogue, whether it is in the first half.
    entries: Mapping[str, tuple[str, ...]]
    first: Mapping[str, bool]


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--dev", action="store_true", help="entries that thresholds are tuned on")
    arguments.add_argument("--agents", choices=["whole", "part", "none"], default="part")
    arguments.add_argument("--speed", action="store_true", help="only how long 20,000 turns take to put together")
    options = arguments.parse_args()
    if options.speed:
        _speed()
        return
    settings = load_settings(None, overrides={"knowledge.sources": [FAQ / "en", FAQ / "zh"]})
    with tempfile.TemporaryDirectory() as folder:
        settings = settings.model_copy(update={"state": settings.state.model_copy(update={"folder": Path(folder)})})
        library, index, _ = read_knowledge(settings)
        passages = index.data.passages
        ids = sorted({p.id for p in passages if (zlib.crc32(p.id.encode()) % 2 == 0) == options.dev})
        log = _log(passages, options.agents)
        print(f"{len(log.dialogues)} dialogues, {len(ids)} entries to take from, agents say: {options.agents}")
        rows = [_seed(seed, ids, passages, log, settings, library) for seed in range(options.seeds)]
    print("mean " + "  ".join(f"{name} {mean(row[name] for row in rows):.3f}" for name in rows[0]))
    predicted, realised = sum(row["predicted"] for row in rows), sum(row["realised"] for row in rows)
    if realised:
        ratios = [row["predicted"] / row["realised"] for row in rows if row["realised"]]
        print(
            f"predicted / realised: {predicted / realised:.3f} over all seeds, {min(ratios):.2f} to {max(ratios):.2f}"
        )


def _log(passages: Sequence[Passage], agents: str) -> Log:
    said = {passage.key: passage.answer for passage in passages}
    dialogues: list[Dialogue] = []
    entries: dict[str, tuple[str, ...]] = {}
    first: dict[str, bool] = {}
    for row in labelled():
        history = [Turn(speaker=Speaker(speaker), text=text, at=NOON) for speaker, text in row.history]
        asks = Turn(speaker=Speaker.CUSTOMER, text=row.text, at=NOON)
        answer = _answer(row.id, [said.get((id_, row.language), "") for id_ in row.answers], row.language, agents)
        if row.answers:
            agent = [Turn(speaker=Speaker.AGENT, text=answer, at=NOON)] if answer else []
        else:
            text = _PASSED_ON[row.language]
            agent = [Turn(speaker=Speaker.AGENT, text=text, at=NOON, action=Action.HAND_OFF)]
        dialogues.append(Dialogue(id=row.id, channel="web", turns=(*history, asks, *agent)))
        entries[f"{row.id}#{len(history)}"] = row.answers
        first[row.id] = row.split == "dev"
    for logged in read_jsonl(FAQ / "eval" / "dialogues.jsonl"):
        dialogue = _logged(logged)
        dialogues.append(dialogue)
        first[dialogue.id] = zlib.crc32(dialogue.id.encode()) % 2 == 0
        entries |= {f"{dialogue.id}#{place}": tuple(dialogue.truth(place).answers) for place in dialogue.asked()}
    return Log(dialogues=dialogues, entries=entries, first=first)


def _answer(id_: str, answers: Sequence[str], language: str, agents: str) -> str:
    """Return what an agent writes: the answers, or some sentences of them in a row, which the id decides on."""
    if agents == "none":
        return ""
    if agents == "whole":
        return "\n".join(answers)
    draw = random.Random(id_)
    parts = []
    for answer in answers:
        told = sentences(answer)
        count = draw.randint(1, len(told)) if told else 0
        start = draw.randint(0, len(told) - count)
        parts.append(("" if language == "zh" else " ").join(told[start : start + count]))
    return _GREETING[language] + "\n".join(parts) + _CLOSING[language]


def _logged(row: Mapping[str, list[dict[str, str]]]) -> Dialogue:
    turns = tuple(
        Turn(
            speaker=Speaker(turn["speaker"]),
            text=turn["text"],
            at=NOON,
            action=Action(turn["action"]) if "action" in turn else None,
            citations=(Citation(id=turn["answer_id"], question="", source=""),) if "answer_id" in turn else (),
        )
        for turn in row["turns"]
    )
    return Dialogue(id=str(row["id"]), channel=str(row["channel"]), turns=turns)


def _seed(
    seed: int, ids: Sequence[str], passages: Sequence[Passage], log: Log, settings: Settings, library: Library
) -> dict[str, float]:
    """Return the figures of a seed, and print them."""
    start = time.perf_counter()
    gone = set(random.Random(seed).sample(ids, REMOVED))
    left = [passage for passage in passages if passage.id not in gone]
    index = build_index(settings.state.folder / "index", left, library.encoder, library.analyzer)
    parts = Parts.of(settings, library, index)
    alike, tidy, encode = Likeness(library.encoder.encode), tidy_of(left), library.encoder.encode
    turns = asyncio.run(_replayed(log.dialogues, parts, settings, alike))
    found = gaps_of(turns, parts.source.holds, tidy)
    figures = _recovered(clustered(found.gaps, encode), turns, gone, log)
    before = {turn.id: turn.verdict for turn in turns}
    predicted, realised = Expected(), Expected()
    with trial(settings, library, index, parts) as tried:

        def responder(drafts: Sequence[Draft]) -> Responder:
            return tried([*map(passage_of, drafts)]).responder(settings)

        async def half(first: bool) -> None:
            """Predict on a half of the log, and realise on the other."""
            mine = [turn for turn in turns if log.first[turn.dialogue] == first]
            clusters = clustered(gaps_of(mine, parts.source.holds, tidy).gaps, encode)
            _add(
                predicted,
                await expected(
                    lambda: (dialogue for dialogue in log.dialogues if log.first[dialogue.id] == first),
                    {turn.id: turn.verdict for turn in mine},
                    clusters,
                    cluster=lambda gaps: clustered(gaps, encode),
                    responder=responder,
                    alike=alike,
                    as_of=NOON,
                ),
            )
            rest = (dialogue for dialogue in log.dialogues if log.first[dialogue.id] != first)
            async for turn in asked(rest, clusters, responder, alike, NOON):
                realised.add(before[turn.id], turn, {})

        for first in (True, False):
            asyncio.run(half(first))
    figures |= {"predicted": predicted.gain, "realised": realised.gain}
    figures["harmful"] = 100 * (realised.harmful_after - realised.harmful_before) / realised.turns
    took = time.perf_counter() - start
    print(f"seed {seed}: " + "  ".join(f"{name} {value:.3f}" for name, value in figures.items()) + f"  ({took:.0f} s)")
    return figures


def _add(counts: Expected, more: Expected) -> None:
    counts.turns += more.turns
    counts.found_before += more.found_before
    counts.found_after += more.found_after


async def _replayed(
    dialogues: Sequence[Dialogue], parts: Parts, settings: Settings, alike: Likeness
) -> list[ReplayedTurn]:
    out: list[ReplayedTurn] = []
    async for replayed in replay(dialogues, parts.responder(settings), alike, as_of=NOON):
        out += replayed.turns
    return out


def _recovered(
    clusters: Sequence[Cluster], turns: Sequence[ReplayedTurn], gone: set[str], log: Log
) -> dict[str, float]:
    def of(turn: str) -> str:
        """Return which of the entries that were taken away a turn is of ("" for none)."""
        return next((id_ for id_ in log.entries.get(turn, ()) if id_ in gone), "")

    counts = [Counter(of(gap.turn.id) for gap in cluster.gaps) for cluster in clusters]
    seen = sum(counts, Counter())
    best = {
        id_: max((count[id_] for count in counts if 2 * count[id_] > count.total()), default=0) / max(1, seen[id_])
        for id_ in gone
    }
    named = [{id_: count for id_, count in each.items() if id_} for each in counts]
    answered = [turn.id for turn in turns if log.entries.get(turn.id) and not of(turn.id)]
    others = {gap.turn.id for cluster in clusters for gap in cluster.gaps} & set(answered)
    total = [turn.id for turn in turns if of(turn.id)]
    return {
        "recovered": mean(share >= 0.5 for share in best.values()),
        "completeness": mean(best.values()),
        "purity": sum(max(each.values()) for each in named if each) / max(1, sum(map(len, [_of(c) for c in counts]))),
        "gaps": sum(count for id_, count in seen.items() if id_) / len(total),
        "others": 100 * len(others) / len(answered),
    }


def _of(count: Counter[str]) -> list[str]:
    return [id_ for id_ in count.elements() if id_]


def _speed() -> None:
    """Print how long 20,000 turns take to put together, of 2,000 gaps with noise around them."""
    from bot.evaluation.gaps.clusters import ALIKE
    from bot.evaluation.gaps.linkage import linked

    draw = np.random.default_rng(0)
    centres = draw.normal(size=(2000, 1152)).astype(np.float32)
    rows = centres[draw.integers(2000, size=20_000)] + 0.7 * draw.normal(size=(20_000, 1152)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    start = time.perf_counter()
    clusters = linked(rows, rows, np.ones(len(rows), dtype=np.float32), at_least=ALIKE)
    print(f"20,000 turns: {len(set(clusters))} clusters in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
