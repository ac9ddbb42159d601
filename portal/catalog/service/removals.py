"""The end of the undo window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from portal.catalog.models import Entity, EntityOverlay, RemovedEntity
from portal.infra.db import BATCH_ROWS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def forget_removed(session: Session, before: datetime) -> int:
    """Delete one batch of what was removed before `before`; returns how many."""
    ids = session.scalars(
        select(RemovedEntity.id).where(RemovedEntity.removed_at < before).limit(BATCH_ROWS)
    ).all()
    session.execute(delete(RemovedEntity).where(RemovedEntity.id.in_(ids)))
    # Past the time to bring its entity back, an overlay would only wait for somebody else's.
    present = exists().where(Entity.ref == EntityOverlay.ref)
    kept = exists().where(RemovedEntity.ref == EntityOverlay.ref)
    session.execute(delete(EntityOverlay).where(~present, ~kept))
    return len(ids)
