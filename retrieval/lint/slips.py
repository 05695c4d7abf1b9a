"""Addresses that look like slips of others: one letter away from what the rest of the knowledge uses. Hints only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.lint.addresses import all_links, mails, page, phones
from retrieval.lint.finding import Finding, found
from retrieval.types import Passage

#: Letters that a slip changes, leaves out, doubles or turns round.
_LETTERS = 1
#: Shorter paths and numbers differ by a letter on purpose: /en and /de.
_SHORTEST = 5
#: How many entries use what another one is taken for a slip of.
_USED_BY = 2


def check_slips(passages: Sequence[Passage]) -> Iterator[Finding]:
    """Yield the addresses that one entry alone uses and that are a letter away from one that others use."""
    for code, what, read in (
        ("K502", "address", _pages),
        ("K503", "mail address", _mails),
        ("K503", "number", _phones),
    ):
        yield from _odd(passages, code, what, read)


def _odd(passages: Sequence[Passage], code: str, what: str, read: Callable[[Passage], set[str]]) -> Iterator[Finding]:
    users: dict[str, dict[str, list[Passage]]] = defaultdict(lambda: defaultdict(list))
    for passage in passages:
        for address in sorted(read(passage)):
            users[address][passage.id].append(passage)
    usual = {address for address, entries in users.items() if len(entries) >= _USED_BY}
    for address, entries in users.items():
        # Twins that agree mean what they say.
        if len(entries) > 1 or len(each := next(iter(entries.values()))) > 1 or len(address) < _SHORTEST:
            continue
        near = process.extractOne(address, usual, scorer=OSA.distance, score_cutoff=_LETTERS)
        if near and not _numbered(address, near[0]):
            elsewhere = next(iter(users[near[0]].values()))[0]
            message = f"It has the {what} {address}, where others have {near[0]}: see whether that is a slip."
            yield found(code, each[0], message, elsewhere)


def _numbered(one: str, other: str) -> bool:
    """Whether both are alike but for a figure, as pages of a series are; telephone numbers are all figures."""
    letters = ["".join(filter(lambda char: not char.isdigit(), text)) for text in (one, other)]
    return letters[0] == letters[1] and len(letters[0]) > 1


def _pages(passage: Passage) -> set[str]:
    return {page(link) for link in all_links(passage)}


def _mails(passage: Passage) -> set[str]:
    return set(mails(passage.answer))


def _phones(passage: Passage) -> set[str]:
    return set(phones(passage.answer))
