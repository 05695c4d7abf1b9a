"""Markdown: a section per heading, and text without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.tree import SyntaxTreeNode

from retrieval.ingest import html, plain
from retrieval.ingest.rows import Collector
from retrieval.ingest.sections import Answered, Block, Comment, Heading, Part, front_matter, take

_ATTRIBUTES = re.compile(r"\{:?[ \t]*#([^\s{}]+)[^{}]*\}\s*\Z")
_COMMENT = re.compile(r"\s*<!--(.*?)-->(.*)", re.DOTALL)


def read_markdown(text: str, into: Collector, *, name: str) -> None:
    """Take one entry from each heading with text below it; ``name`` is what the file is called."""
    body, first_line, title = front_matter(text, into)
    take(_parts(body, first_line), into, title=title, name=name)


def _parts(text: str, first_line: int) -> Iterator[Part]:
    nodes = iter(SyntaxTreeNode(_parser().parse(text)).children)
    for node in nodes:
        line = (node.map[0] if node.map else 0) + first_line
        if node.type == "html_block" and _opens_details(node):
            yield from _details(node, line, nodes)
        elif node.type == "heading":
            yield Heading(level=int(node.tag[1:]), text=_lines(node), line=line, id=str(node.attrs.get("id", "")))
        elif node.type == "html_block":
            yield from _html(node.content, line)
        else:
            yield Block(text=_block(node))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.before("inline", "heading_id", _heading_id)
    return parser


def _heading_id(state: StateCore) -> None:
    """Move ``{#id}`` from the end of a heading into its attributes, before its text is read for marks."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (match := _ATTRIBUTES.search(inline.content)):
            opening.attrSet("id", match.group(1))
            inline.content = inline.content[: match.start()].rstrip()


def _html(source: str, line: int) -> Iterator[Part]:
    """Read a piece of HTML between the paragraphs; most often it is a comment with keys."""
    if match := _COMMENT.fullmatch(source):
        yield Comment(text=match.group(1), line=line)
        source, line = match.group(2), line + match.group(1).count("\n")
    if source.strip():
        yield from html.parts(source, line)


def _opens_details(node: SyntaxTreeNode) -> bool:
    source = node.content.lower()
    return "<details" in source and "</details" not in source


def _details(node: SyntaxTreeNode, line: int, following: Iterator[SyntaxTreeNode]) -> Iterator[Part]:
    """Put together a question whose ``<details>`` and ``</details>`` stand alone, with Markdown between them."""
    inside = takewhile(lambda later: later.type != "html_block" or "</details" not in later.content.lower(), following)
    blocks = tuple(Block(text=_block(later)) for later in inside)
    for part in _html(node.content, line):
        yield replace(part, body=(*part.body, *blocks)) if isinstance(part, Answered) else part


def _block(node: SyntaxTreeNode) -> str:
    """Show one block as plain text; a list or a table is one block."""
    if node.type in {"fence", "code_block"}:
        return node.content.strip("\n")
    if node.type == "bullet_list":
        return "\n".join(plain.item("- ", _blocks(child)) for child in node.children)
    if node.type == "ordered_list":
        start = int(node.attrs.get("start", 1))
        return "\n".join(plain.item(f"{number}. ", _blocks(child)) for number, child in enumerate(node.children, start))
    if node.type == "table":
        rows = [row for part in node.children for row in part.children]
        return "\n".join(plain.row(_lines(cell) for cell in row.children) for row in rows)
    if node.type == "html_block":
        return "\n\n".join(part.text for part in _html(node.content, 0) if isinstance(part, Block))
    if node.type == "blockquote":
        return "\n\n".join(_blocks(node))
    return _lines(node)


def _blocks(node: SyntaxTreeNode) -> list[str]:
    return list(filter(None, map(_block, node.children)))


def _lines(node: SyntaxTreeNode) -> str:
    """Show a paragraph, a heading or a cell: the lines that it is broken into on purpose."""
    text = "".join(_inline(inline.children) for inline in node.children if inline.type == "inline")
    return "\n".join(map(plain.unwrapped, text.split("\v"))).strip()


def _inline(nodes: Sequence[SyntaxTreeNode]) -> str:
    """Show text without marks; a line break on purpose is a vertical tab, any other a line feed."""
    return "".join(map(_span, nodes))


def _span(node: SyntaxTreeNode) -> str:
    if node.type == "hardbreak" or (node.type == "html_inline" and node.content.lower().startswith("<br")):
        return "\v"
    if node.type == "softbreak":
        return "\n"
    if node.type in {"text", "code_inline", "text_special"}:
        return node.content
    inside = _inline(node.children)
    return plain.link(inside, str(node.attrs.get("href", ""))) if node.type == "link" else inside
