"""Which revisions are those of one entity: under the name it has, and those it had before.

A name may be another entity's in between. The journal itself says from when until when it was
whose: `renamed` where an entity came to a name, `left` where it went from one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from portal.catalog.core.changes import LEFT, RENAMED
from portal.catalog.core.refs import entity_ref
from portal.catalog.models import EntityRename, EntityRevision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

MOST_NAMES = 50


@dataclass(frozen=True, slots=True)
class Span:
    """A name and the revisions during which it was the entity's: from `first`, before `end`."""

    ref: str
    first: int
    end: int | None


def read_lineage(session: Session, ref: str) -> list[Span]:
    """Return the names of whoever is called `ref`, the present one first."""
    found: list[Span] = []
    name, end = ref, None
    while len(found) < MOST_NAMES:
        mark = _find_mark(session, name, end)
        if mark is None or mark.change == LEFT:
            found.append(Span(name, 0 if mark is None else mark.id + 1, end))
            break
        found.append(Span(name, mark.id, end))
        name = name_of(mark.before)
        end = session.scalar(
            select(EntityRevision.id)
            .where(
                EntityRevision.ref == name,
                EntityRevision.change == LEFT,
                EntityRevision.id > mark.id,
            )
            .order_by(EntityRevision.id)
            .limit(1)
        )
        if end is None:
            break
    return found


def _find_mark(session: Session, name: str, end: int | None) -> Any:
    query = select(EntityRevision.id, EntityRevision.change, EntityRevision.before).where(
        EntityRevision.ref == name, EntityRevision.change.in_((RENAMED, LEFT))
    )
    if end is not None:
        query = query.where(EntityRevision.id < end)
    return session.execute(query.order_by(EntityRevision.id.desc()).limit(1)).one_or_none()


def name_of(document: Any) -> str:
    """Return the reference of the entity a kept document describes."""
    return entity_ref(document).canonical


def belongs(spans: Sequence[Span]) -> ColumnElement[bool]:
    """Return the condition that a revision lies within one of `spans`."""
    parts = []
    for span in spans:
        part = [EntityRevision.ref == span.ref]
        if span.first:
            part.append(EntityRevision.id >= span.first)
        if span.end is not None:
            part.append(EntityRevision.id < span.end)
        parts.append(and_(*part))
    return or_(*parts)


def find_present_name(session: Session, ref: str) -> str | None:
    """Return what an entity that was renamed is called now; None when it never was."""
    found: str | None = None
    for _ in range(MOST_NAMES):
        following = session.scalar(
            select(EntityRename.new_ref).where(EntityRename.old_ref == (found or ref))
        )
        if following is None or following == ref:
            break
        found = following
    return found
