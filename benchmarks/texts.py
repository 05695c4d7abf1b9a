"""Texts to measure speed on: as many FAQ entries as wanted, and questions about them as people type them.

The entries are made up from frames and word lists, two thirds English and one third Chinese, and are the same in every
run. They are no measure of quality: for that there is `faq_data`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

#: Frames of a question and its answer, and what may stand in their slots, by language.
VOCABULARY = Path(__file__).with_name("vocabulary.yaml")

#: Every third entry is Chinese.
_CHINESE_EVERY = 3

_SLOT = re.compile(r"\{(\w+)\}")
_SMALL_WORDS = frozenset(("a", "an", "the", "is", "are", "do", "does", "can", "i", "my", "of", "to", "for", "in", "on"))
_OPENERS = {
    "en": ("hi, ", "hello. ", "quick question: ", "sorry to bother you, but ", "pls help, ", "I'd like to know, "),
    "zh": ("请问", "你好，", "想问一下，", "麻烦问下，", "亲，", "客服在吗，"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One FAQ entry."""

    id: str
    question: str
    answer: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question about an entry, in other words than the entry's."""

    #: The entry it was made from.
    id: str
    text: str


def generated(count: int) -> list[Entry]:
    """Return ``count`` made-up entries, no two with the same question."""
    words = yaml.safe_load(VOCABULARY.read_text("utf-8"))
    streams = {language: _stream(language, words[language]) for language in ("en", "zh")}
    order = ("zh" if number % _CHINESE_EVERY == 0 else "en" for number in range(1, count + 1))
    return [next(streams[language]) for language in order]


def from_file(path: Path, count: int) -> list[Entry]:
    """Return up to ``count`` entries from the JSONL rows of ``path``: {"question", "answer"} or {"text"}."""
    entries: dict[str, Entry] = {}
    with path.open(encoding="utf-8-sig") as lines:
        for number, row in enumerate(json.loads(line) for line in lines if line.strip()):
            question = " ".join(str(row.get("question") or row.get("text") or "").split())
            if question and question not in entries:
                language = "zh" if any("一" <= char <= "鿿" for char in question) else "en"
                answer = str(row.get("answer") or question)
                entries[question] = Entry(id=f"row-{number}", question=question, answer=answer, language=language)
            if len(entries) == count:
                break
    return list(entries.values())


def write(entries: Sequence[Entry], path: Path) -> None:
    """Write ``entries`` as FAQ rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in entries), "utf-8")


def typed(entries: Sequence[Entry]) -> Iterator[Asked]:
    """Yield questions about ``entries``, for ever: with slips, openers, words left out or moved; each entry in turn.

    None equals another or the question of an entry, not even without capitals and punctuation.
    """
    dice = random.Random(2)
    seen = {_plain(entry.question) for entry in entries}
    while True:
        for entry in dice.sample(entries, len(entries)):
            text = _retyped(entry, dice)
            if _plain(text) not in seen:
                seen.add(_plain(text))
                yield Asked(id=entry.id, text=text)


def _stream(language: str, words: dict[str, Any]) -> Iterator[Entry]:
    dice, seen = random.Random(1), set[str]()
    choices = {slot: listed.split(", ") for slot, listed in words["slots"].items()}
    while True:
        frame = dice.choice(words["frames"])
        slots = dict.fromkeys(_SLOT.findall(frame["question"] + frame["answer"]))
        values = {slot: dice.choice(choices[slot]) for slot in slots}
        question = frame["question"].format(**values)
        if question not in seen:
            seen.add(question)
            answer = frame["answer"].format(**values)
            yield Entry(id=f"{language}-{len(seen)}", question=question, answer=answer, language=language)


def _retyped(entry: Entry, dice: random.Random) -> str:
    text = entry.question.rstrip("?？.。!！")
    for change in dice.sample((_slip, _slip, _moved, _shortened, _opened), 2):
        text = change(text, entry.language, dice)
    if entry.language == "en" and dice.random() < 0.5:
        text = text.lower()
    return text + dice.choice(("", "", "?" if entry.language == "en" else "？"))


def _slip(text: str, language: str, dice: random.Random) -> str:
    """Swap two neighbouring letters, leave one out, or type one twice; in Chinese, leave a character out."""
    if language == "zh":
        place = dice.randrange(len(text))
        return text[:place] + text[place + 1 :]
    long = [match for match in re.finditer(r"[A-Za-z]{5,}", text)]
    if not long:
        return text
    word = dice.choice(long)
    place = dice.randrange(word.start() + 1, word.end() - 1)
    a, b = text[place], text[place + 1]
    return text[:place] + dice.choice((b + a, b, a + a + b)) + text[place + 2 :]


def _moved(text: str, language: str, dice: random.Random) -> str:
    """Begin with the end: what it is about comes first."""
    if language == "zh":
        place = dice.randrange(len(text) // 2, len(text))
        return f"{text[place:]}，{text[:place]}"
    words = text.split()
    place = dice.randrange(len(words) // 2, len(words))
    return " ".join(words[place:]) + ", " + " ".join(words[:place])


def _shortened(text: str, language: str, dice: random.Random) -> str:
    """Leave out the small words."""
    if language == "zh":
        return re.sub("[的吗呢了]", "", text) or text
    return " ".join(word for word in text.split() if word.lower() not in _SMALL_WORDS) or text


def _opened(text: str, language: str, dice: random.Random) -> str:
    return dice.choice(_OPENERS[language]) + text


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
