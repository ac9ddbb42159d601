"""What becomes of a form when somebody else saved the same thing meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SAME, YOURS, THEIRS, BOTH = "same", "yours", "theirs", "both"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a field holds now: `text`, whose change that is, and what they made it."""

    text: str
    whose: str
    theirs: str


def make_mark(text: str) -> str:
    """Return what tells later whether a field was touched, short enough for a hidden field."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def merge(typed: str, present: str, seen: str) -> Merged:
    """Return what a field holds when it was opened as `seen`, a mark, and is `present` now.

    Who alone changed it has it; where both did, what was typed stays and theirs stands beside it.
    """
    mine, their = make_mark(typed) != seen, make_mark(present) != seen
    if typed == present:
        return Merged(present, SAME, present)
    if mine and their:
        return Merged(typed, BOTH, present)
    return Merged(typed, YOURS, present) if mine else Merged(present, THEIRS, present)


def merge_all(
    typed: Mapping[str, str], present: Mapping[str, str], seen: Mapping[str, str]
) -> dict[str, Merged]:
    """Return every field of a form merged; one without a mark counts as changed by both."""
    return {
        name: merge(typed.get(name, text), text, seen.get(name, ""))
        for name, text in present.items()
    }
