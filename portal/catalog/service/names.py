"""Names that entities had before: kept beside them for the search, given up when taken again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select

from portal.catalog.core.aliases import CERTAIN, LONGEST
from portal.catalog.core.changes import FORMER
from portal.catalog.models import EntityAlias, EntityRename
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def take_names(session: Session, refs: Sequence[str]) -> None:
    """Let names lead nowhere else any more: from now on they are entities of their own."""
    if not refs:
        return
    rows = session.execute(
        delete(EntityRename)
        .where(EntityRename.old_ref.in_(refs))
        .returning(EntityRename.new_ref, EntityRename.old_ref)
    ).all()
    spent = [
        and_(EntityAlias.ref == new, EntityAlias.value.in_(_list_values(old))) for new, old in rows
    ]
    if spent:
        session.execute(delete(EntityAlias).where(EntityAlias.system == FORMER, or_(*spent)))


def remember_names(session: Session, refs: Sequence[str]) -> None:
    """Write the former names of entities among their aliases, which were written anew."""
    if not refs:
        return
    rows = session.execute(
        select(EntityRename.new_ref, EntityRename.old_ref).where(EntityRename.new_ref.in_(refs))
    )
    found = {(new, value) for new, old in rows for value in _list_values(old)}
    insert_rows(
        session,
        EntityAlias,
        [
            {
                "ref": ref,
                "system": FORMER,
                "value": value,
                "confidence": CERTAIN,
                "confirmed_by": "a rename",
            }
            for ref, value in sorted(found)
        ],
    )


def _list_values(ref: str) -> list[str]:
    """Return what people may type for a name: all of it, and its last part."""
    return [value for value in (ref, ref.rpartition("/")[2]) if len(value) <= LONGEST]
