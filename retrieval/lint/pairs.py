"""Entries in each other's way: contradictions, near-duplicates, and phrasings that two entries list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from rapidfuzz import fuzz, process

from retrieval.lint.finding import Finding, found, quoted
from retrieval.lint.nearness import Near, Neighbourhood
from retrieval.lint.sentences import Sentence, apart, conflicts, differs, sentences, verdict, words
from retrieval.lint.stated import values
from retrieval.text import fold, written_out
from retrieval.types import Passage

#: From this cosine of their questions, or of their answers, on two entries are looked at: paraphrases of one question
#: come down to 0.6, and so do copies with slips, which the encoder reads badly. In the demo shop 0.85 is reached by
#: questions that differ, so this decides nothing by itself (benchmarks/lint.py).
LOOKED_AT = 0.6

#: From this cosine on two questions may ask the same.
SAME_QUESTION = 0.9

#: Texts as alike as this, of 100, are the same with slips.
SAME_TEXT = 88
#: The same for phrasings of a few words, where a slip weighs more.
SLIPS = 75


def check_pairs(passages: Sequence[Passage], around: Neighbourhood) -> Iterator[Finding]:
    """Yield contradictions and near-duplicates, then the phrasings that are listed twice by other pairs."""
    told: set[frozenset[tuple[str, str]]] = set()
    keys = {passage.key for passage in passages}
    near = [each for each in around.pairs(least=LOOKED_AT) if keys.issuperset((each.first.key, each.second.key))]
    known = {frozenset((each.first.key, each.second.key)): each for each in near}
    shared = _shared(passages)
    for pair, (first, second, _) in shared.items():
        if pair not in known and _asks(first) == _asks(second):  # in a language that the encoder does not read
            near.append(Near(first=first, second=second, question=1.0, answer=0.0))
    said = cache(sentences)  # an entry comes near many
    for each in near:
        for finding in _near(each, said):
            told.add(frozenset((each.first.key, each.second.key)))
            yield finding
    for pair, (first, second, phrasing) in shared.items():
        if pair not in told:
            message = f"It lists {quoted(phrasing)}, and so does {first.id!r}: leave it to one of both."
            yield found("K202", second, message, first)


def _near(near: Near, said: Callable[[str], list[Sentence]]) -> Iterator[Finding]:
    first, second = near.first, near.second
    if conflict := next(conflicts(said(first.answer), said(second.answer)), None):
        yield _contradiction(first, second, *conflict)
    elif _same_entry(near):
        if _deny(first.answer, second.answer):
            yield _contradiction(first, second, first.answer, second.answer)
        else:
            yield found("K201", second, f"It says what {first.id!r} says: make one entry of both.", first)
    elif _one_question(first, second, near.question):
        what = f"It answers {quoted(second.question)} in another way than {first.id!r}"
        yield found("K101", second, f"{what}: keep one answer, or say in the questions what tells them apart.", first)


def _deny(one: str, other: str) -> bool:
    """Whether two answers in nearly the same words say another value, or yes and no."""
    return {verdict(one), verdict(other)} == {True, False} or differs(values(one), values(other))


def _contradiction(first: Passage, second: Passage, one: str, other: str) -> Finding:
    message = f"It says {quoted(other)}, while {first.id!r} says {quoted(one)}: keep what is true."
    return found("K101", second, message, first)


def _same_entry(near: Near) -> bool:
    """Whether both have nearly the same question and answer, slips aside."""
    first, second = near.first, near.second
    return fuzz.ratio(first.answer, second.answer) >= SAME_TEXT and (
        near.question >= LOOKED_AT or _spelled_alike(first, second) or _spelled_alike(second, first)
    )


def _spelled_alike(first: Passage, second: Passage) -> bool:
    """Whether the question of the first is a phrasing of the second with slips, which an encoder may not read."""
    phrasings = [fold(text) for text in (second.question, *second.alternatives)]
    return process.extractOne(fold(first.question), phrasings, scorer=fuzz.ratio, score_cutoff=SLIPS) is not None


def _one_question(first: Passage, second: Passage, cosine: float) -> bool:
    """Whether both ask the same: in the same letters, or so near, and with no word that only one of them has."""
    if _asks(first) == _asks(second):
        return True
    if cosine < SAME_QUESTION or differs(values(first.question), values(second.question)):
        return False
    left, right = apart(words(first.question), words(second.question))
    return not left and not right


def _asks(passage: Passage) -> str:
    return _bare(passage.question)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, fold(written_out(text))))


def _shared(passages: Sequence[Passage]) -> dict[frozenset[tuple[str, str]], tuple[Passage, Passage, str]]:
    """Return the pairs of entries that list one phrasing, and the first such phrasing."""
    listed: dict[tuple[str, str], list[Passage]] = defaultdict(list)
    written: dict[str, str] = {}
    for passage in passages:
        for text in dict.fromkeys((passage.question, *passage.alternatives)):
            if bare := _bare(text):
                written.setdefault(bare, text)
                if passage not in listed[passage.language, bare]:
                    listed[passage.language, bare].append(passage)
    pairs: dict[frozenset[tuple[str, str]], tuple[Passage, Passage, str]] = {}
    for (_, bare), each in listed.items():
        for later in each[1:]:
            if later.id != each[0].id:
                pairs.setdefault(frozenset((each[0].key, later.key)), (each[0], later, written[bare]))
    return pairs
