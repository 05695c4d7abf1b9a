"""Does it tell whether an entry's answer says what a person said? On the logged dialogues of `faq_data`.

python -m benchmarks.likeness             what the shipped coefficients reach, on the test half
python -m benchmarks.likeness --dev       the same on the half that they were fit on
python -m benchmarks.likeness --write     fit them anew on the development half, write bot/evaluation/likeness.json

A pair is what an agent said, and the answer of an entry: of the one that the log names, of the three that the bot finds
likeliest for the question, and of the three nearest to what the agent said. What an agent said who asked back, handed
over or was polite is there, too, and no entry says it. Dialogues are divided by CRC-32 of their ids.

* accuracy, precision and recall hold at 0.5, the area is that under the ROC curve, the error is the expected
  calibration error over ten parts as wide as each other;
* "candidates": of these pairs, those with one of the three likeliest entries, as they are compared in a replay;
* "figures changed": pairs that say the same, with each figure that both have exchanged for another one, and how many of
  them are told apart;
* "other language": the answer is that of the twin in the other language;
* "verdicts": the bot's reply to each message of these dialogues is judged twice, by the entry that the log names, and
  by the text alone; how often both come to the same, and to the same about whether it does harm;
* "cost": processor time, over all cores, to read what a person said, once, and to weigh a pair that was read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import bot.evaluation.likeness
from benchmarks.common import FAQ, NOON, TODAY, index_of, mean, read_jsonl, tools
from bot.app import responder_of
from bot.calibration import Calibration
from bot.evaluation.dialogues import Dialogue, Reading, Truth
from bot.evaluation.judging import ALIKE_FROM, HARMFUL, Verdict, judged
from bot.evaluation.likeness import FEATURES, Likeness, contradicts
from bot.evaluation.measures.calibration import ece, equal_width
from bot.knowledge import KnowledgeSource
from bot.learned import Learned, Models
from bot.ports import Responder
from bot.settings import Settings
from bot.types import Action, Citation, Conversation, ConversationKey, Message, Speaker, Turn
from retrieval.index import KnowledgeIndex
from retrieval.ingest import read_sources
from retrieval.lint.stated import values
from retrieval.types import Passage, Query

#: Entries beside the right one: the likeliest for the question, and the nearest to what the agent said.
BESIDE = 3

#: Inverse strength of the penalty on large coefficients, and what a pair weighs that no replay would compare: both
#: chosen by cross-validation over the dialogues of the development half.
C = 10.0
BESIDE_WEIGHS = 0.5

#: The language of an entry's twin.
TWIN = {"en": "zh", "zh": "en"}

_FIGURE = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """An entry's answer and what an agent said."""

    entry: str
    person: str
    same: bool
    #: Whether a replay would compare them.
    candidate: bool
    #: Whether a figure was exchanged.
    changed: bool = False
    language: str
    dev: bool


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true", help="report on the development half")
    parser.add_argument("--write", action="store_true", help="fit the coefficients anew and write them first")
    arguments = parser.parse_args()
    passages = read_sources([FAQ]).passages
    encoder, analyzer = tools()
    index = index_of(passages, encoder, analyzer)
    likeness = Likeness(encoder.encode)
    held = [(dialogue(row), row["language"]) for row in read_jsonl(FAQ / "eval" / "dialogues.jsonl")]
    asked = {twin: list(pairs(held, passages, index, twin=twin)) for twin in (False, True)}
    if arguments.write:
        fit([pair for some in asked.values() for pair in some if pair.dev], likeness)
    for twin, some in asked.items():
        report([pair for pair in some if pair.dev == arguments.dev], likeness, ", other language" * twin)
    source = KnowledgeSource(index, calibration=Calibration.shipped(), time_zone=ZoneInfo("UTC"))
    mine = [one for one, _ in held if in_dev(one) == arguments.dev]
    asyncio.run(verdicts(mine, responder_of(Settings(), source, Learned(Models())), likeness))
    cost([pair for pair in asked[False] if pair.dev == arguments.dev], Likeness(encoder.encode))


def dialogue(row: dict[str, Any]) -> Dialogue:
    """Return a row of the file as it is replayed."""
    turns = tuple(
        Turn(
            speaker=Speaker(turn["speaker"]),
            text=turn["text"],
            at=datetime.fromisoformat(turn["at"]),
            action=Action(turn["action"]) if "action" in turn else None,
            citations=(Citation(id=turn["answer_id"], question="", source=""),) if "answer_id" in turn else (),
        )
        for turn in row["turns"]
    )
    return Dialogue(id=row["id"], channel=row["channel"], turns=turns)


def in_dev(some: Dialogue) -> bool:
    """Whether a dialogue is in the development half."""
    return zlib.crc32(some.id.encode()) % 2 == 0


def pairs(
    held: Sequence[tuple[Dialogue, str]], passages: Sequence[Passage], index: KnowledgeIndex, *, twin: bool
) -> Iterator[Pair]:
    """Yield each pair of texts once, and behind those that say the same the same with other figures."""
    entries = {(passage.id, passage.language): passage.answer for passage in passages}
    found: dict[tuple[str, str], Pair] = {}
    for some, language in held:
        for place, truth in ((place, some.truth(place)) for place in some.asked()):
            if truth.reading not in (Reading.ANSWER_ID, Reading.ACTION):
                continue  # nobody knows what is right
            before = [turn.text for turn in some.turns[:place] if turn.speaker is Speaker.CUSTOMER]
            query = Query(text=some.turns[place].text, context=before[-1] if before else "")
            likeliest, nearest = (
                [hit.passage.id for hit in hits[:BESIDE]]
                for hits in index.search([query, Query(text=truth.text)], BESIDE, day=TODAY)
            )
            for id_ in dict.fromkeys([*sorted(truth.answers), *likeliest, *nearest]):
                answer = entries.get((id_, TWIN[language] if twin else language))
                if answer is None:
                    continue
                pair = Pair(
                    entry=answer,
                    person=truth.text,
                    same=id_ in truth.answers,
                    candidate=id_ in likeliest,
                    language=language,
                    dev=in_dev(some),
                )
                old = found.get((answer, truth.text), pair)
                found[answer, truth.text] = replace(
                    pair, same=pair.same or old.same, candidate=pair.candidate or old.candidate
                )
    for pair in found.values():
        yield pair
        if pair.same and (other := changed(pair)):
            yield other


def changed(pair: Pair) -> Pair | None:
    """Return the pair with other figures where both have the same one, None where there is no such figure."""
    person, entry = pair.person, values(pair.entry)
    for value in values(pair.person):
        if value.kind != "code" and any(value.meets(other) for other in entry):
            other = _FIGURE.sub(lambda match: str(2 * int(float(match[0].replace(",", ""))) + 1), value.text)
            if not any(new.meets(old) for new in values(other) for old in entry):
                person = person.replace(value.text, other, 1)
    return None if person == pair.person else replace(pair, person=person, same=False, candidate=False, changed=True)


def fit(some: Sequence[Pair], likeness: Likeness) -> None:
    """Fit a model for texts in one language, and for those in two, and write them."""
    rows: dict[str, list[tuple[Pair, tuple[float, ...]]]] = {}
    for pair, (kind, numbers) in zip(some, likeness.features([(p.entry, p.person) for p in some]), strict=True):
        if not contradicts(numbers):
            rows.setdefault(kind, []).append((pair, numbers))
    models = {}
    for kind, samples in sorted(rows.items()):
        weights = [1.0 if pair.same or pair.candidate else BESIDE_WEIGHS for pair, _ in samples]
        model = LogisticRegression(C=C, max_iter=5000).fit(
            np.array([numbers for _, numbers in samples]), [pair.same for pair, _ in samples], sample_weight=weights
        )
        models[kind] = {
            "coefficients": [round(float(value), 4) for value in model.coef_[0]],
            "intercept": round(float(model.intercept_[0]), 4),
            "samples": len(samples),
        }
    data = {"fit_on": "dialogues of faq_data, development half", "features": list(FEATURES), "models": models}
    path = Path(bot.evaluation.likeness.__file__).with_suffix(".json")
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def report(some: Sequence[Pair], likeness: Likeness, name: str) -> None:
    """Print what the chances are worth."""
    chances = likeness.chances([(pair.entry, pair.person) for pair in some])
    rows = list(zip(some, chances, strict=True))
    for language in ("en", "zh"):
        mine = [(pair, chance) for pair, chance in rows if pair.language == language]
        _line(f"{language}{name}", [row for row in mine if not row[0].changed])
        _line(f"{language}{name}, candidates", [row for row in mine if row[0].candidate])
        told = [chance < ALIKE_FROM for pair, chance in mine if pair.changed]
        print(f"  figures changed: {mean(told):.3f} of {len(told)} told apart")


def _line(name: str, rows: Sequence[tuple[Pair, float]]) -> None:
    same = np.array([pair.same for pair, _ in rows])
    chances = np.array([chance for _, chance in rows])
    said = chances >= ALIKE_FROM
    print(
        f"{name}: {same.sum()} of {len(rows)} say the same; accuracy {np.mean(said == same):.3f}, "
        f"precision {same[said].mean():.3f}, recall {said[same].mean():.3f}, "
        f"area {roc_auc_score(same, chances):.3f}, calibration error {ece(equal_width(chances, same)):.3f}"
    )


async def verdicts(held: Sequence[Dialogue], responder: Responder, likeness: Likeness) -> None:
    """Print how often the text alone leads to the verdict that the entry leads to."""
    both: list[tuple[Verdict, Verdict]] = []
    for some in held:
        key = ConversationKey(channel="replay", thread=some.id)
        for place in some.asked():
            truth = some.truth(place)
            if truth.reading is not Reading.ANSWER_ID:
                continue
            message = Message(id=str(place), conversation=key, text=some.turns[place].text, at=NOON)
            reply = await responder.respond(Conversation(key=key, turns=some.turns[:place]), message)
            alone = Truth(reading=Reading.TEXT, wanted=truth.wanted, text=truth.text)
            by_id, by_text = [(await judged(reply, each, likeness)).verdict for each in (truth, alone)]
            both.append((by_id, by_text))
    harm = mean((one in HARMFUL) == (other in HARMFUL) for one, other in both)
    print(f"verdicts: {len(both)} messages, the same for {mean(a == b for a, b in both):.3f}, harm for {harm:.3f}")
    for (one, other), count in Counter(both).most_common():
        print(f"  by the entry {one}, by the text {other}: {count}")


def cost(some: Sequence[Pair], likeness: Likeness) -> None:
    """Print the processor time of a pair where the answer was read before, and what the person said was not."""
    likeness.features([(pair.entry, "") for pair in some])
    said = dict.fromkeys(pair.person for pair in some)
    start = time.process_time()
    likeness.chances([("", text) for text in said])
    read = time.process_time() - start
    start = time.process_time()
    likeness.chances([(pair.entry, pair.person) for pair in some])
    weighed = time.process_time() - start
    print(f"cost: {read / len(said) * 1000:.2f} ms for what a person said, {weighed / len(some) * 1000:.3f} ms a pair")


if __name__ == "__main__":
    main()
