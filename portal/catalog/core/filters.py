"""What a list of entities may be filtered and sorted by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

REF_KINDS = {"owner": "group", "system": "system", "domain": "domain"}
NOT_SET = "-"


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """Values chosen by facet (any of them fits), only what runs or everything, and a question.

    `owners` keeps what these own, `ids` these entities; None keeps all. Without `ephemeral` only
    what lasts is listed, with it only what expires by itself.
    """

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_running: bool = False
    q: str | None = None
    owners: frozenset[str] | None = None
    ids: tuple[int, ...] | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: rows, how many there are in all, and where the next page begins.

    With `is_exact` off there are at least `total`.
    """

    items: tuple[Any, ...]
    total: int
    next_key: tuple[Any, ...] | None
    is_exact: bool = True


def normalise_value(facet: str, value: str) -> str:
    """Return a filter value as it is stored: folded, references in full."""
    folded = value.strip().lower()
    if facet in REF_KINDS and folded != NOT_SET:
        return expand_ref(folded, REF_KINDS[facet])
    return value.strip() if facet in ("source", "tag") else folded


def expand_ref(text: str, default_kind: str) -> str:
    """Return the canonical reference a person means by `text`: a full one, or a bare name."""
    lowered = text.strip().lower()
    if ":" not in lowered:
        lowered = f"{default_kind}:{lowered}"
    kind, _, rest = lowered.partition(":")
    return f"{kind}:{rest}" if "/" in rest else f"{kind}:default/{rest}"
