"""The evidence lock against a writer that plants false facts: what reaches the customer, what is blocked for nothing.

    python -m benchmarks.lock            development: seeds 1 to 5, the rewrites that the lock was tuned by
    python -m benchmarks.lock --test     reported: seed 0, the replies of the splits `test` and `test3`, not tuned by
    python -m benchmarks.lock --show     also prints the false sentences that passed and the true ones that did not

Replies are made of the demo company's knowledge, half of each language: an entry's own answer, its sentences in another
order, the answers of two entries merged, or an honest reply: one as a capable model writes when it is asked as kefu
asks (`faq_data/eval/prompted.jsonl`), or one in free words (`rewrites.jsonl`). Each sentence is, with a chance of 30 %,
made false by one of the kinds in `benchmarks.lock_plants`, drawn from those that fit it. The evidence is the entries'
questions and answers.

Every sentence of every entry is respelled as well, in each way of `benchmarks.lock_respelled` that fits: still true,
and then made false in the same manner.

The false rewrites of `faq_data/eval/false_rewrites.jsonl` were written in free words by who had not seen the lock: one
passes if no sentence that holds the false words is blocked.

Figures: false sentences and how many of them passed, by kind and by what they were planted in; true sentences, true
replies, rewrites and respellings that were blocked; and the time of one reply, its evidence read before, for that is
kept with the passage.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path

from benchmarks.lock_plants import KINDS
from benchmarks.lock_respelled import AROUND, RESPELLINGS, joined
from bot.lock import Evidence, Sentence, checked
from bot.lock.sentences import split
from retrieval.ingest import read_sources
from retrieval.types import Passage

FAQ = Path(__file__).resolve().parents[1] / "faq_data"
#: How often a sentence is made false.
CHANCE = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a model wrote, with what is known of each sentence."""

    language: str
    #: Its text in parts, and the kind of what was planted in each; "" for a true one.
    sentences: tuple[tuple[str, str], ...]
    entries: tuple[str, ...]
    #: Whether it began as an honest rewrite.
    rewrite: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """A true reply to a customer, and the entries that it is from."""

    language: str
    entries: tuple[str, ...]
    text: str


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true", help="the figures to report, instead of those to tune by")
    parser.add_argument("--replies", type=int, default=2000, help="how many a seed (2000)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5], help="of the generator (1 to 5)")
    parser.add_argument("--show", action="store_true", help="print what passed and what was blocked wrongly")
    chosen = parser.parse_args()
    passages = {(p.language, p.id): p for p in read_sources([FAQ]).passages if p.id != "promo-old-summer"}
    evidence: dict[tuple[str, ...], Evidence] = {}
    prompted = list(_rewrites("prompted.jsonl", "test" if chosen.test else "dev"))
    _honest("replies as prompted", prompted, passages, evidence, show=chosen.show)
    rewrites: list[Rewrite] = []
    for split_name in ("test3",) if chosen.test else ("dev", "dev2", "test", "test2"):
        rows = list(_rewrites("rewrites.jsonl", split_name))
        _honest(f"rewrites in free words, {split_name}", rows, passages, evidence, show=chosen.show)
        rewrites += rows
    _false("test3" if chosen.test else "test2", passages, evidence, show=chosen.show)
    _respelled(passages, evidence, show=chosen.show)
    for seed in (0,) if chosen.test else chosen.seeds:
        for name, written in (("as prompted", prompted), ("in free words", rewrites)):
            print(f"seed {seed}, {name}:", end=" ")
            _planted(seed, chosen.replies, written, passages, evidence, show=chosen.show)


def _rewrites(file: str, split_name: str) -> Iterator[Rewrite]:
    for line in (FAQ / "eval" / file).read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["split"] == split_name:
            yield Rewrite(language=row["language"], entries=tuple(row["entries"]), text=row["text"])


def _evidence(
    language: str, ids: tuple[str, ...], passages: dict[tuple[str, str], Passage], made: dict[tuple[str, ...], Evidence]
) -> Evidence:
    key = (language, *ids)
    if key not in made:
        entries = [passages[language, entry] for entry in ids]
        made[key] = Evidence.of([(entry.id, f"{entry.question}\n{entry.answer}") for entry in entries])
    return made[key]


def _honest(
    name: str,
    rewrites: list[Rewrite],
    passages: dict[tuple[str, str], Passage],
    made: dict[tuple[str, ...], Evidence],
    *,
    show: bool,
) -> None:
    for language in ("en", "zh"):
        rows = [row for row in rewrites if row.language == language]
        results = [checked(row.text, _evidence(language, row.entries, passages, made)) for row in rows]
        blocked = [result for result in results if not all(sentence.supported for sentence in result)]
        sentences = [sentence for result in results for sentence in result]
        wrong = [sentence for sentence in sentences if not sentence.supported]
        print(
            f"honest {name}, {language}: "
            f"{len(blocked)} of {len(rows)} blocked ({len(blocked) / len(rows):.1%}), "
            f"{len(wrong)} of {len(sentences)} sentences ({len(wrong) / len(sentences):.1%})"
        )
        if show:
            _show(wrong)


def _false(
    split_name: str, passages: dict[tuple[str, str], Passage], made: dict[tuple[str, ...], Evidence], *, show: bool
) -> None:
    count: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for line in (FAQ / "eval" / "false_rewrites.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != split_name:
            continue
        language, kind, text = row["language"], row["kind"], row["text"]
        start = text.index(row["false"])
        end = start + len(row["false"])
        let_through, at = True, 0
        for sentence in checked(text, _evidence(language, tuple(row["entries"]), passages, made)):
            if at < end and at + len(sentence.text) > start:
                let_through &= sentence.supported
            at += len(sentence.text)
        count[language, kind] += 1
        passed[language, kind] += let_through
        if show and let_through:
            print(f"  passed ({kind}, {', '.join(row['entries'])}): {text}")
    for language in ("en", "zh"):
        kinds = {kind: number for (spoken, kind), number in sorted(count.items()) if spoken == language}
        through = sum(passed[language, kind] for kind in kinds)
        print(f"false rewrites, {split_name}, {language}: {through} of {sum(kinds.values())} passed")
        for kind, number in kinds.items():
            print(f"  {kind:<24}{number:>6}{passed[language, kind]:>6}")


def _respelled(passages: dict[tuple[str, str], Passage], made: dict[tuple[str, ...], Evidence], *, show: bool) -> None:
    """Respell every sentence of every entry in each way that fits, and plant a false fact in each of those."""
    rng = random.Random(0)
    count: Counter[str] = Counter()
    blocked: Counter[str] = Counter()
    false = passed = 0
    for (language, entry), passage in passages.items():
        evidence = _evidence(language, (entry,), passages, made)
        sentences = split(passage.answer)
        texts = [
            (name, sentence.strip(), spell(sentence.strip(), passage.question, language))
            for name, spell in RESPELLINGS.items()
            for sentence in sentences
        ]
        texts += [("two joined", "", joined(one, two, language)) for one, two in pairwise(sentences)]
        for name, sentence, text in texts:
            if text is None:
                continue
            wrong = [sentence for sentence in checked(text, evidence) if not sentence.supported]
            count[name] += 1
            blocked[name] += bool(wrong)
            if name in AROUND:
                planted, kind = _made_false(rng, sentence, passage.answer, language)
                planted = RESPELLINGS[name](planted, passage.question, language) or planted
            else:
                planted, kind = _made_false(rng, text, passage.answer, language)
            false += bool(kind)
            let_through = kind and all(sentence.supported for sentence in checked(planted, evidence))
            passed += bool(let_through)
            if show and let_through:
                print(f"  passed (respelled: {name}, then {kind}, {entry}): {planted}")
            if show and wrong:
                print(f"  blocked (respelled: {name}, {entry}):")
                _show(wrong)
    total, wrongly = sum(count.values()), sum(blocked.values())
    print(f"respelled: {wrongly} of {total} blocked ({wrongly / total:.2%})")
    for name in count:
        print(f"  {name:<24}{count[name]:>6}{blocked[name]:>6}")
    print(f"  made false on top: {false}, {passed} passed")


def _planted(
    seed: int,
    count: int,
    rewrites: list[Rewrite],
    passages: dict[tuple[str, str], Passage],
    made: dict[tuple[str, ...], Evidence],
    *,
    show: bool,
) -> None:
    rng = random.Random(seed)
    false: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    inside: Counter[bool] = Counter()
    true = blocked = replies = held = 0
    took: list[float] = []
    for reply in (_reply(rng, rewrites, passages) for _ in range(count)):
        evidence = _evidence(reply.language, reply.entries, passages, made)
        text = "".join(sentence for sentence, _ in reply.sentences)
        started = time.perf_counter()
        result = checked(text, evidence)
        took.append(1000 * (time.perf_counter() - started))
        kinds = _kinds(reply, result)
        honest = not any(kinds)
        replies += honest
        held += honest and not all(sentence.supported for sentence in result)
        for sentence, kind in zip(result, kinds, strict=True):
            false[kind] += bool(kind)
            passed[kind] += bool(kind) and sentence.supported
            inside[reply.rewrite] += bool(kind) and sentence.supported
            true += not kind
            blocked += not kind and not sentence.supported
            if show and kind and sentence.supported:
                print(f"  passed ({kind}, {', '.join(reply.entries)}): {sentence.text.strip()}")
            if show and not kind and not sentence.supported and not reply.rewrite:
                print(f"  blocked ({', '.join(reply.entries)}):")
                _show([sentence])
    print(f"{count} replies, {sum(false.values())} false sentences, {sum(passed.values())} passed")
    for kind in KINDS:
        print(f"  {kind:<24}{false[kind]:>6}{passed[kind]:>6}")
    print(f"  of those that passed, in sentences of entries: {inside[False]}, in replies: {inside[True]}")
    print(f"  true sentences blocked: {blocked} of {true} ({blocked / true:.2%})")
    print(f"  true replies blocked: {held} of {replies} ({held / replies:.2%})")
    took.sort()
    print(f"  a reply: median {statistics.median(took):.2f} ms, p99 {took[int(0.99 * len(took))]:.2f} ms")


def _reply(rng: random.Random, rewrites: list[Rewrite], passages: dict[tuple[str, str], Passage]) -> Reply:
    """Write a reply: take a true text, then make some of its sentences false."""
    language = rng.choice(("en", "zh"))
    rewrite = rng.random() < 0.5
    if rewrite:
        row = rng.choice([row for row in rewrites if row.language == language])
        entries, sentences = row.entries, split(row.text)
    else:
        ids = sorted(entry for spoken, entry in passages if spoken == language)
        entries = tuple(rng.sample(ids, rng.choice((1, 1, 2))))
        sentences = [f"{s.strip()} " for entry in entries for s in split(passages[language, entry].answer)]
        if rng.random() < 0.5:
            rng.shuffle(sentences)
    evidence = "\n".join(passages[language, entry].answer for entry in entries)
    written = []
    for sentence in sentences:
        false, kind = sentence, ""
        if rng.random() < CHANCE:
            false, kind = _made_false(rng, sentence, evidence, language)
        written += _parts(sentence, false, kind)
    return Reply(language=language, sentences=tuple(written), entries=entries, rewrite=rewrite)


def _made_false(rng: random.Random, sentence: str, evidence: str, language: str) -> tuple[str, str]:
    """Plant one false fact of a kind that fits."""
    order = rng.sample(sorted(KINDS), len(KINDS))
    if rng.random() < 0.8:  # those that fit every sentence give the others a chance
        order.sort(key=lambda kind: kind in ("promise", "invented", "denial"))
    for kind in order:
        false = KINDS[kind](rng, sentence, evidence, language)
        if false and _plain(false) != _plain(sentence) and _plain(false) not in _plain(evidence):
            return false, kind
    return sentence, ""


def _parts(true: str, false: str, kind: str) -> list[tuple[str, str]]:
    """Cut ``false`` in what it shares with ``true`` at both ends and what was planted between."""
    start = _shared(true, false)
    end = len(false) - _shared(true[start:][::-1], false[start:][::-1])
    end = max(end, start + 1)  # where something was taken out, what follows it is false
    while end < len(false) and not false[start:end].strip():
        end += 1
    return [(false[:start], ""), (false[start:end], kind), (false[end:], "")]


def _shared(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _kinds(reply: Reply, result: list[Sentence]) -> list[str]:
    """Return what was planted in each sentence of ``result``, which may be cut elsewhere than the reply was made."""
    marks = [kind for sentence, kind in reply.sentences for _ in sentence]
    kinds, at = [], 0
    for sentence in result:
        inside = {k for k, char in zip(marks[at:], sentence.text, strict=False) if k and not char.isspace()}
        kinds.append(min(inside, default=""))
        at += len(sentence.text)
    return kinds


def _show(sentences: list[Sentence]) -> None:
    for sentence in sentences:
        why = "; ".join(f"{objection.code}: {objection.words}" for objection in sentence.against)
        print(f"    {sentence.text.strip()}   <- {why}")


if __name__ == "__main__":
    main()
