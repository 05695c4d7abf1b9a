"""Checks the demo company's knowledge and the data about it: ``python -m faq_data.validate``.

``validate`` gives a list of problems; an empty one means the data keep what ``README.md`` says of them. It checks form
(every row parses, every id exists), agreement (an entry and its twin state the same facts), and independence (no
evaluation question was seen before, neither in the knowledge, nor in the other split, nor in the dialogues).
What `faq_data.training` checks of the labelled messages is a part of it.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from faq_data.likeness import near_pairs, normalised
from faq_data.rows import (
    LANGUAGES,
    Asked,
    Dialogue,
    FalseRewrite,
    Located,
    Prompted,
    Question,
    Rewrite,
    Row,
    Unanswerable,
    read_rows,
)
from faq_data.training import Seen, check_training
from retrieval.ingest import read_sources
from retrieval.text import HAN
from retrieval.types import Passage, Problem

#: The day on which the evaluation asks: all entries are valid on it, but the expired one.
EVALUATION_DAY = date(2026, 11, 25)
#: Fewer rows than these make the intervals of the metrics too wide to compare two versions.
LEAST = {"questions.en.jsonl": 400, "questions.zh.jsonl": 400, "unanswerable.jsonl": 150, "dialogues.jsonl": 100}
#: So many rewrites there are in each language, and so many false ones.
REWRITES = 270
FALSE_REWRITES = 120
#: The numbers of the last rewrite of the first, the second and the third writing, in each language.
FIRST_REWRITES = {"en": 169, "zh": 167}
SECOND_REWRITES = {"en": 316, "zh": 302}
THIRD_REWRITES = {"en": 396, "zh": 382}
#: So many questions every entry that is valid on that day has in each language.
QUESTIONS_PER_ENTRY = 3
#: Each language names its own hotline, so the two count as the same fact.
HOTLINES = ("+1 202 555 0143", "400-555-0136")

_CHINESE = re.compile(f"[{HAN}]")
_MAIL = re.compile(r"[\w.+-]*@[\w-]+(?:\.[a-z]+)+")
_LINK = re.compile(r"https?://[\w./-]*[\w/]", re.ASCII)
_NUMBER = re.compile(r"\d+:\d\d|\d+(?:,\d{3})*(?:\.\d+)?")
#: The Chinese pages of the site lie in a folder of their own.
_CHINESE_PAGE = re.compile(r"(?<=\.example)/zh(?=/|$)")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = re.compile(rf"(?<=\d )(?:{'|'.join(_MONTHS)})")


def validate(folder: Path) -> list[Problem]:
    """Check the knowledge in ``folder``, and the data in its ``eval`` and ``training``; gives what is wrong.

    Raises SourceError where there is no knowledge at all.
    """
    ingestion = read_sources([folder])
    passages, problems = ingestion.passages, list(ingestion.problems)
    questions = []
    for language in LANGUAGES:
        rows = read_rows(folder / "eval" / f"questions.{language}.jsonl", Question, problems)
        problems += _languages(rows, language)
        questions += rows
    unanswerable = read_rows(folder / "eval" / "unanswerable.jsonl", Unanswerable, problems)
    dialogues = read_rows(folder / "eval" / "dialogues.jsonl", Dialogue, problems)
    asked: list[Located[Asked]] = [*questions, *unanswerable]
    problems += _twins(passages)
    problems += _phrasings(passages)
    problems += _labels(questions, passages)
    problems += _counts([*asked, *dialogues], folder / "eval")
    problems += _coverage(questions, passages, folder / "eval")
    problems += _splits(asked)
    problems += _dialogues(dialogues, {passage.id for passage in passages})
    problems += _repeated(asked, dialogues)
    rewrites = read_rows(folder / "eval" / "rewrites.jsonl", Rewrite, problems)
    false_rewrites = read_rows(folder / "eval" / "false_rewrites.jsonl", FalseRewrite, problems)
    problems += _writings(rewrites, REWRITES, passages)
    problems += _prompted(read_rows(folder / "eval" / "prompted.jsonl", Prompted, problems), passages)
    problems += _rewrite_splits(rewrites)
    problems += _writings(false_rewrites, FALSE_REWRITES, passages)
    problems += _false_words(false_rewrites)
    for language in LANGUAGES:
        problems += _leaks(asked, passages, dialogues, language)
    problems += check_training(folder / "training", _seen(asked, passages, dialogues))
    return problems


def facts(answer: str) -> dict[str, set[str]]:
    """Pull out what twins must agree on: links, mail addresses, phone numbers, numbers.

    Told alike on purpose: the English and the Chinese page of the same name; the hotlines of the two languages;
    full-width digits; 1,500 and 1500; 4.50 and 4.5; a month by name or by number. Numbers in words ("two", 两) are
    not read, and how often a number stands does not count.
    """
    text = unicodedata.normalize("NFKC", answer).lower()
    links = {_CHINESE_PAGE.sub("", link) for link in _LINK.findall(text)}
    text = _LINK.sub(" ", text)
    mails = set(_MAIL.findall(text))
    text = _MAIL.sub(" ", text)
    phones = set()
    for hotline in HOTLINES:
        if hotline in text:
            phones.add("the hotline")
            text = text.replace(hotline, " ")
    text = _MONTH.sub(lambda month: str(_MONTHS.index(month.group()) + 1), text)
    numbers = {_plain_number(number) for number in _NUMBER.findall(text)}
    return {"links": links, "mail addresses": mails, "phone numbers": phones, "numbers": numbers}


def split_of(row_id: str) -> str:
    """Tell the split of a row: stable, and no matter of taste."""
    return "test" if zlib.crc32(row_id.encode()) % 2 else "dev"


def _twins(passages: Iterable[Passage]) -> Iterator[Problem]:
    """Check that every entry exists in both languages and says the same in both."""
    by_id: dict[str, dict[str, Passage]] = defaultdict(dict)
    for passage in passages:
        by_id[passage.id][passage.language] = passage
    for twins in by_id.values():
        if set(twins) != set(LANGUAGES):
            one = next(iter(twins.values()))
            found, expected = f"{one.id} in {', '.join(sorted(twins))} only", " and ".join(LANGUAGES)
            yield _of_entry(one, "language", found, expected)
        else:
            yield from _agreement(twins["en"], twins["zh"])


def _agreement(english: Passage, chinese: Passage) -> Iterator[Problem]:
    theirs = facts(english.answer)
    for what, ours in facts(chinese.answer).items():
        if ours != theirs[what]:
            found = f"{chinese.id}: {what} that one twin alone has: {sorted(ours ^ theirs[what])}"
            yield _of_entry(chinese, "answer", found, f"the same {what} as {english.source}:{english.line}")
    if (english.valid_from, english.valid_until) != (chinese.valid_from, chinese.valid_until):
        yield _of_entry(chinese, "valid_from", f"{chinese.id}: not the days of its twin", "the same days")
    if _CHINESE_PAGE.sub("", chinese.url) != english.url:
        yield _of_entry(chinese, "url", repr(chinese.url), f"the Chinese page of {english.url!r}")


def _phrasings(passages: Iterable[Passage]) -> Iterator[Problem]:
    """Check that no two entries of a language are asked for in the same words, and none twice."""
    holders: dict[tuple[str, str], Passage] = {}
    for passage in passages:
        for phrasing in (passage.question, *passage.alternatives):
            key = (passage.language, normalised(phrasing))
            if holder := holders.get(key):
                expected = f"words that {holder.id} does not have"
                yield _of_entry(passage, "alternatives", f"{passage.id}: {phrasing!r}", expected)
            holders[key] = passage


def _languages(rows: Iterable[Located[Row]], language: str) -> Iterator[Problem]:
    for located in rows:
        if located.row.language != language:
            yield located.problem("language", repr(located.row.language), f"{language!r}, as in the name of the file")


def _labels(questions: Iterable[Located[Question]], passages: Iterable[Passage]) -> Iterator[Problem]:
    """Check that the labels name entries that may be served, and as many as the kind says."""
    known = {passage.key: passage for passage in passages}
    for located in questions:
        row = located.row
        ids = (*row.answer_ids, *row.accept)
        for answer_id in ids:
            passage = known.get((answer_id, row.language))
            if passage is None:
                yield located.problem("answer_ids", repr(answer_id), f"an entry in {row.language!r}")
            elif not passage.valid_on(EVALUATION_DAY):
                yield located.problem("answer_ids", repr(answer_id), f"an entry that is valid on {EVALUATION_DAY}")
        if len(set(ids)) < len(ids):
            yield located.problem("accept", "an id twice", "each id once")
        if (len(row.answer_ids) == 2) != (row.kind == "double"):
            yield located.problem("kind", f"{row.kind!r}, {len(row.answer_ids)} answers", "two answers in a 'double'")
        if row.kind == "followup" and not row.history:
            yield located.problem("history", "none", "the turns that a 'followup' leans on")


def _counts(rows: Iterable[Located[Row]], evaluation: Path) -> Iterator[Problem]:
    """Check that there are enough rows."""
    counts = Counter(located.file for located in rows)
    for name, least in LEAST.items():
        file = str(evaluation / name)
        if counts[file] < least:
            yield Problem(file=file, line=0, field="", found=f"{counts[file]} rows", expected=f"at least {least}")


def _coverage(questions: Iterable[Located[Question]], passages: Iterable[Passage], folder: Path) -> Iterator[Problem]:
    """Check that every entry that may be served is asked for often enough."""
    asked = Counter(f"{answer_id} {each.row.language}" for each in questions for answer_id in each.row.answer_ids)
    for passage in passages:
        count = asked[f"{passage.id} {passage.language}"]
        if passage.valid_on(EVALUATION_DAY) and count < QUESTIONS_PER_ENTRY:
            file = str(folder / f"questions.{passage.language}.jsonl")
            found, expected = f"{count} questions for {passage.id!r}", f"at least {QUESTIONS_PER_ENTRY}"
            yield Problem(file=file, line=0, field="answer_ids", found=found, expected=expected)


def _splits(asked: Iterable[Located[Asked]]) -> Iterator[Problem]:
    for located in asked:
        if located.row.split != split_of(located.row.id):
            expected = f"{split_of(located.row.id)!r}, by the checksum of {located.row.id!r}"
            yield located.problem("split", repr(located.row.split), expected)


def _dialogues(dialogues: Iterable[Located[Dialogue]], known: set[str]) -> Iterator[Problem]:
    """Check that the course of each dialogue is possible, and that it quotes entries that exist."""
    for located in dialogues:
        turns = located.row.turns
        if turns[0].speaker != "customer":
            yield located.problem("turns.0.speaker", "'agent'", "the customer, who begins")
        for number, turn in enumerate(turns):
            if (turn.speaker == "agent") != (turn.action is not None):
                yield located.problem(f"turns.{number}.action", repr(turn.action), "one on each turn of the agent")
            if turn.answer_id and (turn.speaker != "agent" or turn.answer_id not in known):
                expected = "the id of an entry, on a turn of the agent"
                yield located.problem(f"turns.{number}.answer_id", repr(turn.answer_id), expected)
        if any(later.at <= earlier.at for earlier, later in pairwise(turns)):
            yield located.problem("turns", "times that do not rise", "each turn later than the one before")
        if located.row.outcome == "handed_over" and not any(turn.action == "hand_off" for turn in turns):
            yield located.problem("outcome", "'handed_over' without a turn that does it", "a 'hand_off'")


def _writings(
    rewrites: Sequence[Located[Rewrite]] | Sequence[Located[FalseRewrite]], least: int, passages: Iterable[Passage]
) -> Iterator[Problem]:
    """Check that each rewrite stands once, is of entries that exist, quotes none as a whole, and that there are enough.

    A Chinese one has Chinese characters and an English one has none.
    """
    answers = {passage.key: passage.answer for passage in passages if passage.valid_on(EVALUATION_DAY)}
    seen: set[str] = set()
    for located in rewrites:
        row = located.row
        for entry in row.entries:
            if (entry, row.language) not in answers:
                yield located.problem("entries", repr(entry), f"an entry in {row.language!r} that may be served")
            elif normalised(answers[entry, row.language]) == normalised(row.text):
                yield located.problem("text", f"the answer of {entry!r}", "other words than the entry's")
        for field, value in (("id", row.id), ("text", normalised(row.text))):
            if value in seen:
                yield located.problem(field, repr(value)[:60], "one of its own")
            seen.add(value)
        if (row.language == "zh") != bool(_CHINESE.search(row.text)):
            yield located.problem("language", repr(row.language), "the language of the text")
    counts: Counter[str] = Counter(located.row.language for located in rewrites)
    for language in LANGUAGES:
        if rewrites and counts[language] < least:
            found, expected = f"{counts[language]} rows in {language!r}", f"at least {least}"
            yield Problem(file=rewrites[0].file, line=0, field="language", found=found, expected=expected)


def _prompted(rows: Iterable[Located[Prompted]], passages: Iterable[Passage]) -> Iterator[Problem]:
    """Check that each reply is of entries that exist, and that no id and no question stands twice."""
    keys = {passage.key for passage in passages if passage.valid_on(EVALUATION_DAY)}
    seen: set[str] = set()
    for located in rows:
        row = located.row
        for entry in row.entries:
            if (entry, row.language) not in keys:
                yield located.problem("entries", repr(entry), f"an entry in {row.language!r} that may be served")
        for field, value in (("id", row.id), ("question", normalised(row.question))):
            if value in seen:
                yield located.problem(field, repr(value)[:60], "one of its own")
            seen.add(value)


def _rewrite_splits(rewrites: Iterable[Located[Rewrite]]) -> Iterator[Problem]:
    for located in rewrites:
        row = located.row
        if row.split != (split := _rewrite_split(row)):
            yield located.problem("split", repr(row.split), f"{split!r}, by the number and the checksum of {row.id!r}")


def _rewrite_split(row: Rewrite) -> str:
    """Tell the split: the first writing is ``dev``, the second ``dev2`` and ``test``, then ``test2`` and ``test3``."""
    _, _, number = row.id.rpartition("-")
    if not number.isdecimal() or int(number) <= FIRST_REWRITES[row.language]:
        return "dev"
    if int(number) > SECOND_REWRITES[row.language]:
        return "test2" if int(number) <= THIRD_REWRITES[row.language] else "test3"
    return "test" if split_of(row.id) == "test" else "dev2"


def _false_words(rewrites: Iterable[Located[FalseRewrite]]) -> Iterator[Problem]:
    for located in rewrites:
        if located.row.false not in located.row.text:
            yield located.problem("false", repr(located.row.false), "words of the text")


def _repeated(asked: Iterable[Located[Asked]], dialogues: Iterable[Located[Dialogue]]) -> Iterator[Problem]:
    """Check that no id and no question stands twice; what a question leans on is a part of it."""
    rows: list[tuple[str, str, Located[Row]]] = [("id", dialogue.row.id, dialogue) for dialogue in dialogues]
    for located in asked:
        texts = (*(turn.text for turn in located.row.history), located.row.text)
        rows += [("id", located.row.id, located), ("text", "\n".join(map(normalised, texts)), located)]
    seen: dict[tuple[str, str], Located[Row]] = {}
    for field, value, row in rows:
        first = seen.setdefault((field, value), row)
        if first is not row:
            yield row.problem(field, f"that of {first.row.id} again ({first.file}:{first.line})", "one of its own")


def _leaks(
    asked: Iterable[Located[Asked]],
    passages: Iterable[Passage],
    dialogues: Iterable[Located[Dialogue]],
    language: str,
) -> Iterator[Problem]:
    """Check that no question nearly equals a phrasing, a logged customer's words, or a question of the other split."""
    questions = [located for located in asked if located.row.language == language]
    #: Text, where it stands, and the split that may have it too ("" for none).
    seen: list[tuple[str, str, str]] = [(located.row.text, located.row.id, located.row.split) for located in questions]
    for passage in passages:
        if passage.language == language:
            seen += [(text, passage.id, "") for text in (passage.question, *passage.alternatives)]
    for dialogue in dialogues:
        if dialogue.row.language == language:
            seen += [(turn.text, dialogue.row.id, "") for turn in dialogue.row.turns if turn.speaker == "customer"]
    texts = [located.row.text for located in questions]
    for number, position in near_pairs(texts, [text for text, _, _ in seen], language):
        text, where, split = seen[position]
        if split != questions[number].row.split:
            found = f"{questions[number].row.text!r}, in {where}: {text!r}"
            yield questions[number].problem("text", found, "words that were not seen before")


def _seen(
    asked: Iterable[Located[Asked]], passages: Iterable[Passage], dialogues: Iterable[Located[Dialogue]]
) -> Iterator[Seen]:
    """Give the customers' words that no message to learn from may repeat."""
    for located in asked:
        yield Seen(text=located.row.text, where=located.row.id, language=located.row.language)
    for passage in passages:
        for text in (passage.question, *passage.alternatives):
            yield Seen(text=text, where=passage.id, language=passage.language)
    for dialogue in dialogues:
        for turn in dialogue.row.turns:
            if turn.speaker == "customer":
                yield Seen(text=turn.text, where=dialogue.row.id, language=dialogue.row.language)


def _plain_number(number: str) -> str:
    """Write a number in one way only: no separators, no zeros that say nothing."""
    whole, point, part = number.replace(",", "").partition(".")
    return f"{whole}.{part.rstrip('0')}".rstrip(".") if point else whole


def _of_entry(passage: Passage, field: str, found: str, expected: str) -> Problem:
    return Problem(file=passage.source, line=passage.line, field=field, found=found, expected=expected)


def main() -> int:
    """Print what is wrong with the data beside this file; gives 1 if there is anything, as a shell expects it."""
    problems = validate(Path(__file__).parent)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "The data are sound.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
