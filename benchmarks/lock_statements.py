"""The evidence lock on statements about entries of other trades: false by as little as can be, and true in free words.

    python -m benchmarks.lock_statements            development: the statements that the lock is tuned by
    python -m benchmarks.lock_statements --test     reported: those of other writers and trades
    python -m benchmarks.lock_statements --show     also prints those that passed and the true ones that did not

The statements of ``benchmarks/statements`` are no model's mistakes: each false one was written to differ from the
entry, or from a true statement, in one thing, mostly without a word that the entry does not have. They say how far a
lock that reads words and not their meaning can be trusted beyond the demo shop that it was made with.

Figures: false statements that passed, by kind, and true ones that were blocked, by what was held against them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.lock import Evidence, checked

STATEMENTS = Path(__file__).parent / "statements"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An entry, and what was written about it."""

    question: str
    answer: str
    true: tuple[str, ...]
    #: The kind of each false statement, and the statement.
    false: tuple[tuple[str, str], ...]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true", help="the figures to report, instead of those to tune by")
    parser.add_argument("--show", action="store_true", help="print what passed and what was blocked wrongly")
    chosen = parser.parse_args()
    for language in ("en", "zh"):
        _measure(language, list(_rows("test" if chosen.test else "dev", language)), show=chosen.show)


def _rows(split: str, language: str) -> Iterator[Row]:
    for line in (STATEMENTS / f"{split}.{language}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        false = tuple((kind, text) for kind, text in row["false"])
        yield Row(question=row["question"], answer=row["answer"], true=tuple(row["true"]), false=false)


def _measure(language: str, rows: list[Row], *, show: bool) -> None:
    false: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    against: Counter[str] = Counter()
    true = blocked = 0
    for row in rows:
        evidence = Evidence.of([("entry", f"{row.question}\n{row.answer}")])
        for kind, text in row.false:
            lets = all(sentence.supported for sentence in checked(text, evidence))
            false[kind] += 1
            passed[kind] += lets
            if show and lets:
                print(f"  passed ({kind}): {text}\n    entry: {row.answer}")
        for text in row.true:
            codes = {objection.code for sentence in checked(text, evidence) for objection in sentence.against}
            true += 1
            blocked += bool(codes)
            against.update(codes)
            if show and codes:
                print(f"  blocked ({', '.join(sorted(codes))}): {text}\n    entry: {row.answer}")
    print(f"{language}: {sum(passed.values())} of {sum(false.values())} false statements passed", end=" ")
    print(f"({sum(passed.values()) / sum(false.values()):.1%})")
    for kind, count in sorted(false.items()):
        print(f"  {kind:<24}{count:>6}{passed[kind]:>6}  {passed[kind] / count:.1%}")
    print(f"{language}: {blocked} of {true} true statements blocked ({blocked / true:.1%})")
    for code, count in against.most_common():
        print(f"  {code:<24}{count:>6}")


if __name__ == "__main__":
    main()
