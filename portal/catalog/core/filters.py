"""What a list of entities may be filtered and sorted by."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

SORTS = ("name", "-name", "updated", "-updated")


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """Exact filters on a list; `q` is part of a name or title. None means any."""

    kind: str | None = None
    type: str | None = None
    owner: str | None = None
    lifecycle: str | None = None
    system: str | None = None
    tag: str | None = None
    q: str | None = None

    def given(self) -> dict[str, str]:
        """Return the filters that are set, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: rows, how many there are in all, and where the next page begins."""

    items: tuple[Any, ...]
    total: int
    next_key: tuple[Any, ...] | None


def expand_ref(text: str, default_kind: str) -> str:
    """Return the canonical reference a person means by `text`: a full one, or a bare name."""
    lowered = text.strip().lower()
    if ":" not in lowered:
        lowered = f"{default_kind}:{lowered}"
    kind, _, rest = lowered.partition(":")
    return f"{kind}:{rest}" if "/" in rest else f"{kind}:default/{rest}"
