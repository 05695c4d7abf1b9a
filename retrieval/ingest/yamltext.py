"""YAML with line numbers, read safely: plain data only, nothing that grows when its aliases are followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from retrieval.ingest.rows import Unreadable, key_name

#: A YAML file is typed by people; larger data belongs into JSONL.
MAX_YAML_BYTES = 8 * 1024 * 1024

#: Lists in mappings in a list are three deep.
MAX_DEPTH = 30

#: Mistakes that the parser notices lines later, or at the end only: a quote or a bracket that is not closed.
_LEFT_OPEN = re.compile(r"quoted scalar|flow (?:sequence|mapping)")

#: Each alias may repeat a whole subtree, and those inside it in turn: a few lines can stand for billions of values.
MAX_ALIASES = 1000
MAX_REPEATED = 100_000

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """One YAML document: its nodes, which know their lines, and their values on demand."""

    def __init__(self, text: str, *, line: int = 1) -> None:
        """Parse ``text``, whose first line is ``line`` of the file; raises Unreadable where it is broken."""
        self._first = line
        self._loader = _Loader("")
        try:
            self._check_events(text)
            loader = _Loader(text)
            self.root: yaml.Node | None = loader.get_single_node()
        except (yaml.YAMLError, ValueError) as error:
            raise self._unreadable(error) from error
        if self.root is not None:
            self._check_repeated(self.root)

    def line(self, node: yaml.Node) -> int:
        """Give the line of the file that ``node`` starts at."""
        return self._at(node.start_mark)

    def value(self, node: yaml.Node) -> object:
        """Build the value of ``node``; raises Unreadable where it is none, such as the 31st of February."""
        try:
            value: object = self._loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:
            raise Unreadable(_short(error), "plain YAML data", line=self.line(node)) from error
        return value

    def pairs(self, node: yaml.MappingNode) -> list[tuple[object, object]]:
        """Give keys and values of a mapping, doubled keys too; an id as it is written, so that 007 stays 007."""
        own = {id(key) for key, _ in node.value}
        names = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        try:
            self._loader.flatten_mapping(node)
        except yaml.YAMLError as error:
            raise Unreadable(_short(error), "plain YAML data", line=self.line(node)) from error
        pairs = []
        for key, value in node.value:
            if id(key) not in own and key.value in names:
                continue  # merged from elsewhere by "<<", and given anew here
            name = self.value(key)
            pairs.append((name, self._written(value) if key_name(name) == "id" else self._dated(value)))
        return pairs

    def _written(self, node: yaml.Node) -> object:
        """Give a number or a switch as the text that stands in the file."""
        is_text = isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null"
        return node.value if is_text else self.value(node)

    def _dated(self, node: yaml.Node) -> object:
        """Give a day that no calendar has as text, so that it is told with the name of its field."""
        try:
            return self.value(node)
        except Unreadable:
            if node.tag == "tag:yaml.org,2002:timestamp":
                return node.value
            raise

    def _check_events(self, text: str) -> None:
        depth = aliases = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.AliasEvent):
                aliases += 1
            if depth > MAX_DEPTH or aliases > MAX_ALIASES:
                found = "more nesting" if depth > MAX_DEPTH else "more aliases"
                expected = f"at most {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"at most {MAX_ALIASES} aliases"
                raise Unreadable(f"{found} than any entry needs", expected, line=self._at(event.start_mark))

    def _check_repeated(self, root: yaml.Node) -> None:
        """Refuse a document that would grow by more than MAX_REPEATED values if every alias were written out."""
        sizes: dict[int, int] = {}

        def size(node: yaml.Node) -> int:
            known = sizes.get(id(node))
            if known == 0:
                raise Unreadable("an alias to what it stands in", "plain YAML data", line=self.line(node))
            if known is None:
                sizes[id(node)] = 0  # in the making
                known = sizes[id(node)] = 1 + sum(map(size, _children(node)))
            return known

        if size(root) > len(sizes) + MAX_REPEATED:
            raise Unreadable("aliases that repeat each other over and over", "each entry written out")

    def _unreadable(self, error: Exception) -> Unreadable:
        expected = "valid YAML (texts with ': ' or '#' in them stand in quotes)"
        mark = getattr(error, "problem_mark", None)
        opened = getattr(error, "context_mark", None)
        # What begins in the first column may be the whole document, in the form of JSON.
        if opened and opened.column and _LEFT_OPEN.search(error.context):  # type: ignore[attr-defined]
            mark = opened
        return Unreadable(_short(error), expected, line=self._at(mark))

    def _at(self, mark: Any) -> int:
        return int(mark.line) + self._first if mark else 0


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _short(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0][:120] if str(error) else type(error).__name__
