"""Asking for a source to be read: by a person, a webhook, another source's removal, the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.queries.entities import get_entity
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra import work
from portal.sources.core.declarations import COMMAND, Declaration
from portal.sources.models import Source, SourceDelivery
from portal.sources.queries.sources import find_source, get_source, list_due
from portal.sources.service.permissions import REFRESH, REFRESH_TOPIC, RUN

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

DELIVERIES_KEPT = timedelta(days=7)


def request_run(session: Session, source: Source, *, now: datetime) -> bool:
    """Have a source read as soon as a worker is free; False for one only a command can read.

    A repository is asked for through its organisation, so that one run at a time reads it.
    """
    top = source if source.parent_id is None else get_source(session, source.parent_id)
    if top.kind == COMMAND or top.is_paused:
        return False
    source.requests += 1
    session.flush()
    work.publish(session, REFRESH_TOPIC, str(top.id), due_at=now)
    return True


def refresh_source(session: Session, actor: Actor, source_id: int, *, now: datetime) -> Source:
    """Have a source read now; raises InvalidInput where the portal cannot read it by itself."""
    authorise(actor, RUN)
    source = get_source(session, source_id)
    if not request_run(session, source, now=now):
        raise _explain_refusal(source)
    record_act(session, actor.name, f"source:{source.name}", action="source.refresh", now=now)
    return source


def refresh_entity(session: Session, actor: Actor, ref: str, *, now: datetime) -> Source:
    """Have the source of an entity read now, for whoever answers for the entity."""
    entity = get_entity(session, ref)
    authorise(actor, REFRESH, Subject(entity.ref, entity.owner, entity.system))
    source = find_source(session, entity.source)
    if source is None or not request_run(session, source, now=now):
        raise _explain_refusal(source)
    record_act(session, actor.name, f"source:{source.name}", action="source.refresh", now=now)
    return source


def _explain_refusal(source: Source | None) -> InvalidInput:
    if source is not None and source.is_paused:
        message, fix = f"{source.name} is paused.", "Resume it first."
    else:
        message = "This source is read by command only."
        fix = "Run `portal catalog ingest`, or declare it as a source."
    return InvalidInput(message, (Problem("source", "managed", message, fix),), fix=fix)


def take_delivery(
    session: Session, source: Source, *, digest: str, target: Source | None, now: datetime
) -> None:
    """Take a checked webhook delivery once and have `target` read; raises Conflict on a replay."""
    session.execute(
        delete(SourceDelivery).where(SourceDelivery.received_at < now - DELIVERIES_KEPT)
    )
    session.add(SourceDelivery(source_id=source.id, digest=digest, received_at=now))
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(
            "This delivery was taken before.", fix="Nothing to do: what it announced was read."
        ) from None
    if target is not None:
        request_run(session, target, now=now)


def schedule_due(session: Session, *, now: datetime, limit: int) -> int:
    """Have sources read whose time has come, and set when they are read after that."""
    due = list_due(session, now=now, limit=limit)
    for source in due:
        declaration = Declaration.read(source.declaration)
        if declaration.is_host:
            source.requests += 1
        source.next_run_at = find_next(source.id, declaration, now)
        work.publish(session, REFRESH_TOPIC, str(source.id), due_at=now)
    session.flush()
    return len(due)


def find_next(source_id: int, declaration: Declaration, now: datetime) -> datetime | None:
    """Return when a source is read next, shifted a little so that not all run at once."""
    if declaration.every_minutes is None:
        return None
    seconds = declaration.every_minutes * 60
    return now + timedelta(seconds=seconds - (source_id * 7919) % (seconds // 10 + 1))
