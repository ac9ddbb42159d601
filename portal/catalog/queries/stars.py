"""Reads of what people keep at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.catalog.models import Entity, Star

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_STARS = 500


def list_starred_ids(session: Session, account_id: int) -> tuple[int, ...]:
    """Return the ids of the entities an account starred, the newest star first."""
    return tuple(
        session.scalars(
            select(Entity.id)
            .join(Star, Star.ref == Entity.ref)
            .where(Star.account_id == account_id)
            .order_by(Star.starred_at.desc(), Entity.id)
            .limit(MOST_STARS)
        )
    )


def is_starred(session: Session, account_id: int, ref: str) -> bool:
    """Whether an account starred an entity."""
    return session.get(Star, (account_id, ref)) is not None
