"""The catalog's revision: it grows with every change, and every changed row carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from portal.catalog.models import CatalogState, EntityTombstone

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def bump_revision(session: Session) -> int:
    """Move the catalog to its next revision, which is returned."""
    session.info.pop("catalog.revision", None)  # what reads held in this unit is over
    moved = session.scalar(
        update(CatalogState)
        .where(CatalogState.id == 1)
        .values(revision=CatalogState.revision + 1)
        .returning(CatalogState.revision)
    )
    if moved is None:
        session.execute(insert(CatalogState).values(id=1, revision=1))
        return 1
    return int(moved)


def hold_revision(session: Session) -> None:
    """Let nobody else change the catalog until this unit ends.

    SQLite's writing units hold everything anyway.
    """
    session.execute(select(CatalogState.revision).where(CatalogState.id == 1).with_for_update())


def forget_tombstones(session: Session, before_revision: int) -> None:
    """Delete tombstones older than a revision; who holds an older one loads everything again."""
    session.execute(delete(EntityTombstone).where(EntityTombstone.revision < before_revision))
