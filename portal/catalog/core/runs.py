"""Changes in a row that one run of a source made, as one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.changes import EDITED, RENAMED

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHIN = 900
"""Seconds between the first and the last change of one line."""
FROM_COUNT = 4
NEVER_TOGETHER = (EDITED, RENAMED)


@dataclass(frozen=True, slots=True)
class Group:
    """Changes of one kind, the latest first; `count` is all of them, `last` the lowest id."""

    rows: tuple[Any, ...]
    count: int
    last: int

    @property
    def is_many(self) -> bool:
        """Whether they are told as one."""
        return self.count > 1


def group_changes(rows: Sequence[Any]) -> list[Group]:
    """Return changes, latest first, those of one run put together where they are many."""
    found: list[Group] = []
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and _belong(rows[start], rows[end]):
            end += 1
        if end - start >= FROM_COUNT:
            found.append(Group(tuple(rows[start:end]), end - start, rows[end - 1].id))
        else:
            found += [Group((row,), 1, row.id) for row in rows[start:end]]
        start = end
    return found


def _belong(newest: Any, other: Any) -> bool:
    return (
        newest.change not in NEVER_TOGETHER
        and (newest.source, newest.change, newest.actor)
        == (other.source, other.change, other.actor)
        and abs((newest.at - other.at).total_seconds()) <= WITHIN
    )
