"""Where everything of a document stands in its text: the tree of values with their places."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from portal.catalog.core.yaml_text.documents import Loader

if TYPE_CHECKING:
    from collections.abc import Iterator

SCALAR, MAP, LIST, ALIAS = "scalar", "map", "list", "alias"
BLANK = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()
DEEPEST_JSON = 100


@dataclass(slots=True)
class Node:
    """A value with its place: `end` behind its last character, `tail` behind all it holds on to.

    `keys` go with `items` in a mapping. `style` is the sign a scalar is written with.
    """

    kind: str
    start: int
    end: int
    column: int
    is_flow: bool = False
    style: str = ""
    anchor: str = ""
    tag: str = ""
    tail: int = 0
    keys: list[Node] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    @property
    def is_block_scalar(self) -> bool:
        """Whether it is written below its `|` or `>`."""
        return self.style in ("|", ">")

    def begins(self, index: int) -> int:
        """Return where an entry begins: its key, or the value itself."""
        return (self.keys or self.items)[index].start

    def walk(self) -> Iterator[Node]:
        """Yield this node and everything below it."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending += [*node.items, *node.keys]


class NoPlaces(ValueError):  # noqa: N818 reads as what happened
    """The places of a text cannot be told."""


def read_nodes(text: str, *, is_json: bool) -> Node:
    """Return the tree of a document that is known to be readable; raises NoPlaces."""
    if is_json:
        return _JsonReader(text).read()
    try:
        return _YamlReader(text).read()
    except yaml.YAMLError:
        raise NoPlaces from None


def is_json_text(text: str) -> bool:
    """Whether a document is written as JSON."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def find_column(text: str, place: int) -> int:
    """Return how far a place is from the start of its line."""
    return place - (text.rfind("\n", 0, place) + 1)


class _YamlReader:
    """Puts the tree together from events, as they come."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[tuple[Node, list[Node]]] = []  # with all its entries, keys among them
        self._root: Node | None = None

    def read(self) -> Node:
        events: Any = yaml.parse(self._text, Loader=Loader)
        for event in events:
            if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                self._add(_make_leaf(self._text, event))
            elif isinstance(event, yaml.CollectionStartEvent):
                kind = MAP if isinstance(event, yaml.MappingStartEvent) else LIST
                node = _make(self._text, event, kind)
                node.is_flow = bool(event.flow_style)
                self._stack.append((node, []))
            elif isinstance(event, yaml.CollectionEndEvent):
                mark: Any = event.end_mark
                self._close(mark.index)
        if self._root is None:
            raise NoPlaces
        return self._root

    def _add(self, node: Node) -> None:
        if self._stack:
            self._stack[-1][1].append(node)
        else:
            self._root = node

    def _close(self, mark: int) -> None:
        node, entries = self._stack.pop()
        if node.kind == MAP:
            node.keys, node.items = entries[::2], entries[1::2]
        else:
            node.items = entries
        if node.is_flow:
            node.end = node.tail = mark
        else:
            node.end = max(entry.end for entry in entries)
            node.tail = max(node.end, entries[-1].tail)
        self._add(node)


def _make(text: str, event: Any, kind: str) -> Node:
    start = int(event.start_mark.index)
    return Node(
        kind,
        start,
        start,
        find_column(text, start),
        anchor="" if kind == ALIAS else event.anchor or "",
        tag=getattr(event, "tag", None) or "",
    )


def _make_leaf(text: str, event: Any) -> Node:
    node = _make(text, event, SCALAR if isinstance(event, yaml.ScalarEvent) else ALIAS)
    node.style = getattr(event, "style", None) or ""
    written = text[node.start : event.end_mark.index]
    # Blanks on the last lines of a block may be part of its text.
    node.end = node.start + len(written.rstrip("\n" if node.is_block_scalar else None))
    keeps = node.is_block_scalar and "+" in written.partition("\n")[0].partition("#")[0]
    node.tail = node.start + len(written.removesuffix("\n")) if keeps else node.end
    return node


class _JsonReader:
    """Finds the places of JSON, which YAML does not always take."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> Node:
        return self._value(0)

    def _skip(self) -> str:
        self._at = BLANK.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches nothing too
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        if depth > DEEPEST_JSON:
            raise NoPlaces
        sign = self._skip()
        if sign in ("{", "["):
            return self._collection(sign, depth)
        return self._scalar(sign)

    def _scalar(self, sign: str) -> Node:
        start = self._at
        try:
            _, self._at = DECODER.raw_decode(self._text, start)
        except ValueError:
            raise NoPlaces from None
        end = self._at
        return Node(SCALAR, start, end, find_column(self._text, start), style=sign, tail=end)

    def _collection(self, sign: str, depth: int) -> Node:
        start = self._at
        kind, last = (MAP, "}") if sign == "{" else (LIST, "]")
        node = Node(kind, start, start, find_column(self._text, start), is_flow=True)
        self._at += 1
        while (sign := self._skip()) != last:
            if sign == ",":
                self._at += 1
                continue
            if kind == MAP:
                node.keys.append(self._scalar(sign))
                if self._skip() != ":":
                    raise NoPlaces
                self._at += 1
            node.items.append(self._value(depth + 1))
        self._at += 1
        node.end = node.tail = self._at
        return node
