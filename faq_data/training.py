"""Checks the labelled messages in ``training``: form, labels, places of entities, counts, and independence.

Independent means: no two messages are nearly equal, none nearly equals a text of the knowledge or of the evaluation,
and an English row and the Chinese one of its number, which often says the same, stand in one split.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from faq_data.likeness import near_pairs
from faq_data.rows import ENTITIES, LANGUAGES, SENTIMENTS, Intent, Located, Message, Sentiment, Tagged, read_rows
from retrieval.types import Problem

SPLITS = ("train", "dev", "test")
OUT_OF_SCOPE = "oos"
#: The training rows hold so many entities of every type.
ENTITIES_PER_TYPE = 30
#: The share of rows without any entity; without them a model learns that there always is one.
EMPTY = 0.15

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_MAIL = re.compile(r"[\w.+-]+@[\w.-]+\w", re.ASCII)
#: Domains and North American numbers that are kept free for examples (RFC 2606; 555-0100 to 555-0199).
_EXAMPLE_MAIL = re.compile(r"@(?:[\w-]+\.)*(?:example|example\.(?:com|net|org))$", re.ASCII | re.IGNORECASE)
_EXAMPLE_PHONE = re.compile(r"555[- ]?01\d\d$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A text that no message may nearly equal, and where it stands."""

    text: str
    where: str
    language: str


def _least(train: int, dev: int, test: int) -> Mapping[str, int]:
    return MappingProxyType({"train": train, "dev": dev, "test": test})


#: So many rows each label has in each language; entities have no labels, so there it is all rows.
LEAST_INTENT = _least(16, 4, 6)
LEAST_OUT_OF_SCOPE = _least(40, 12, 24)
LEAST_SENTIMENT = _least(50, 12, 20)
LEAST_TAGGED = _least(125, 25, 40)


def check_training(folder: Path, seen: Iterable[Seen]) -> list[Problem]:
    """Check the files in ``folder``; gives what is wrong. No message may nearly equal one of ``seen``."""
    problems: list[Problem] = []
    messages: list[Located[Message]] = []
    for split in SPLITS:
        intents = read_rows(folder / f"intents.{split}.jsonl", Intent, problems)
        sentiment = read_rows(folder / f"sentiment.{split}.jsonl", Sentiment, problems)
        tagged = read_rows(folder / f"entities.{split}.jsonl", Tagged, problems)
        problems += _places(tagged)
        problems += _empty(tagged)
        messages += [*intents, *sentiment, *tagged]
    problems += _types(messages, folder)
    problems += _unknown(messages)
    problems += _counts(messages, folder)
    problems += _written(messages)
    problems += _once(messages)
    problems += _twins(messages)
    known = list(seen)
    for language in LANGUAGES:
        problems += _near(messages, known, language)
    return problems


@lru_cache
def _place(file: str) -> tuple[str, str]:
    """Tell what a file is about and its split: ``intents`` and ``dev`` for ``intents.dev.jsonl``."""
    family, split, _ = Path(file).name.split(".")
    return family, split


def _family(located: Located[Message]) -> str:
    return _place(located.file)[0]


def _split(located: Located[Message]) -> str:
    return _place(located.file)[1]


def _places(tagged: Iterable[Located[Tagged]]) -> Iterator[Problem]:
    """Check that entities are parts of the text, with no blanks at their ends, in order and side by side."""
    for located in tagged:
        text, entities = located.row.text, located.row.entities
        for number, entity in enumerate(entities):
            part = text[entity.start : entity.end]
            if not entity.start < entity.end <= len(text):
                found = f"from {entity.start} to {entity.end}"
                yield located.problem(f"entities.{number}", found, f"places within {len(text)} characters")
            elif part != part.strip():
                yield located.problem(f"entities.{number}", repr(part), "no blanks at the ends")
            elif entity.type == "phone" and not _EXAMPLE_PHONE.search(part):
                yield located.problem(f"entities.{number}", repr(part), "a number that ends in 555-0100 to 555-0199")
        if any(later.start < earlier.end for earlier, later in pairwise(entities)):
            yield located.problem("entities", "one that overlaps or precedes the one before", "entities in order")


def _empty(tagged: Sequence[Located[Tagged]]) -> Iterator[Problem]:
    """Check that enough messages hold no entity."""
    empty = sum(not located.row.entities for located in tagged)
    if tagged and empty < EMPTY * len(tagged):
        found = f"{empty} of {len(tagged)} rows without an entity"
        yield Problem(file=tagged[0].file, line=0, field="entities", found=found, expected=f"at least {EMPTY:.0%}")


def _types(messages: Iterable[Located[Message]], folder: Path) -> Iterator[Problem]:
    """Check that each type of entity is there often enough to be learned."""
    rows = [located.row for located in messages if _split(located) == "train"]
    counts: Counter[str] = Counter(entity.type for row in rows if isinstance(row, Tagged) for entity in row.entities)
    for name in ENTITIES:
        if counts[name] < ENTITIES_PER_TYPE:
            found, expected = f"{counts[name]} of type {name!r}", f"at least {ENTITIES_PER_TYPE}"
            yield Problem(
                file=str(folder / "entities.train.jsonl"), line=0, field="entities", found=found, expected=expected
            )


def _unknown(messages: Iterable[Located[Message]]) -> Iterator[Problem]:
    """Check that what is measured was learned."""
    known = {(_family(each), each.row.label) for each in messages if _split(each) == "train"}
    for located in messages:
        if (_family(located), located.row.label) not in known:
            yield located.problem("label", repr(located.row.label), "a label that the training rows have")


def _counts(messages: Iterable[Located[Message]], folder: Path) -> Iterator[Problem]:
    """Check that each label has enough rows, in each language and each split."""
    counts: Counter[tuple[str, ...]] = Counter(
        (_family(each), _split(each), each.row.language, each.row.label) for each in messages
    )
    least = {("sentiment", label): LEAST_SENTIMENT for label in SENTIMENTS} | {("entities", ""): LEAST_TAGGED}
    least |= {("intents", each.row.label): LEAST_INTENT for each in messages if isinstance(each.row, Intent)}
    least["intents", OUT_OF_SCOPE] = LEAST_OUT_OF_SCOPE
    for (family, label), wanted in least.items():
        for split in SPLITS:
            for language in LANGUAGES:
                count = counts[family, split, language, label]
                if count < wanted[split]:
                    file, found = str(folder / f"{family}.{split}.jsonl"), f"{count} rows {label} in {language!r}"
                    yield Problem(file=file, line=0, field="", found=found, expected=f"at least {wanted[split]}")


def _written(messages: Iterable[Located[Message]]) -> Iterator[Problem]:
    """Check that texts are in their language, and that no address in them can be someone's."""
    for located in messages:
        text, language = located.row.text, located.row.language
        if _LETTER.search(text) and bool(_HAN.search(text)) != (language == "zh"):
            yield located.problem("language", f"{language!r} for {text!r}", "the language of the text")
        for address in _MAIL.findall(text):
            if not _EXAMPLE_MAIL.search(address):
                yield located.problem("text", address, "a domain that is reserved for examples")


def _once(messages: Iterable[Located[Message]]) -> Iterator[Problem]:
    """Check that no id stands twice."""
    first: dict[str, Located[Message]] = {}
    for located in messages:
        holder = first.setdefault(located.row.id, located)
        if holder is not located:
            found = f"{located.row.id}, as in {holder.file}:{holder.line}"
            yield located.problem("id", found, "an id of its own")


def _twins(messages: Iterable[Located[Message]]) -> Iterator[Problem]:
    """Check that rows whose ids differ in the language alone stand in one split: one may translate the other."""
    by_number: dict[str, list[Located[Message]]] = defaultdict(list)
    for located in messages:
        by_number[located.row.id.replace(f"-{located.row.language}-", "-", 1)].append(located)
    for twins in by_number.values():
        for located in twins[1:]:
            if _split(located) != _split(twins[0]):
                yield located.problem("id", located.row.id, f"the split of {twins[0].row.id}, {_split(twins[0])}")


def _near(messages: Iterable[Located[Message]], seen: Iterable[Seen], language: str) -> Iterator[Problem]:
    """Check that no message nearly equals another, of whatever split and file, or a text seen elsewhere."""
    asked = [located for located in messages if located.row.language == language]
    known = [(located.row.text, located.row.id) for located in asked]
    known += [(each.text, each.where) for each in seen if each.language == language]
    texts = [located.row.text for located in asked]
    for number, position in near_pairs(texts, [text for text, _ in known], language):
        if position < number or position >= len(asked):
            text, where = known[position]
            yield asked[number].problem("text", f"{texts[number]!r}, in {where}: {text!r}", "words of its own")
