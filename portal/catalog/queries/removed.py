"""What was removed and can still be brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select

from portal.catalog.core.filters import Page
from portal.catalog.models import Entity, EntityRevision, RemovedEntity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_removed(session: Session, ref: str) -> RemovedEntity | None:
    """Return what is kept of a removed entity, as it was when it was removed last."""
    return session.scalar(
        select(RemovedEntity)
        .where(RemovedEntity.ref == ref)
        .order_by(RemovedEntity.id.desc())
        .limit(1)
    )


def list_removed(session: Session, *, before: int | None = None, limit: int) -> Page:
    """Return what is gone and can be brought back, the latest first: with who owned it."""
    again = select(func.max(RemovedEntity.id)).group_by(RemovedEntity.ref)
    gone = [~exists().where(Entity.ref == RemovedEntity.ref), RemovedEntity.id.in_(again)]
    owner = (
        select(EntityRevision.owner_before)
        .where(EntityRevision.ref == RemovedEntity.ref)
        .order_by(EntityRevision.id.desc())
        .limit(1)
        .correlate(RemovedEntity)
        .scalar_subquery()
    )
    actor = (
        select(EntityRevision.actor)
        .where(EntityRevision.ref == RemovedEntity.ref)
        .order_by(EntityRevision.id.desc())
        .limit(1)
        .correlate(RemovedEntity)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        RemovedEntity.id,
        RemovedEntity.ref,
        RemovedEntity.source,
        RemovedEntity.file,
        RemovedEntity.line,
        RemovedEntity.removed_at,
        owner.label("owner"),
        actor.label("actor"),
    )
    query = select(*columns).where(*gone)
    if before is not None:
        query = query.where(RemovedEntity.id < before)
    rows = session.execute(query.order_by(RemovedEntity.id.desc()).limit(limit + 1)).all()
    total = session.scalar(select(func.count()).select_from(RemovedEntity).where(*gone)) or 0
    next_key = (rows[limit - 1].id,) if len(rows) > limit else None
    return Page(tuple(rows[:limit]), total, next_key)
