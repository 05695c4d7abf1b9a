"""Documents: headings, the text below them, and how a section becomes an entry. Markdown and HTML meet here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from retrieval.ingest.rows import FIELDS, Collector, Unreadable, is_blank, key_name, nearest, one_line
from retrieval.ingest.yamltext import Document

#: The key of front matter that entries do not have.
_TITLE = "title"
#: What front matter can say for all entries of the file.
_DEFAULTS = ("language", "tags", "url", "audience", "valid_from", "valid_until")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KNOWN_KEY = re.compile(rf"^[ \t]*(?:{'|'.join(FIELDS)})[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading of a document."""

    #: 1 for the page, 6 for the smallest.
    level: int
    text: str
    line: int
    #: The id that its author gave it ("" for none).
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment, which holds keys of the entry where it stands directly below a heading."""

    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph, a list, a table: text as a chat reply shows it."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question and its answer that need no heading, such as ``<details>`` or ``<dt>`` and ``<dd>``."""

    heading: Heading
    body: tuple[Block | Comment, ...]


#: What a document is, in its order.
Part = Heading | Comment | Block | Answered


@dataclass
class _Section:
    """One heading with its text, while it is gathered."""

    heading: Heading
    #: The title of the page, the texts of the headings above it, and its own.
    path: tuple[str, ...]
    comment: Comment | None = None
    blocks: list[str] = field(default_factory=list)
    #: Whether it is a question and its answer by its form alone.
    answered: bool = False
    #: Whether smaller headings, or questions with answers, stand right below: it need not have text of its own then.
    divided: bool = False

    def add(self, part: Block | Comment) -> None:
        if isinstance(part, Block):
            self.blocks += [part.text] if part.text.strip() else []
        elif self.comment is None and not self.blocks and not part.text.lstrip().startswith("kefu:"):
            self.comment = part  # one that begins so is for `kefu lint`, wherever it stands


def front_matter(text: str, into: Collector) -> tuple[str, int, str]:
    """Take the defaults from the YAML between ``---`` at the top; gives the rest, its first line, and the title."""
    match = _FRONT_MATTER.match(text)
    if not match:
        return text, 1, ""
    title = ""
    try:
        document = Document(match.group(1), line=2)
        if not isinstance(document.root, yaml.MappingNode):
            return text, 1, ""  # two rules with text between them
        for raw_key, value in document.pairs(document.root):
            key = key_name(raw_key)
            if key in _DEFAULTS:
                into.default(key, value, 1)
            elif key == _TITLE:
                title = "" if is_blank(value) else one_line(str(value))
            elif near := nearest(key, (*_DEFAULTS, _TITLE)):  # other keys belong to the program that shows the page
                into.problem(1, field=key, found="no key of front matter", expected=f"{near!r}, or nothing")
    except Unreadable as wrong:
        into.problem(wrong.line, found=wrong.found, expected=wrong.expected)
    return text[match.end() :], match.group(0).count("\n") + 1, title


def take(parts: Iterable[Part], into: Collector, *, title: str, name: str) -> None:
    """Make entries of all sections that have text.

    ``title`` is what the page calls itself ("" for nothing), ``name`` what its file is called.
    """
    for section in _sections(parts, title, name):
        _take(section, into)


def _sections(parts: Iterable[Part], title: str, name: str) -> list[_Section]:
    top = title or name
    current = _Section(heading=Heading(level=0, text=top, line=1), path=(top,))
    sections = [current]
    above: list[Heading] = []
    for part in parts:
        if isinstance(part, Heading):
            above = [heading for heading in above if heading.level < part.level] + [part]
            page = [title] if above[0].level > 1 else []
            path = tuple(text for text in (*page, *(heading.text for heading in above)) if text)
            sections[-1].divided = part.level > sections[-1].heading.level
            current = _Section(heading=part, path=path or (top,))
            sections.append(current)
        elif isinstance(part, Answered):
            current.divided = True
            answered = _Section(heading=part.heading, path=(), answered=True)
            for inner in part.body:
                answered.add(inner)
            sections.append(answered)
        else:
            current.add(part)
    return sections


def _take(section: _Section, into: Collector) -> None:
    heading = section.heading
    given = _given(section.comment, into)
    names = {key_name(key) for key, value in given if not is_blank(value)}
    if not section.blocks:
        if names or section.answered or (heading.id and not section.divided):
            into.problem(heading.line, field="answer", found=f"no text below {heading.text!r}", expected="the answer")
        return
    is_faq = section.answered or heading.id or names & {"id", "alternatives"} or heading.text.endswith(("?", "？"))
    pairs: list[tuple[object, object]] = [("answer", "\n\n".join(section.blocks))]
    if "question" not in names:  # what stands in the comment is the author's last word
        pairs.append(("question", heading.text if is_faq and heading.text else " > ".join(section.path)))
        given = [(key, value) for key, value in given if key_name(key) != "question"]
    if heading.id:
        pairs.append(("id", heading.id))
    into.row(pairs + given, heading.line, in_parts=True)


def _given(comment: Comment | None, into: Collector) -> list[tuple[object, object]]:
    """Read the keys in a comment; a comment that is none of ours is a remark for other authors."""
    if comment is None:
        return []
    try:
        document = Document(comment.text.lstrip(" \t"), line=comment.line)
        if isinstance(document.root, yaml.MappingNode):
            pairs = document.pairs(document.root)
            return pairs if any(nearest(key_name(key)) for key, _ in pairs) else []
    except Unreadable as wrong:
        if _KNOWN_KEY.search(comment.text):
            into.problem(wrong.line, found=wrong.found, expected=wrong.expected)
    return []
