"""Reads the marks that stand beside entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from portal.catalog.core.facets import STALE
from portal.catalog.models import EntityMark
from portal.catalog.queries.columns import get_columns
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class SeenMark:
    """A mark as it counts now: past its time `value` is `stale`; `text` stays as it was."""

    value: str
    text: str
    as_of: datetime

    @property
    def is_stale(self) -> bool:
        """Whether its time is over."""
        return self.value == STALE


def list_marks(
    session: Session, refs: Sequence[str], *, now: datetime
) -> dict[tuple[str, str], SeenMark]:
    """Return the contributed marks of some entities, by (ref, name)."""
    names = get_contributions(session).mark_names
    if not names:
        return {}
    rows = session.scalars(
        select(EntityMark).where(EntityMark.ref.in_(refs), EntityMark.name.in_(names))
    )
    return {
        (row.ref, row.name): SeenMark(
            STALE if row.expires_at and row.expires_at < now else row.value, row.text, row.as_of
        )
        for row in rows
    }


def count_stale(session: Session, now: datetime) -> int:
    """Return how many marks are past their time; between two revisions it only grows."""
    if not get_contributions(session).marks:
        return 0
    return sum(
        int(np.count_nonzero((mark.expires > 0) & (mark.expires < now.timestamp())))
        for mark in get_columns(session).marks.values()
    )
