"""Whether a new artefact may go live: only if it is better on rows that neither learned from, and worse at nothing.

What a generator has to show besides is in `finetune.generator.gate`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from finetune.artefact import Artefact
from finetune.errors import ArtefactError, BackboneError
from finetune.kinds import Example, Family, Outcome
from finetune.recipe import Kind
from finetune.registry import Registry
from finetune.rows import folded
from retrieval.text import detect_language

log = logging.getLogger(__name__)

Bools = npt.NDArray[np.bool_]
T = TypeVar("T")

#: Chance of calling a new artefact better that is none, in a one-sided exact McNemar test (McNemar 1947).
ALPHA = 0.05

#: Chance at which it counts as worse at something.
WORSE = 0.1

#: Share of what it gets right that it may lose where the same questions are mistyped.
SLIPS = 0.15

#: How much less often it may be right on held-out rows than on those it learned from: one that learned its questions by
#: heart knows all of them, and few others.
GAP = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    passed: bool
    #: The figures, in a sentence.
    why: str


def judge(
    family: Family[Any, Any], new: Any, old: Any, train: Sequence[Any], held_out: Sequence[Any], *, seed: int = 0
) -> list[Finding]:
    """Return what was looked at, each with its outcome; the new one may go live if all passed.

    ``held_out`` are rows that neither learned from. Without an ``old`` one (None) the new one is compared with saying
    always what is most frequent, or never anything, whichever is right more often.
    """
    findings = [no_leak(train, held_out)]
    outcomes = family.outcomes(new, held_out)
    rights = _rights(outcomes)
    if old is None:
        always = np.array(list(map(family.usual(train), held_out)), dtype=np.bool_)
        findings.append(better("better", rights, max(always, ~_inside(outcomes), key=np.count_nonzero)))
    else:
        earlier = family.outcomes(old, held_out)
        # What one of them can answer is not rightly refused by the other, which never heard of that answer.
        inside = _inside(outcomes) | _inside(earlier)
        now, before = (_rights(some) & (_inside(some) == inside) for some in (outcomes, earlier))
        findings.append(better("better", now, before))
        findings.append(not_worse("refusals", now[~inside], before[~inside]))
        for language in sorted({detect_language(e.text) for e in held_out}):
            mine = np.array([detect_language(e.text) == language for e in held_out])
            findings.append(not_worse(f"language {language}", now[mine], before[mine]))
    random = np.random.default_rng(seed)
    mistyped = [family.slip(example, random) for example in held_out]
    findings.append(_stands_slips(_rights(family.outcomes(new, mistyped)), rights))
    some = [train[i] for i in random.permutation(len(train))[: max(len(rights), 200)].tolist()]
    findings.append(_learned(family.outcomes(new, some), outcomes))
    return findings


def compared(registry: Registry, kind: Kind, made: Callable[[Artefact], T]) -> T | None:
    """Return what ``made`` makes of the artefact in use, to compare a new one with.

    None where nothing is in use, or where it cannot be opened, which a warning tells: the bot cannot use it either.
    """
    try:
        before = registry.open(kind)
        return None if before is None else made(before)
    except (ArtefactError, BackboneError) as error:  # of another encoder, say
        log.warning("The %s in use cannot be opened, so there is nothing to compare with. %s", kind.value, error)
        return None


def settled(registry: Registry, kind: Kind, version: str, findings: list[Finding]) -> list[Finding]:
    """Put ``version`` into use if all ``findings`` passed, and return them."""
    if all(finding.passed for finding in findings):
        registry.promote(kind, version)
    return findings


def _rights(outcomes: Sequence[Outcome]) -> Bools:
    return np.array([outcome.right for outcome in outcomes], dtype=np.bool_)


def _inside(outcomes: Sequence[Outcome]) -> Bools:
    return np.array([bool(outcome.wanted) for outcome in outcomes], dtype=np.bool_)


def no_leak(train: Sequence[Example], held_out: Sequence[Example]) -> Finding:
    """Return whether no text of ``held_out`` is one of ``train``, whatever its case and blanks."""
    known = {folded(example.text) for example in train}
    leaked = [i for i, example in enumerate(held_out, 1) if folded(example.text) in known]
    why = f"{len(leaked)} of {len(held_out)} held-out rows stand in the training data"
    return Finding(name="no leak", passed=not leaked, why=why + (f", the first is row {leaked[0]}" if leaked else ""))


def better(name: str, new: Bools, old: Bools) -> Finding:
    """Return whether more rows are right in ``new``, by McNemar's exact test."""
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    p = chance(gained, lost)
    why = f"{gained} rows newly right, {lost} newly wrong (p = {p:.3f}, needed below {ALPHA})"
    return Finding(name=name, passed=p < ALPHA, why=why)


def not_worse(name: str, new: Bools, old: Bools) -> Finding:
    """Return whether it may be chance if fewer rows are right in ``new``, by the same test."""
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    why = f"{gained} rows newly right, {lost} newly wrong of {len(new)}"
    return Finding(name=name, passed=chance(lost, gained) >= WORSE, why=why)


def chance(more: int, less: int) -> float:
    """Return how likely so many of the rows that changed are to do so in one direction, where neither is likelier."""
    return float(binomtest(more, more + less, alternative="greater").pvalue) if more + less else 1.0


def _stands_slips(mistyped: Bools, rights: Bools) -> Finding:
    kept = float(mistyped.mean()) / max(float(rights.mean()), 1e-9)
    why = f"keeps {kept:.0%} of what is right where texts are mistyped (needed {1 - SLIPS:.0%})"
    return Finding(name="stands slips", passed=kept >= 1 - SLIPS, why=why)


def _learned(known: Sequence[Outcome], unknown: Sequence[Outcome]) -> Finding:
    """Return whether held-out rows are right about as often as those of ``known``, which it learned from.

    Rows in which there is something to find are compared with such rows, and the others with others: either part has
    its own share of them, and they are not as hard.
    """
    rows, seen, unseen = 0, 0.0, 0.0
    for inside in (True, False):
        mine, theirs = (_rights(some)[_inside(some) == inside] for some in (known, unknown))
        if len(mine) and len(theirs):
            rows += len(theirs)
            seen += float(mine.mean()) * len(theirs)
            unseen += float(theirs.sum())
    if not rows:
        return Finding(name="not by heart", passed=True, why="no training row is like the held-out ones")
    why = f"{unseen / rows:.1%} of {rows} held-out rows right, {seen / rows:.1%} of training rows like them"
    passed = seen - unseen <= GAP * rows
    return Finding(name="not by heart", passed=passed, why=f"{why} (needed at most {100 * GAP:.0f} points more)")
