"""Follows the references of one document, and counts the work its reading takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

MAX_HOPS = 20
MAX_POINTER = 500
MAX_NODES = 200_000
MAX_ROWS = 10_000
MISSING = object()


class Reader:
    """One document being read: resolves local references and keeps to its budgets."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = MAX_NODES
        self._rows = MAX_ROWS
        self._found: dict[str, Any] = {}

    @property
    def is_spent(self) -> bool:
        """Whether a budget ran out, so that something was left out."""
        return self._nodes <= 0 or self._rows <= 0

    def spend(self, nodes: int = 1) -> bool:
        """Pay for looking at `nodes` values; False when the budget is empty."""
        self._nodes -= nodes
        return self._nodes > 0

    def spend_row(self) -> bool:
        """Pay for one line of an outline; False when the document had its share."""
        self._rows -= 1
        return self._rows > 0

    def follow(self, value: Any) -> tuple[Any, str]:
        """Return what `value` refers to in the end, and the last reference on the way.

        The value is None when the reference is remote, leads nowhere or in a circle.
        """
        ref = ""
        for _ in range(MAX_HOPS):
            following = find_ref(value)
            if not following:
                return value, ref
            ref = following
            value = self._resolve(ref)
            if value is MISSING:
                return None, ref
        return None, ref

    def _resolve(self, ref: str) -> Any:
        if ref not in self._found:
            self._found[ref] = self._walk(ref)
        return self._found[ref]

    def _walk(self, ref: str) -> Any:
        if ref == "#":
            return self._root
        if not ref.startswith("#/") or len(ref) > MAX_POINTER:
            return MISSING
        value: Any = self._root
        for part in ref[2:].split("/"):
            value = _step(value, unquote(part).replace("~1", "/").replace("~0", "~"))
            if value is MISSING:
                break
        return value


def _step(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, MISSING)
    if isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 8:  # noqa: PLR2004 no list is longer
        index = int(key)
        return value[index] if index < len(value) else MISSING
    return MISSING


def find_ref(value: Any) -> str:
    """Return the reference that stands in `value`; empty when there is none."""
    ref = value.get("$ref") if isinstance(value, Mapping) else None
    return ref if isinstance(ref, str) else ""
