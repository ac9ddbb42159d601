"""What an act changed, as lines that people read; and how an act ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

DONE, REFUSED, FAILED = "done", "refused", "failed"
OUTCOMES = (DONE, REFUSED, FAILED)


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; None stands for none."""

    name: str
    before: str | None
    after: str | None


def find_outcome(action: str) -> str:
    """Return how an act ended: the word behind the dot of its action says so."""
    verb = action.partition(".")[2]
    return next((word for word in (REFUSED, FAILED) if verb.startswith(word)), DONE)


def list_changes(before: Any, after: Any) -> list[Change]:
    """Return what differs, field by field; lists are compared by their members."""
    if isinstance(before, list) or isinstance(after, list):
        return _compare_lists(_as_list(before), _as_list(after))
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = _as_dict(before), _as_dict(after)
        return [
            Change(str(name), _say(old, name), _say(new, name))
            for name in dict.fromkeys((*old, *new))
            if name not in old or name not in new or old[name] != new[name]
        ]
    if before == after:
        return []
    return [Change("", _text(before), _text(after))]


def _compare_lists(before: list[Any], after: list[Any]) -> list[Change]:
    return [
        *(Change("", _text(value), None) for value in before if value not in after),
        *(Change("", None, _text(value)) for value in after if value not in before),
    ]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _as_dict(value: Any) -> dict[Any, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}


def _say(values: dict[Any, Any], name: Any) -> str | None:
    return _text(values[name]) if name in values else None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
