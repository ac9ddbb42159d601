"""What a revision says happened to an entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.catalog.core.document_fields import split_pointer

if TYPE_CHECKING:
    from datetime import datetime

CREATED, UPDATED, EDITED, MOVED = "created", "updated", "edited", "moved"
REMOVED, RESTORED, RENAMED = "removed", "restored", "renamed"
RETIRED, BROUGHT_BACK = "retired", "brought_back"
LEFT = "left"
"""The name is free from here on: its entity is called otherwise, and takes its history along."""
CHANGES = (
    CREATED,
    UPDATED,
    EDITED,
    MOVED,
    RENAMED,
    REMOVED,
    RESTORED,
    RETIRED,
    BROUGHT_BACK,
)
ENDS = (REMOVED, RETIRED)
FORMER = "former_name"
"""The system of aliases that are names an entity had before."""
LONGEST_FIELD = 80


def say_field(pointer: str) -> str:
    """Return a field as words: `owner`, `annotation pagerduty.com/service-id`."""
    keys = split_pointer(pointer) if pointer else []
    if keys[:1] == ["metadata"] and len(keys) > 2 and keys[1] in ("annotations", "labels"):  # noqa: PLR2004 below a map of metadata
        words = f"{keys[1].removesuffix('s')} {'.'.join(keys[2:])}"
    elif keys[:1] in (["metadata"], ["spec"]) and len(keys) > 1:
        words = ".".join(keys[1:])
    else:
        words = ".".join(keys)
    return words if len(words) <= LONGEST_FIELD else f"{words[:LONGEST_FIELD]}…"


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes: of what these teams own, of these kinds, from a source, within a time.

    What a team gave away or lost counts as its own too. None and nothing choose all.
    """

    owners: tuple[str, ...] | None = None
    changes: tuple[str, ...] = ()
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
