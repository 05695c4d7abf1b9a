"""HTML: a section per heading, questions in ``<details>`` and ``<dl>``, and text without the furniture of the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser, LexborNode

from retrieval.ingest import plain
from retrieval.ingest.rows import Collector, Unreadable, one_line
from retrieval.ingest.sections import Answered, Block, Comment, Heading, Part, take

#: What every page of a site repeats, and what is no text.
_FURNITURE = frozenset(
    {"head", "script", "style", "nav", "header", "footer", "aside"}
    | {"template", "noscript", "svg", "iframe", "object", "select", "textarea"}
)
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
_BLOCKS = _HEADINGS | frozenset(
    {"address", "article", "blockquote", "body", "center", "div", "fieldset", "figcaption", "figure", "form", "hr"}
    | {"html", "main", "p", "pre", "section", "details", "summary", "dl", "dt", "dd", "ul", "ol", "menu", "li"}
    | {"table", "thead", "tbody", "tfoot", "tr", "th", "td"}
)

#: The parser does not tell lines, so they are written into the page before it is parsed: into comments, and into the
#: tags that an entry can begin with.
_MARKED = re.compile(
    r"(<!--(?!-?>))(?:.*?-->|.*\Z)|<(script|style)\b(?:.*?</\2\s*>|.*\Z)|(<(?:h[1-6]|summary|dt)(?=[\s>]))",
    re.DOTALL | re.IGNORECASE,
)
_LINE = "kefu-line"

#: The parser looks through all open tags at each new one; some 10,000 in each other take it seconds.
MAX_OPEN = 10_000
_OPEN = re.compile(r"<(?!(?:br|img|hr|input|meta|link|p|li|d[dt]|t[dhr]|option)\b)[a-z]", re.IGNORECASE)


def read_html(text: str, into: Collector, *, name: str) -> None:
    """Take one entry from each heading with text below it, and from each question in a list of them."""
    page = _parse(text, 1)
    title = page.css_first("head > title")
    root = page.css_first("html")
    if root is not None and (language := root.attributes.get("lang")):
        into.default("language", language, 1)
    take(_walk(page.body), into, title=one_line(title.text()) if title else "", name=name)


def parts(source: str, line: int) -> Iterator[Part]:
    """Give the parts of a piece of HTML whose first line is ``line`` of its file."""
    return _walk(_parse(source, line).body)


def _parse(text: str, line: int) -> LexborHTMLParser:
    if len(_OPEN.findall(text)) - text.count("</") > MAX_OPEN:
        raise Unreadable("tags that are never closed", f"at most {MAX_OPEN} of them")
    done = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal line, done
        line, done = line + text.count("\n", done, match.start()), match.start()
        whole = match.group(0)
        if match.group(1):
            return f"<!--{line}|{whole[4:]}"
        return f'{whole} {_LINE}="{line}"' if match.group(3) else whole

    return LexborHTMLParser(_MARKED.sub(mark, text))


def _walk(node: LexborNode | None) -> Iterator[Part]:
    """Yield the parts below ``node``; text that stands loose between blocks is a paragraph of its own."""
    loose: list[str] = []
    for child in node.iter(include_text=True) if node else ():
        if _is_inline(child) or (child.is_comment_node and any(map(str.strip, loose))):
            loose.append(_span(child))
            continue
        if text := _lines("".join(loose)):
            yield Block(text=text)
        loose.clear()
        yield from _block(child)
    if text := _lines("".join(loose)):
        yield Block(text=text)


def _block(node: LexborNode) -> Iterator[Part]:
    tag = node.tag or ""
    if node.is_comment_node:
        line, _, text = (node.comment_content or "").partition("|")
        yield Comment(text=text, line=int(line) if line.isdecimal() else 0)
    elif tag in _HEADINGS:
        yield _heading(node, int(tag[1]))
    elif tag == "details":
        yield from _details(node)
    elif tag == "dl":
        yield from _definitions(node)
    elif tag in {"ul", "ol", "menu"}:
        yield Block(text=_list(node))
    elif tag == "table":
        yield Block(text=_table(node))
    elif tag == "pre":
        yield Block(text=node.text().strip("\n"))
    elif tag not in _FURNITURE:
        yield from _walk(node)


def _heading(node: LexborNode, level: int) -> Heading:
    text = _lines(_inline(node)).replace("\n", " ")
    line = node.attributes.get(_LINE) or "0"
    id_ = (node.attributes.get("id") or "").strip()
    if not text.endswith(("?", "？")) and _letters(id_).startswith(_letters(text)):
        id_ = ""  # written by the program that made the page, and the same on many pages ("overview")
    return Heading(level=level, text=text, line=int(line) if line.isdecimal() else 0, id=id_)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _details(node: LexborNode) -> Iterator[Part]:
    """Take ``<summary>`` as the question and what else is in ``<details>`` as the answer."""
    summary = node.css_first("summary")
    if summary is None:
        yield from _walk(node)
        return
    heading = _heading(summary, 6)
    id_ = heading.id or (node.attributes.get("id") or "").strip()
    summary.decompose()
    yield _answered(Heading(level=6, text=heading.text, line=heading.line, id=id_), [node])


def _definitions(node: LexborNode) -> Iterator[Part]:
    """Take each ``<dt>`` as the question of the ``<dd>`` below it."""
    heading: Heading | None = None
    answers: list[LexborNode] = []
    for child in node.css("dt, dd"):
        if child.tag == "dt":
            if heading:
                yield _answered(heading, answers)
            heading, answers = _heading(child, 6), []
        else:
            answers.append(child)
    if heading:
        yield _answered(heading, answers)


def _answered(heading: Heading, nodes: list[LexborNode]) -> Answered:
    found = (part for node in nodes for part in _walk(node))
    return Answered(heading=heading, body=tuple(part for part in map(_flat, found) if part))


def _flat(part: Part) -> Block | Comment | None:
    """Make text of a heading or a question that stands within a block."""
    if isinstance(part, Heading):
        return Block(text=part.text)
    if isinstance(part, Answered):
        inner = [part.heading.text, *(block.text for block in part.body if isinstance(block, Block))]
        return Block(text="\n".join(inner))
    return part


def _texts(node: LexborNode) -> list[str]:
    return [part.text for part in map(_flat, _walk(node)) if isinstance(part, Block) and part.text]


def _list(node: LexborNode) -> str:
    start = node.attributes.get("start") or "1"
    marks = (f"{number}. " for number in accumulate(iter(lambda: 1, 0), initial=int(start) if start.isdecimal() else 1))
    children = [child for child in node.iter() if child.tag not in _FURNITURE]
    return "\n".join(
        plain.item(next(marks) if node.tag == "ol" else "- ", texts) for child in children if (texts := _texts(child))
    )


def _table(node: LexborNode) -> str:
    rows = (plain.row("\n".join(_texts(cell)) for cell in row.css("th, td")) for row in node.css("tr"))
    return "\n".join(row for row in rows if row.strip(" |"))


def _is_inline(node: LexborNode) -> bool:
    """Whether it stands within a line of text, and does not begin a block of its own."""
    if node.is_text_node:
        return True
    tags = (node.tag, *(child.tag for child in node.iter()))
    return not node.is_comment_node and node.tag not in _FURNITURE and _BLOCKS.isdisjoint(tags)


def _inline(node: LexborNode) -> str:
    """Show the text within ``node``, a line break on purpose as a vertical tab."""
    return "".join(map(_span, node.iter(include_text=True)))


def _span(node: LexborNode) -> str:
    if node.is_text_node:
        return node.text_content or ""
    if node.is_comment_node or node.tag in _FURNITURE:
        return ""
    if node.tag == "br":
        return "\v"
    if node.tag == "img":
        return node.attributes.get("alt") or ""
    inside = _inline(node)
    if node.tag == "a":
        return plain.link(inside, node.attributes.get("href") or "")
    return f" {inside} " if node.tag in _BLOCKS else inside


def _lines(text: str) -> str:
    return "\n".join(map(plain.unwrapped, text.split("\v"))).strip()
