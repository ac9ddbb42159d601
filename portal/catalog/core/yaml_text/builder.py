"""Builds one document from YAML parse events, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from portal.catalog.core.yaml_text.scalars import resolve_plain, resolve_tagged

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 50
MAX_NODES_FROM_ALIASES = 100_000
MAX_LINE_PATHS = 5_000
NO_KEY = object()


class Broken(ValueError):  # noqa: N818 reads as what happened
    """The document breaks a rule of the reader; `line` counts from 1 in the file."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Frame:
    """A mapping or sequence under construction."""

    __slots__ = ("anchor", "container", "key", "path", "size", "start")

    def __init__(self, container: Any, anchor: str | None, path: str, start: int) -> None:
        self.container = container
        self.anchor = anchor
        self.path = path
        self.start = start
        self.key: Any = NO_KEY
        self.size = 1


class Builder:
    """Turns events into dicts, lists and scalars; remembers the line of every JSON path."""

    def __init__(self, first_line: int) -> None:
        self._first = first_line
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._stack: list[_Frame] = []
        self._from_aliases = 0
        self._root: Any = None
        self.lines: dict[str, int] = {}

    def build(self, events: Iterable[Any]) -> Any:
        """Return the document's value; raises Broken, or PyYAML's error for broken YAML."""
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._add(self._scalar(event), event, 1)
            elif kind is yaml.MappingStartEvent:
                self._open({}, event)
            elif kind is yaml.SequenceStartEvent:
                self._open([], event)
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
        return self._root

    def _line(self, event: Any) -> int:
        return self._first + int(event.start_mark.line)

    def _scalar(self, event: Any) -> Any:
        if event.tag and event.tag != "!":
            value = resolve_tagged(event.tag, event.value)
        elif event.implicit[0]:
            value = resolve_plain(event.value)
        else:
            value = event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _open(self, container: Any, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise Broken(f"nested deeper than {MAX_DEPTH} levels", self._line(event))
        self._stack.append(_Frame(container, event.anchor, self._next_path(), self._line(event)))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.container, frame.size)
        self._add(frame.container, event, frame.size, start=frame.start)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise Broken(f"the alias *{event.anchor} has no anchor", self._line(event))
        value, size = self._anchors[event.anchor]
        self._from_aliases += size
        if self._from_aliases > MAX_NODES_FROM_ALIASES:
            raise Broken("its aliases expand beyond the limit", self._line(event))
        self._add(value, event, size)

    def _next_path(self) -> str:
        if not self._stack:
            return ""
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            return f"{frame.path}[{len(frame.container)}]"
        if frame.key is NO_KEY:
            return frame.path
        return f"{frame.path}.{frame.key}" if frame.path else str(frame.key)

    def _add(self, value: Any, event: Any, size: int, start: int | None = None) -> None:
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        frame.size += size
        line = start or self._line(event)
        if isinstance(frame.container, list):
            self._remember(self._next_path(), line)
            frame.container.append(value)
        elif frame.key is NO_KEY:
            frame.key = _key_text(value)
            if frame.key in frame.container:
                raise Broken(f"the key `{frame.key}` is there twice", line)
            self._remember(self._next_path(), line)
        else:
            frame.container[frame.key] = value
            frame.key = NO_KEY

    def _remember(self, path: str, line: int) -> None:
        if len(self.lines) < MAX_LINE_PATHS:
            self.lines[path] = line


def _key_text(value: Any) -> str:
    """Return a key as text, the way JSON would have to write it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(k if v is None else f"{k}: {v}" for k, v in value.items()) + " }"
    return str(value)
