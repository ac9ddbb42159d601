"""The end of the undo window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.catalog.models import RemovedEntity
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
    return len(ids)
