"""Links from one entry to another, or to another file of the knowledge, that lead nowhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from retrieval.ingest.files import SUFFIXES
from retrieval.lint.finding import Finding, found
from retrieval.types import Passage

#: Documents: their links are read in the file, for only those to the web come into an answer.
DOCUMENTS = (".md", ".markdown", ".html", ".htm")

_IN_MARKDOWN = re.compile(r"\]\(\s*<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_IN_HTML = re.compile(r"<a\s[^>]*?href\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
#: In running text: "see #return-window". A hyphen tells an id from a hashtag, and from "#1".
_IN_TEXT = re.compile(r"(?<![\w/&#])(?<!\]\()#([a-z][\w]*(?:-\w+)+)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|/", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_ANCHOR = re.compile(r"(?:\bid|\bname)\s*=\s*[\"']([^\"']+)[\"']|\{:?[ \t]*#([^\s{}]+)", re.IGNORECASE)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def check_references(passages: Sequence[Passage], texts: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the links that lead to no entry and no file; ``texts`` are those of the documents, by their paths."""
    ids = {passage.id for passage in passages}
    anchors = {file: _anchors(text) for file, text in texts.items()}
    for passage in passages:
        if passage.source not in texts:
            named = [*_IN_MARKDOWN.findall(passage.answer), *_IN_HTML.findall(passage.answer)]
            named += [f"#{name}" for name in _IN_TEXT.findall(passage.answer)]
            named += [passage.url] if passage.url.startswith("#") else []
            yield from _dead(passage, named, ids, anchors)
    for file, text in texts.items():
        yield from _in_document(file, text, passages, ids, anchors)


def _in_document(
    file: str,
    text: str,
    passages: Sequence[Passage],
    ids: Collection[str],
    anchors: Mapping[str, Collection[str]],
) -> Iterator[Finding]:
    inside = sorted((p for p in passages if p.source == file), key=lambda p: p.line)
    lines = [passage.line for passage in inside]
    named: dict[int, list[str]] = defaultdict(list)
    bare = _CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
    for link in (_IN_HTML if file.lower().endswith((".html", ".htm")) else _IN_MARKDOWN).finditer(bare):
        entry = bisect_right(lines, bare.count("\n", 0, link.start()) + 1) - 1
        named[max(entry, 0)].append(link[1])
    for entry, links in sorted(named.items()):
        if inside:
            yield from _dead(inside[entry], links, ids, anchors)


def _dead(
    passage: Passage, named: Sequence[str], ids: Collection[str], anchors: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    for link in dict.fromkeys(named):
        if _ELSEWHERE.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        path = path.split("?")[0]
        target = Path(passage.source).parent / path if path else Path(passage.source)
        if path and path not in ids and not path.lower().endswith(SUFFIXES):
            continue  # a picture, or a word in brackets
        if path and path not in ids and not target.exists():
            yield found("K501", passage, f"It links to {path!r}, which is not there: mend the link.")
        elif anchor and anchor not in ids and anchor not in _of(target, anchors):
            yield found("K501", passage, f"It links to {'#' + anchor!r}, which no entry has: mend the link.")


def _of(target: Path, anchors: Mapping[str, Collection[str]]) -> Collection[str]:
    return anchors.get(str(target), ()) or anchors.get(str(target.resolve()), ())


def _anchors(text: str) -> set[str]:
    """Return what a link can lead to in a document: its headings as hosts of code write them, and ids."""
    titles = (re.sub(r"[^\w\- ]", "", _ANCHOR.sub("", title)).strip().lower() for title in _HEADING.findall(text))
    return {title.replace(" ", "-") for title in titles} | {a or b for a, b in _ANCHOR.findall(text)}
