"""Services that were retired, and who would miss one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, union

from portal.catalog.core.graph import DEPENDS, PROVIDES
from portal.catalog.models import EntityRelation, RetiredEntity
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def find_retired(session: Session, ref: str) -> RetiredEntity | None:
    """Return what was retired under a name, None when nothing was."""
    return session.get(RetiredEntity, ref)


def get_retired(session: Session, ref: str) -> RetiredEntity:
    """Return what was retired under a name; raises NotFound."""
    found = find_retired(session, ref)
    if found is None:
        raise NotFound(f"{ref} is not retired.", fix="Somebody may have brought it back.")
    return found


def list_retired(
    session: Session, *, before: tuple[object, ...] | None = None, limit: int
) -> Sequence[RetiredEntity]:
    """Return what was retired, the latest first; `before` is time and ref of the last one seen."""
    query = select(RetiredEntity)
    if before is not None:
        at, ref = before
        query = query.where(
            or_(
                RetiredEntity.retired_at < at,
                (RetiredEntity.retired_at == at) & (RetiredEntity.ref > ref),
            )
        )
    order = (RetiredEntity.retired_at.desc(), RetiredEntity.ref)
    return session.scalars(query.order_by(*order).limit(limit)).all()


def _select_dependents(ref: str) -> Select[tuple[str]]:
    """Select who depends on an entity, or consumes an API it provides."""
    provided = select(EntityRelation.target).where(
        EntityRelation.source == ref, EntityRelation.type == PROVIDES
    )
    direct = select(EntityRelation.source).where(
        EntityRelation.target == ref, EntityRelation.type.in_(DEPENDS)
    )
    through = select(EntityRelation.source).where(
        EntityRelation.target.in_(provided), EntityRelation.type.in_(DEPENDS)
    )
    both = union(direct, through).subquery()
    return select(both.c.source).where(both.c.source != ref)


def count_direct_dependents(session: Session, ref: str) -> int:
    """Return how many others depend on an entity or consume an API it provides."""
    found = _select_dependents(ref).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def list_direct_dependents(session: Session, ref: str, *, limit: int) -> list[str]:
    """Return the first who depend on an entity or consume an API it provides, by reference."""
    query = _select_dependents(ref)
    return list(session.scalars(query.order_by(query.selected_columns[0]).limit(limit)))
