"""Reads of proposed changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.catalog.models import Entity
from portal.errors import NotFound
from portal.infra.contributions import get_contributions
from portal.sources.core.proposals import OPEN
from portal.sources.models import ChangeProposal, Source
from portal.sources.queries.sources import Plan, read_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def get_proposal(session: Session, number: int) -> ChangeProposal:
    """Return a proposal; raises NotFound."""
    found = session.get(ChangeProposal, number)
    if found is None:
        raise NotFound("There is no such proposal.", fix="The page of the entity lists its own.")
    return found


def list_proposals(
    session: Session, ref: str, *, before: int | None = None, limit: int = 50
) -> Sequence[ChangeProposal]:
    """Return the proposals for an entity, the latest first."""
    query = select(ChangeProposal).where(ChangeProposal.ref == ref)
    if before is not None:
        query = query.where(ChangeProposal.id < before)
    return session.scalars(query.order_by(ChangeProposal.id.desc()).limit(limit)).all()


def find_open(
    session: Session, ref: str, *, changes: Any = None, url: str = ""
) -> ChangeProposal | None:
    """Return an open proposal for an entity: the request at `url`, or one of the same changes."""
    query = select(ChangeProposal).where(ChangeProposal.ref == ref, ChangeProposal.state == OPEN)
    rows = session.scalars(query.where(ChangeProposal.url == url).order_by(ChangeProposal.id))
    return next((row for row in rows if url or row.changes == changes), None)


@dataclass(frozen=True, slots=True)
class OpenProposal:
    """An open proposal with what tells how it stands: its source, and what the file says now."""

    id: int
    number: int | None
    changes: Any
    base: Any
    plan: Plan | None
    parent: Plan | None


def list_to_check(session: Session, *, limit: int) -> list[OpenProposal]:
    """Return open proposals, the longest unchecked first."""
    rows = session.execute(
        select(ChangeProposal, Entity, Source)
        .outerjoin(Entity, Entity.ref == ChangeProposal.ref)
        .outerjoin(Source, Source.name == ChangeProposal.source)
        .where(ChangeProposal.state == OPEN)
        .order_by(ChangeProposal.checked_at, ChangeProposal.id)
        .limit(limit)
    ).all()
    return [
        OpenProposal(
            proposal.id,
            proposal.number,
            proposal.changes,
            None if entity is None else entity.base or entity.document,
            None if source is None else read_plan(source),
            find_parent(session, source),
        )
        for proposal, entity, source in rows
    ]


def find_name(session: Session, person: str) -> str | None:
    """Return what a person is called, None where nobody knows it any more."""
    for naming in get_contributions(session).naming:
        found = naming.list_names(session, [person])
        if person in found:
            return found[person]
    return None


def find_parent(session: Session, source: Source | None) -> Plan | None:
    """Return the organisation a repository belongs to."""
    if source is None or source.parent_id is None:
        return None
    parent = session.get(Source, source.parent_id)
    return None if parent is None else read_plan(parent)
