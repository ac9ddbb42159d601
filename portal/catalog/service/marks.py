"""Writes the marks that features show beside entities, in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.auth.core import Actor, authorise
from portal.catalog.models import EntityMark
from portal.catalog.service.revisions import bump_revision
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

WRITE = "catalog:mark:write"


@dataclass(frozen=True, slots=True)
class MarkValue:
    """What one entity is marked with: `rank` sorts, `value` is the facet's, `text` is read.

    Upper and lower case of `value` are the same, as in every filter.
    """

    ref: str
    rank: int
    value: str
    text: str
    as_of: datetime
    expires_at: datetime | None = None


def write_marks(session: Session, actor: Actor, name: str, *, marks: Sequence[MarkValue]) -> None:
    """Replace the mark `name` of the entities given; the others keep theirs."""
    authorise(actor, WRITE)
    if not marks:
        return
    revision = bump_revision(session)
    refs = [mark.ref for mark in marks]
    session.execute(delete(EntityMark).where(EntityMark.name == name, EntityMark.ref.in_(refs)))
    insert_rows(
        session,
        EntityMark,
        [
            {
                "ref": mark.ref,
                "name": name,
                "rank": mark.rank,
                "value": mark.value.lower(),
                "text": mark.text,
                "as_of": mark.as_of,
                "expires_at": mark.expires_at,
                "revision": revision,
            }
            for mark in marks
        ],
    )


def clear_marks(session: Session, actor: Actor, name: str) -> None:
    """Take the mark `name` from every entity."""
    authorise(actor, WRITE)
    if session.scalar(select(EntityMark.ref).where(EntityMark.name == name).limit(1)):
        session.execute(delete(EntityMark).where(EntityMark.name == name))
        bump_revision(session)
