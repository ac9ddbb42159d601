"""Takes values out of documents nobody checked: what has the wrong type counts as absent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_TEXT = 4_000
LONGEST_LINE = 300
MAX_CHOICES = 20
MAX_BITS = 256


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any, limit: int) -> Sequence[Any]:
    """Return at most `limit` items of a list, or nothing."""
    return value[:limit] if isinstance(value, list | tuple) else ()


def list_items(value: Any, limit: int) -> list[tuple[str, Any]]:
    """Return at most `limit` entries of a mapping whose keys are text."""
    found: list[tuple[str, Any]] = []
    for name, item in as_mapping(value).items():
        if len(found) == limit:
            break
        if isinstance(name, str):
            found.append((name, item))
    return found


def as_text(value: Any, limit: int = LONGEST_TEXT) -> str:
    """Return text with its paragraphs, cut at `limit`; numbers count as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return say_value(value)
    if not isinstance(value, str):
        return ""
    text = value[: limit + 1].strip()
    return text if len(text) <= limit else f"{text[:limit].rstrip()}…"


def as_line(value: Any, limit: int = LONGEST_LINE) -> str:
    """Return text in one line, cut at `limit`."""
    # Cut before splitting: the text may be megabytes, and be asked for a thousand times.
    text = " ".join(as_text(value, 2 * limit).split())
    return text if len(text) <= limit else f"{text[:limit].rstrip()}…"


def say_value(value: Any) -> str:
    """Return a default or a choice as JSON would write it; text stays as it is."""
    if isinstance(value, str):
        return as_line(value, 80) or '""'
    if isinstance(value, list | tuple):
        return _say_list(value)
    if isinstance(value, Mapping):
        return "{…}" if value else "{}"
    # Python refuses to write integers beyond some thousand digits.
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return "a very large number"
    return json.dumps(value) if isinstance(value, int | float | None) else ""


def _say_list(values: Sequence[Any]) -> str:
    said = [
        "…" if isinstance(value, list | tuple | Mapping) else say_value(value)
        for value in values[:MAX_CHOICES]
    ]
    if len(values) > MAX_CHOICES:
        said.append("…")
    return f"[{', '.join(said)}]"


def say_choices(values: Any) -> tuple[str, ...]:
    """Return the values of an enum, the last entry counting what was left out."""
    if not isinstance(values, list | tuple):
        return ()
    said = tuple(say_value(value) for value in values[:MAX_CHOICES])
    left = len(values) - MAX_CHOICES
    return (*said, f"+{left:,} more") if left > 0 else said
