"""Takes entities out of the catalog, and forgets them at the end of the undo window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, select

from portal.catalog.core.records import Place
from portal.catalog.models import (
    CatalogProblem,
    Entity,
    EntityOverlay,
    EntityRevision,
    EntityTombstone,
    RemovedEntity,
    RetiredEntity,
)
from portal.catalog.service.own_values import forget_own_values
from portal.catalog.service.people import follow_people
from portal.catalog.service.records import end_relations, forget_parts, revision_row
from portal.catalog.service.revisions import bump_revision
from portal.catalog.service.search import forget_words
from portal.catalog.service.values import forget_values
from portal.infra.db import BATCH_ROWS, insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor


def forget_removed(session: Session, before: datetime) -> int:
    """Delete one batch of what was removed before `before`; returns how many."""
    ids = session.scalars(
        select(RemovedEntity.id).where(RemovedEntity.removed_at < before).limit(BATCH_ROWS)
    ).all()
    session.execute(delete(RemovedEntity).where(RemovedEntity.id.in_(ids)))
    # Past the time to bring its entity back, an overlay would only wait for somebody else's.
    present = exists().where(Entity.ref == EntityOverlay.ref)
    kept = exists().where(RemovedEntity.ref == EntityOverlay.ref)
    archived = exists().where(RetiredEntity.ref == EntityOverlay.ref)
    session.execute(delete(EntityOverlay).where(~present, ~kept, ~archived))
    return len(ids)


def place_of(row: Any) -> Place:
    """Return where an entity stands, by its row."""
    return Place(row.source, row.file, row.document_number, row.line, row.read_as, row.is_ephemeral)


def take_out(
    session: Session,
    actor: Actor,
    refs: Sequence[str],
    *,
    run_id: int,
    change: str,
    now: datetime,
) -> int:
    """Take entities out for whoever may, keeping what brings those that lasted back."""
    rows = session.scalars(select(Entity).where(Entity.ref.in_(refs))).all()
    kept = [
        {
            "ref": e.ref,
            "source": e.source,
            "file": e.file,
            "document_number": e.document_number,
            "line": e.line,
            "read_as": e.read_as,
            "document": e.document if e.base is None else e.base,
            "removed_at": now,
            "run_id": run_id,
        }
        for e in rows
        if not e.is_ephemeral
    ]
    if not rows:
        return 0
    if kept:
        insert_rows(session, RemovedEntity, kept)
    delete_entities(session, rows, now=now)
    insert_rows(
        session,
        EntityRevision,
        [
            revision_row(
                actor,
                e.ref,
                place_of(e),
                change=change,
                owner_before=e.owner,
                before=e.document,
                now=now,
            )
            for e in rows
            if not e.is_ephemeral
        ],
    )
    return len(rows)


def delete_entities(session: Session, rows: Sequence[Entity], *, now: datetime) -> None:
    """Delete entities with all that is drawn from them; their relations become past ones."""
    refs, ids = [e.ref for e in rows], [e.id for e in rows]
    end_relations(session, (), gone=refs, now=now)
    forget_parts(session, refs)
    session.execute(delete(CatalogProblem).where(CatalogProblem.ref.in_(refs)))
    session.execute(delete(Entity).where(Entity.ref.in_(refs)))
    forget_words(session, ids)
    forget_values(session, ids)
    forget_own_values(session, ids)
    follow_people(session, refs, now=now)
    revision = bump_revision(session)
    insert_rows(session, EntityTombstone, [{"entity_id": i, "revision": revision} for i in ids])
