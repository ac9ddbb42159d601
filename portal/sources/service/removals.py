"""Removals of what vanished from a source, and bringing it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.core.records import HELD_BY_HAND
from portal.catalog.models import CatalogProblem, Entity, RemovedEntity
from portal.catalog.service.entities import remove_entities, restore_removed
from portal.errors import NotFound
from portal.infra.db import BATCH_ROWS
from portal.sources.core.batches import CONFLICT
from portal.sources.models import Source
from portal.sources.queries.sources import find_source
from portal.sources.service.permissions import RUN
from portal.sources.service.requests import request_run
from portal.sources.service.runs import settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def list_vanished(session: Session, source: Source, present: set[str]) -> list[str]:
    """Return refs the source still holds in the catalog though none of its files defines them.

    What somebody brought back has no file, and stays.
    """
    held = session.scalars(
        select(Entity.ref).where(Entity.source == source.name, Entity.read_as != HELD_BY_HAND)
    )
    return sorted(ref for ref in held if ref not in present)


def list_claimed(session: Session, refs: Sequence[str]) -> set[str]:
    """Return which of some refs another source defines as well: they move, and are not lost."""
    found: set[str] = set()
    for start in range(0, len(refs), BATCH_ROWS):
        query = select(CatalogProblem.ref).where(
            CatalogProblem.rule == CONFLICT,
            CatalogProblem.ref.in_(refs[start : start + BATCH_ROWS]),
        )
        found |= {ref for ref in session.scalars(query) if ref is not None}
    return found


def remove_vanished(
    session: Session, actor: Actor, refs: Sequence[str], *, run_id: int, now: datetime
) -> int:
    """Remove one batch of entities; other sources that claim one of them are read again soon."""
    authorise(actor, RUN)
    claimants = session.scalars(
        select(Source)
        .join(CatalogProblem, CatalogProblem.source == Source.name)
        .where(CatalogProblem.rule == CONFLICT, CatalogProblem.ref.in_(refs))
        .distinct()
    ).all()
    removed = remove_entities(session, actor, refs, run_id=run_id, now=now)
    for source in claimants:
        request_run(session, source, now=now)
    return removed


def undo_removals(session: Session, actor: Actor, name: str | None, *, now: datetime) -> list[str]:
    """Bring back what the last run that removed anything took, and hold removals from then on."""
    authorise(actor, RUN)
    query = select(RemovedEntity).order_by(RemovedEntity.run_id.desc()).limit(1)
    if name is not None:
        query = query.where(RemovedEntity.source == name)
    last = session.scalar(query)
    if last is None:
        raise NotFound(
            "There is nothing to bring back.",
            fix="Removed entities are kept for PORTAL_UNDO_HOURS.",
        )
    removed = session.scalars(
        select(RemovedEntity).where(
            RemovedEntity.run_id == last.run_id, RemovedEntity.source == last.source
        )
    ).all()
    refs = restore_removed(session, actor, removed, now=now)
    source = find_source(session, last.source)
    if source is not None:
        source.holds_removals = True
    settle(session, actor, now=now)
    record_act(
        session,
        actor.name,
        f"source:{last.source}",
        action="source.undo_removals",
        after={"restored": len(refs)},
        now=now,
    )
    return refs
