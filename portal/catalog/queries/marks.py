"""Reads the marks that stand beside entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.catalog.models import EntityMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def list_marks(session: Session, refs: Sequence[str]) -> dict[tuple[str, str], EntityMark]:
    """Return the marks of some entities, by (ref, name)."""
    found = session.scalars(select(EntityMark).where(EntityMark.ref.in_(refs)))
    return {(mark.ref, mark.name): mark for mark in found}
