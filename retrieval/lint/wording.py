"""What is wrong with a text by itself: never finished, empty, too long, with marks that customers would see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from retrieval.lint.addresses import links
from retrieval.lint.finding import Finding, found, quoted
from retrieval.lint.marks import CLICK, GARBLED, MARKUP, NOTHING, PLACEHOLDER
from retrieval.text import fold
from retrieval.types import Passage


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """How long a message of a channel may be."""

    name: str
    longest: int
    #: How the channel measures a text.
    size: Callable[[str], int]
    #: What it counts, in a word.
    unit: str = "characters"


def check_wording(passages: Sequence[Passage], channels: Sequence[Channel]) -> Iterator[Finding]:
    """Yield what is wrong with the texts of each entry; ``channels`` are those that its answer has to fit into."""
    for passage in passages:
        yield from _unfinished(passage)
        if _says_nothing(passage):
            message = f"The answer is {quoted(passage.answer)}, which tells customers nothing: write one."
            yield found("K603", passage, message)
        yield from _too_long(passage, channels)
        if (click := CLICK.search(passage.answer)) and not passage.url and not any(links(passage.answer)):
            yield found("K604", passage, f"It says {quoted(click[0])}, and has no link: add the address.")
        if marks := GARBLED.search(passage.answer) or MARKUP.search(passage.answer):
            yield found("K605", passage, f"Customers would see {quoted(marks[0])}: write plain text.")


def _unfinished(passage: Passage) -> Iterator[Finding]:
    phrasings = [("list of phrasings", text) for text in passage.alternatives]
    for field, text in (("answer", passage.answer), ("question", passage.question), *phrasings):
        if left := PLACEHOLDER.search(_without_links(text)):
            yield found("K602", passage, f"The {field} still has {quoted(left[0])}: finish it.")
            return


def _without_links(text: str) -> str:
    for link in links(text):
        text = text.replace(link, " ")
    return text


def _says_nothing(passage: Passage) -> bool:
    """Whether the answer has no words, stands for one that is missing, or repeats the question."""
    answer = _letters(passage.answer)
    return not answer or answer in NOTHING or answer == _letters(passage.question)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def _too_long(passage: Passage, channels: Sequence[Channel]) -> Iterator[Finding]:
    small = [channel for channel in channels if channel.size(passage.answer) > channel.longest]
    if small:
        least = min(small, key=lambda channel: channel.longest)
        size = f"{least.size(passage.answer)} {least.unit}, and {least.longest} go into one message of {least.name}"
        others = [channel.name for channel in small if channel is not least]
        also = f" (also too long for {', '.join(others)})" if others else ""
        yield found("K601", passage, f"The answer has {size}{also}: shorten it, or it comes in parts.")
