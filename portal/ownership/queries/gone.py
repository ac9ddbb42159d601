"""Owners that are gone: since when, what was theirs, and whose it is to take over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from portal.catalog.models import (
    Entity,
    EntityRename,
    EntityRevision,
    PastRelation,
)
from portal.catalog.queries.lineage import find_present_name
from portal.ownership.queries import GROUP, get_teams
from portal.ownership.queries.trusted import is_trusted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

GONE = ("removed", "retired")
MOST_STEPS = 20
MOST_GONE = 500


@dataclass(frozen=True, slots=True)
class GoneOwner:
    """A team that vanished: since when, the nearest team above it that is still there.

    `parent` is what stood above it, there or not. `heir` is who may take over what it owned; it is
    empty where no trusted source said so, which leaves it to admins.
    """

    ref: str
    since: datetime
    parent: str | None
    heir: str | None
    owned: int


def list_all_gone(session: Session) -> list[GoneOwner]:
    """Return all owners that were removed and own something still, in a unit that only reads.

    What a process holds says which are missing, so that nothing is asked while none is.
    """
    teams = get_teams(session)
    known = set(teams.refs)
    owners = [ref for ref in teams.owned if ref.startswith(GROUP) and ref not in known]
    return list_gone(session, owners) if owners else []


def list_gone(session: Session, owners: Collection[str]) -> list[GoneOwner]:
    """Return those of some owners that were removed and own something still, the latest first."""
    group = aliased(Entity)
    removed = (
        select(EntityRevision.ref, func.max(EntityRevision.id).label("last"))
        .where(EntityRevision.ref.in_(owners), EntityRevision.change.in_(GONE))
        .group_by(EntityRevision.ref)
        .subquery()
    )
    query = (
        select(Entity.owner, func.count(), EntityRevision.at)
        .join(removed, removed.c.ref == Entity.owner)
        .join(EntityRevision, EntityRevision.id == removed.c.last)
        .where(
            Entity.owner.in_(owners),
            ~exists().where(group.ref == Entity.owner),
            ~exists().where(EntityRename.old_ref == Entity.owner),
            ~Entity.is_ephemeral,
        )
        .group_by(Entity.owner, EntityRevision.at)
        .order_by(EntityRevision.at.desc(), Entity.owner)
        .limit(MOST_GONE)
    )
    return [
        _make(session, owner, owned, since)
        for owner, owned, since in session.execute(query)
        if owner is not None
    ]


def find_gone(session: Session, owner: str) -> GoneOwner | None:
    """Return what is known of an owner that is gone; None for one that is there or never was."""
    found = list_gone(session, [owner])
    return found[0] if found else None


def _make(session: Session, ref: str, owned: int, since: datetime) -> GoneOwner:
    above = _find_past_parent(session, ref)
    parent = above[0] if above else None
    heir, trusted = parent, bool(above and above[1])
    for _ in range(MOST_STEPS):
        if heir is None or not trusted or _is_there(session, heir):
            break
        renamed = find_present_name(session, heir)
        above = (renamed, True) if renamed else _find_past_parent(session, heir)
        heir, trusted = above or (None, False)
    is_fit = trusted and heir is not None and _is_there(session, heir)
    return GoneOwner(ref, since, parent, heir if is_fit else None, owned)


def _is_there(session: Session, ref: str) -> bool:
    return session.scalar(select(Entity.id).where(Entity.ref == ref)) is not None


def _find_past_parent(session: Session, ref: str) -> tuple[str, bool] | None:
    """Return which team last stood above one, and whether a trusted source said so."""
    row = session.execute(
        select(PastRelation.target, PastRelation.declared_by)
        .where(PastRelation.source == ref, PastRelation.type == "childOf")
        .order_by(PastRelation.until.desc(), PastRelation.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    source = session.scalar(select(Entity.source).where(Entity.ref == row.declared_by))
    if source is None:
        source = session.scalar(
            select(EntityRevision.source)
            .where(EntityRevision.ref == row.declared_by)
            .order_by(EntityRevision.id.desc())
            .limit(1)
        )
    return row.target, source is not None and is_trusted(session, source)


def list_left(
    session: Session, owners: Collection[str], *, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return what owners that are gone own still, by owner and name."""
    query = (
        select(
            Entity.id,
            Entity.ref,
            Entity.kind,
            Entity.namespace,
            Entity.name,
            Entity.title,
            Entity.owner,
            Entity.tier,
            Entity.type,
        )
        .where(Entity.owner.in_(owners), ~Entity.is_ephemeral)
        .order_by(Entity.owner, Entity.sort_name, Entity.id)
        .limit(limit)
    )
    return session.execute(query).all()
