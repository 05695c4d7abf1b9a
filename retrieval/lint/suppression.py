"""What an editor has looked at and wants to keep: ``kefu: ignore K201`` in a comment of the source, or as a tag.

A comment belongs to the entry that it stands in, or directly above of; one before the first entry, with a blank line
between, to all of the file. Where a format has no comments a tag of the entry says the same, word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval.lint.finding import Finding, Place
from retrieval.types import Passage

_CODES = r"kefu:[ \t]*ignore[ \t]+(K\d{3}(?:[ \t,]+K\d{3})*)"
_TAG = re.compile(_CODES, re.IGNORECASE)
_IN_MARKUP = re.compile(rf"<!--[ \t]*{_CODES}\b.*?-->", re.IGNORECASE)
_IN_YAML = re.compile(rf"(?:^|[ \t])#[ \t]*{_CODES}\b.*", re.IGNORECASE)

#: The files that have comments, by how their names end.
COMMENTS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys((".md", ".markdown", ".html", ".htm"), _IN_MARKUP),
    **dict.fromkeys((".yaml", ".yml"), _IN_YAML),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """A code that is not to be told of an entry, or of a whole file."""

    code: str
    #: Where it stands.
    place: Place
    #: Line of the entry that it is about (0: all of the file).
    line: int

    def covers(self, finding: Finding) -> bool:
        """Whether it is about ``finding``: one of its two places is enough."""
        places = (finding.place, finding.other) if finding.other else (finding.place,)
        return finding.code == self.code and any(
            place.file == self.place.file and self.line in (0, place.line) for place in places
        )


def suppressions(passages: Sequence[Passage], texts: Mapping[str, str]) -> Iterator[Suppression]:
    """Yield what the tags of the entries suppress, and the comments in ``texts``, by the paths of their files."""
    lines: dict[str, set[int]] = {}
    for passage in passages:
        lines.setdefault(passage.source, set()).add(passage.line)
    seen: set[tuple[str, int, str]] = set()
    for passage in passages:
        for tag in passage.tags:
            for code in _codes(_TAG.fullmatch(tag)):
                key = (passage.source, passage.line, code)
                if key not in seen:  # the parts of a long section have the same tags
                    seen.add(key)
                    yield Suppression(code=code, place=Place.of(passage), line=passage.line)
    for file, text in texts.items():
        pattern = COMMENTS.get(_suffix(file))
        if pattern:
            yield from _in_comments(file, text.split("\n"), sorted(lines.get(file, ())), pattern)


def _in_comments(
    file: str, written: Sequence[str], entries: Sequence[int], pattern: re.Pattern[str]
) -> Iterator[Suppression]:
    for number, line in enumerate(written, start=1):
        for match in pattern.finditer(line):
            about = _entry(number, written, entries, pattern)
            for code in _codes(match):
                yield Suppression(code=code, place=Place(file=file, line=number), line=about)


def _entry(number: int, written: Sequence[str], entries: Sequence[int], pattern: re.Pattern[str]) -> int:
    """Return the line of the entry that a comment in line ``number`` is about (0: the file)."""
    if number in entries:
        return number
    below = number + 1
    while below <= len(written) and below not in entries and _only_comment(written[below - 1], pattern):
        below += 1
    if below in entries and _only_comment(written[number - 1], pattern):
        return below
    return max((line for line in entries if line <= number), default=0)


def _only_comment(line: str, pattern: re.Pattern[str]) -> bool:
    return bool(line.strip()) and not pattern.sub("", line).strip()


def _codes(match: re.Match[str] | None) -> list[str]:
    return re.findall(r"K\d{3}", match[1].upper()) if match else []


def _suffix(file: str) -> str:
    return "." + file.rpartition(".")[2].lower()


def apply(findings: Iterable[Finding], suppressed: Sequence[Suppression]) -> tuple[list[Finding], list[Suppression]]:
    """Return the findings that are left, and the suppressions that were of use for none."""
    by_code: dict[str, list[Suppression]] = {}
    for each in suppressed:
        by_code.setdefault(each.code, []).append(each)
    left: list[Finding] = []
    used: set[int] = set()
    for finding in findings:
        covering = [each for each in by_code.get(finding.code, ()) if each.covers(finding)]
        used.update(map(id, covering))
        if not covering:
            left.append(finding)
    return left, [each for each in suppressed if id(each) not in used]
