"""Which entities stand confirmed, and which wait for their owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, or_, select

from portal.catalog.models import Entity, EntityRevision
from portal.ownership.core.confirming import (
    AHEAD,
    EVERY,
    Standing,
    judge,
    make_seal,
    make_statement,
)
from portal.ownership.core.handovers import PENDING
from portal.ownership.models import Confirmation, Handover

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

HAS_OTHER_OWNER = and_(Confirmation.ref.is_not(None), Confirmation.owner != Entity.owner)
# What was never confirmed has a new owner when it had another one before.
CHANGED_HANDS = and_(
    Confirmation.ref.is_(None),
    exists().where(
        EntityRevision.ref == Entity.ref,
        EntityRevision.owner_before.is_not(None),
        EntityRevision.owner_before != EntityRevision.owner,
    ),
)
IS_NEW_OWNER = or_(HAS_OTHER_OWNER, CHANGED_HANDS)
IS_HANDED_ON = exists().where(
    Handover.ref == Entity.ref, Handover.state == PENDING, Handover.giver == Entity.owner
)
IS_NEW_OWNER_NUMBER = case((IS_NEW_OWNER, 1), else_=0)
SINCE = func.coalesce(Confirmation.confirmed_at, Entity.created_at)
COLUMNS = (
    Entity.ref,
    Entity.kind,
    Entity.namespace,
    Entity.name,
    Entity.title,
    Entity.owner,
    Entity.tier,
    Entity.system,
    Entity.document,
    Entity.created_at,
    Confirmation.confirmed_at,
    Confirmation.confirmed_by,
    Confirmation.confirmed,
    IS_NEW_OWNER.label("is_new_owner"),
    IS_HANDED_ON.label("is_handed_on"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """An entity as its owner is asked about it: how it stands, and what would be confirmed."""

    row: Row[Any]
    standing: Standing
    statement: dict[str, Any]

    @property
    def seal(self) -> str:
        """Return what tells whether it is still as it was looked at."""
        return make_seal(self.statement)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of a team waits to be confirmed, and by when the first of it should be."""

    count: int
    due_at: datetime


def _select(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Entity)
        .join(Confirmation, Confirmation.ref == Entity.ref, isouter=True)
        .where(Entity.owner.is_not(None), ~Entity.is_ephemeral)
    )


def _is_open(now: datetime) -> ColumnElement[bool]:
    return or_(IS_NEW_OWNER, now + AHEAD - EVERY >= SINCE)


def list_lines(
    session: Session, teams: Collection[str], *, only_open: bool, limit: int, now: datetime
) -> list[Line]:
    """Return what teams own, or what of it waits to be confirmed, what waits longest first."""
    query = _select(*COLUMNS).where(Entity.owner.in_(teams))
    if only_open:
        query = query.where(_is_open(now))
    rows = session.execute(query.order_by(SINCE, Entity.sort_name, Entity.id).limit(limit))
    return [_make_line(row, now) for row in rows]


def find_line(session: Session, ref: str, *, now: datetime) -> Line | None:
    """Return how one entity stands; None for what has no owner."""
    row = session.execute(_select(*COLUMNS).where(Entity.ref == ref)).one_or_none()
    return None if row is None else _make_line(row, now)


def list_named(session: Session, refs: Sequence[str], *, now: datetime) -> dict[str, Line]:
    """Return how entities stand, by ref, without what is gone or has no owner."""
    rows = session.execute(_select(*COLUMNS).where(Entity.ref.in_(refs)))
    return {row.ref: _make_line(row, now) for row in rows}


def _make_line(row: Row[Any], now: datetime) -> Line:
    standing = judge(
        first_seen=row.created_at,
        confirmed_at=row.confirmed_at,
        is_new_owner=bool(row.is_new_owner),
        now=now,
    )
    return Line(row, standing, make_statement(row.document, row.owner, row.tier))


def count_open(session: Session, teams: Collection[str], *, now: datetime) -> dict[str, Waiting]:
    """Return how much waits to be confirmed, by owner; what is being handed on does not."""
    rows = session.execute(
        _select(Entity.owner, func.count(), func.min(SINCE), func.max(IS_NEW_OWNER_NUMBER))
        .where(Entity.owner.in_(teams), _is_open(now), ~IS_HANDED_ON)
        .group_by(Entity.owner)
    )
    return {
        owner: Waiting(count, min(now, since + EVERY) if is_new else since + EVERY)
        for owner, count, since, is_new in rows
    }


def count_all(session: Session, teams: Collection[str]) -> int:
    """Return how much of what teams own can be confirmed at all."""
    return session.scalar(_select(func.count()).where(Entity.owner.in_(teams))) or 0
