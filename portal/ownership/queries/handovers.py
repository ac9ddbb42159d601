"""Reads of hand-overs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from portal.catalog.models import Entity
from portal.errors import NotFound
from portal.ownership.core.handovers import PENDING
from portal.ownership.models import Handover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.orm import Session

# An owner that changed otherwise has nothing to give any more.
IS_WAITING = and_(
    Handover.state == PENDING, Entity.ref == Handover.ref, Entity.owner == Handover.giver
)


def get_handover(session: Session, handover_id: int) -> Handover:
    """Return a hand-over, locked in a unit that writes; raises NotFound."""
    found = session.scalar(select(Handover).where(Handover.id == handover_id).with_for_update())
    if found is None:
        raise NotFound("There is no such hand-over.", fix="Look at those of the team.")
    return found


def find_pending(session: Session, ref: str) -> Handover | None:
    """Return the hand-over of an entity that waits for an answer."""
    return session.scalar(select(Handover).join(Entity, IS_WAITING).where(Handover.ref == ref))


def list_of_entity(session: Session, ref: str, *, limit: int = 20) -> Sequence[Handover]:
    """Return the hand-overs of an entity, the latest first."""
    query = select(Handover).where(Handover.ref == ref).order_by(Handover.id.desc()).limit(limit)
    return session.scalars(query).all()


def list_of_teams(
    session: Session,
    teams: Collection[str],
    *,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return hand-overs from and to teams with what they are about, the latest first.

    Pending are only those whose giver owns it still.
    """
    query = (
        select(Handover, Entity.title, Entity.name)
        .join(Entity, Entity.ref == Handover.ref, isouter=True)
        .where(
            or_(Handover.giver.in_(teams), Handover.receiver.in_(teams)),
            or_(Handover.state != PENDING, Entity.owner == Handover.giver),
        )
        .order_by(Handover.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(Handover.state == state)
    if before is not None:
        query = query.where(Handover.id < before)
    return session.execute(query).all()


def list_unaddressed(session: Session, *, limit: int = 100) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the hand-overs that wait for an admin to say whose it is."""
    return session.execute(
        select(Handover, Entity.title, Entity.name)
        .join(Entity, IS_WAITING)
        .where(Handover.receiver.is_(None))
        .order_by(Handover.id)
        .limit(limit)
    ).all()


def count_waiting(
    session: Session, condition: ColumnElement[bool]
) -> dict[str, tuple[int, datetime]]:
    """Return how many wait for an answer and since when, by receiver; '' for admins."""
    rows = session.execute(
        select(Handover.receiver, func.count(), func.min(Handover.asked_at))
        .join(Entity, IS_WAITING)
        .where(condition)
        .group_by(Handover.receiver)
    )
    return {receiver or "": (count, since) for receiver, count, since in rows}


def list_answered(
    session: Session, givers: Collection[str], *, state: str, since: datetime, limit: int = 5
) -> Sequence[Handover]:
    """Return the hand-overs of givers that got an answer lately."""
    return session.scalars(
        select(Handover)
        .where(Handover.giver.in_(givers), Handover.state == state, Handover.answered_at > since)
        .order_by(Handover.id.desc())
        .limit(limit)
    ).all()
