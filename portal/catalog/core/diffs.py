"""Two documents side by side: which fields differ, and which lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from portal.catalog.core.document_fields import MISSING, list_changed, read_field

MOST_LINES = 4_000
LONGEST_VALUE = 1_000
AROUND = 3
SIGNS = {"+": "added", "-": "removed"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field and what it held before and after; None where it was not there."""

    pointer: str
    before: Any
    after: Any
    was_there: bool
    is_there: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: `kind` is added, removed, same or skipped; `sign` says it too."""

    kind: str
    sign: str
    text: str


def compare_fields(before: Any, after: Any) -> list[FieldChange]:
    """Return the fields that differ between two documents, each of which may be none."""
    old, new = before or {}, after or {}
    found = []
    for pointer in list_changed(old, new):
        was, now = read_field(old, pointer), read_field(new, pointer)
        found.append(
            FieldChange(
                pointer,
                None if was is MISSING else was,
                None if now is MISSING else now,
                was is not MISSING,
                now is not MISSING,
            )
        )
    return found


def compare_lines(before: str, after: str) -> list[Line] | None:
    """Return how two texts differ by lines; None where they are too long for that."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MOST_LINES:
        return None
    return [_read_line(line) for line in [*unified_diff(old, new, n=AROUND, lineterm="")][2:]]


def _read_line(line: str) -> Line:
    sign, text = line[:1], line[1:]
    if sign == "@":
        return Line("skipped", "…", text.strip("@ "))
    return Line(SIGNS.get(sign, "same"), sign, text)


def say_value(value: Any) -> str:
    """Return a value as a short text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
