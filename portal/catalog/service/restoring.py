"""Single entities brought back after they were removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.changes import RESTORED
from portal.catalog.core.records import HELD_BY_HAND, PORTAL, Place
from portal.catalog.models import Entity, RemovedEntity
from portal.catalog.queries.removed import find_removed
from portal.catalog.service.overlays import lay_overlays, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.records import write_records
from portal.catalog.service.revisions import hold_revision
from portal.errors import Conflict, NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.records import Record


def restore_entity(session: Session, actor: Actor, ref: str, *, now: datetime) -> str:
    """Bring an entity back as it was; whoever answered for it may. Returns its reference.

    Its source does not take it away again, though no file defines it, until a file does.
    """
    hold_revision(session)
    removed = find_removed(session, ref)
    if removed is None:
        raise NotFound(
            f"There is no {ref} to bring back.",
            fix="Removed entities are kept for PORTAL_UNDO_HOURS.",
        )
    record = read_removed(session, removed)
    authorise(actor, WRITE, Subject(ref, record.columns["owner"], record.columns["system"]))
    if session.scalar(select(Entity.ref).where(Entity.ref == ref)) is not None:
        raise Conflict(f"{ref} is there.", fix="Look at it.")
    write_records(session, actor, fresh=[record], changed=(), change=RESTORED, now=now)
    session.execute(delete(RemovedEntity).where(RemovedEntity.ref == ref))
    refresh_near(session, [ref])
    record_act(
        session,
        actor.name,
        ref,
        action="catalog.restore",
        after={"source": removed.source, "removed_at": removed.removed_at.isoformat()},
        now=now,
    )
    return ref


def read_removed(session: Session, removed: RemovedEntity) -> Record:
    """Return what a removed entity would be again, with what was set in the portal."""
    place = Place(removed.source, removed.file, removed.document_number, removed.line)
    if removed.source != PORTAL:
        place = replace(place, read_as=HELD_BY_HAND)
    records, _ = lay_overlays(session, [make_record(session, removed.document, place)])
    return records[0]
