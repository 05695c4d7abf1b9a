"""What the languages of an entry say differently: values, links, validity, length; and which language is missing."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import median

from retrieval.lint.addresses import links, mails, page
from retrieval.lint.finding import Finding, found, quoted
from retrieval.lint.stated import values
from retrieval.lint.values import compare
from retrieval.text import detect_language
from retrieval.types import Passage

#: From this share of entries with both languages on, an entry with one of them lacks the other.
BILINGUAL = 0.66

#: From this factor on, beside what is usual between the two languages, an answer is of unlike length; where lengths
#: vary by nature it takes four times their spread. What is left of an answer that lost half its sentences is past it.
UNLIKE = 2.0
_SPREADS = 4
#: Fewer pairs of answers tell nothing of what is usual.
_ENOUGH = 10
#: Shorter answers differ by a word or two.
_SHORT = defaultdict(lambda: 60, zh=20)

#: The scripts that `detect_language` can tell apart.
_TOLD_APART = frozenset({"en", "zh"})
#: Ids that reading derives from the content: they have no twins.
_DERIVED = re.compile(r"[0-9a-f]{12}(?:#\d+)?")

Twins = Mapping[str, Sequence[Passage]]


def twins_of(passages: Iterable[Passage]) -> Twins:
    """Return the passages of each entry, in the order of their languages."""
    entries: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        entries[passage.id].append(passage)
    return {entry: sorted(each, key=lambda p: p.language) for entry, each in entries.items()}


def check_twins(passages: Sequence[Passage], unfinished: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Yield what is wrong between the languages of the entries.

    Answers of ``unfinished`` passages (their keys) are not compared, nor what a much shorter answer lacks: of that is
    told once.
    """
    twins = twins_of(passages)
    foreign = [p for p in passages if _in_another_language(p)]
    apart = {*unfinished, *(p.key for p in foreign)}
    pairs = [pair for each in twins.values() for pair in combinations(each, 2)]
    whole = [pair for pair in pairs if apart.isdisjoint((pair[0].key, pair[1].key))]
    yield from map(_wrong_language, foreign)
    yield from _missing(twins)
    for first, second in pairs:
        yield from _validity(first, second)
    unlike = {frozenset((short.key, long.key)): (short, long, times) for short, long, times in _lengths(whole)}
    for short, long, times in unlike.values():
        message = (
            f"The answer in {long.language} is {times:.1f} times as long as usual beside this one: see what is missing."
        )
        yield found("K302", short, message, long)
    for first, second in whole:
        one_sided = frozenset((first.key, second.key)) not in unlike
        yield from _values(first, second, one_sided=one_sided)
        yield from _links(first, second, one_sided=one_sided)


def _in_another_language(passage: Passage) -> bool:
    """Whether the answer is written in the other script: one that is all names and figures is not counted."""
    words = re.sub(r"https?://\S+|\S+@\S+|[^\w\s]|\d", " ", passage.answer)
    long_enough = len(words.split()) >= 4 if words.isascii() else True
    return passage.language in _TOLD_APART and long_enough and detect_language(words) != passage.language


def _wrong_language(passage: Passage) -> Finding:
    spoken = {"en": "English", "zh": "Chinese"}[passage.language]
    return found("K303", passage, f"The answer is not in {spoken}, as its language says: translate it.")


def _values(first: Passage, second: Passage, *, one_sided: bool) -> Iterator[Finding]:
    difference = compare(values(first.answer), values(second.answer))
    if difference.instead:
        one, other = difference.instead[0]
        said = f"{quoted(one.text)} in {first.language} and {quoted(other.text)} in {second.language}"
        yield found("K102", first, f"It says {said}: make both say the same.", second)
    elif one_sided and any(difference.only):
        side = 0 if difference.only[0] else 1
        has, lacks = ((first, second), (second, first))[side]
        names = ", ".join(dict.fromkeys(quoted(value.text) for value in difference.only[side]))
        yield found("K103", lacks, f"Only {has.language} says {names}: say it in {lacks.language} too.", has)


def _links(first: Passage, second: Passage, *, one_sided: bool) -> Iterator[Finding]:
    for read in (_pages, _mails, _field):
        one, other = read(first), read(second)
        left, right = [one[k] for k in one if k not in other], [other[k] for k in other if k not in one]
        if left and right:
            what = f"{left[0]} in {first.language} and {right[0]} in {second.language}"
            yield found("K104", first, f"It leads to {what}: make both lead to the same.", second)
        elif one_sided and (left or right) and read is not _field:
            has, lacks = (first, second) if left else (second, first)
            what = f"Only {has.language} leads to {(left or right)[0]}"
            yield found("K104", lacks, f"{what}: add it in {lacks.language}, or take it out.", has)
        else:
            continue
        return


def _pages(passage: Passage) -> dict[str, str]:
    return {page(link): link for link in links(passage.answer)}


def _mails(passage: Passage) -> dict[str, str]:
    return {mail: mail for mail in mails(passage.answer)}


def _field(passage: Passage) -> dict[str, str]:
    return {page(passage.url): passage.url} if passage.url else {}


def _validity(first: Passage, second: Passage) -> Iterator[Finding]:
    if (first.valid_from, first.valid_until) != (second.valid_from, second.valid_until):
        message = (
            f"It is valid {_period(first)} in {first.language} and {_period(second)} in {second.language}: "
            "give both the same dates."
        )
        yield found("K105", first, message, second)


def _period(passage: Passage) -> str:
    begins = f"from {passage.valid_from}" if passage.valid_from else ""
    ends = f"until {passage.valid_until}" if passage.valid_until else ""
    return " ".join(filter(None, [begins, ends])) or "always"


def _missing(twins: Twins) -> Iterator[Finding]:
    named = [each for entry, each in twins.items() if not _DERIVED.fullmatch(entry)]
    languages = Counter(passage.language for each in named for passage in each)
    usual = [language for language, count in languages.items() if count >= BILINGUAL * len(named)]
    for each in named:
        has = {passage.language for passage in each}
        for language in usual:
            if language not in has:
                message = (
                    f"{languages[language]} of {len(named)} entries have {language}, this one does not: "
                    f"add it in {language}, with the id {each[0].id!r}."
                )
                yield found("K301", each[0], message)


def _lengths(twins: Iterable[tuple[Passage, Passage]]) -> Iterator[tuple[Passage, Passage, float]]:
    """Yield the shorter and the longer of two answers of unlike length, and by which factor they differ from usual."""
    ratios: dict[tuple[str, str], list[tuple[float, Passage, Passage]]] = defaultdict(list)
    for first, second in twins:
        if first.answer and second.answer:
            ratio = math.log(len(first.answer) / len(second.answer))
            ratios[first.language, second.language].append((ratio, first, second))
    for pairs in ratios.values():
        if len(pairs) < _ENOUGH:
            continue
        usual = median(ratio for ratio, _, _ in pairs)
        spread = median(abs(ratio - usual) for ratio, _, _ in pairs)
        for ratio, first, second in pairs:
            off = ratio - usual
            short, long = (second, first) if off > 0 else (first, second)
            if abs(off) >= max(math.log(UNLIKE), _SPREADS * spread) and len(long.answer) >= _SHORT[long.language]:
                yield short, long, math.exp(abs(off))
