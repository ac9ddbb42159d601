"""Relations that a document states for another one of the same file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Path


@dataclass(frozen=True, slots=True)
class Member:
    """At `path` a document names `ref`, which is to get this one in `field` of its spec."""

    path: Path
    ref: str
    field: str
