"""Writes entities in bulk: what is new, changed, moved, removed, brought back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from portal.auth.core import Actor, authorise
from portal.catalog.core.changes import REMOVED, RESTORED
from portal.catalog.core.records import BROUGHT_BACK, Place, Record
from portal.catalog.models import (
    CatalogProblem,
    Entity,
    EntityRevision,
    EntityTombstone,
    RemovedEntity,
)
from portal.catalog.service.overlays import lay_overlays, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.records import (
    end_relations,
    forget_parts,
    revision_row,
    write_records,
)
from portal.catalog.service.revisions import bump_revision
from portal.catalog.service.search import forget_words
from portal.catalog.service.values import forget_values
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(slots=True)
class Applied:
    """What a batch did; `fresh` are the refs that are new.

    `claimed` maps refs that another source keeps to where they stand.
    `unfit` maps refs whose overlays do not fit their file any more to why.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    fresh: tuple[str, ...] = ()
    claimed: dict[str, Place] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)


def apply_records(
    session: Session, actor: Actor, records: Sequence[Record], *, change: str = "", now: datetime
) -> Applied:
    """Write one batch of records; a ref that another source holds stays that source's.

    What people laid over files is laid over them again.
    """
    authorise(actor, WRITE)
    applied = Applied()
    records, applied.unfit = lay_overlays(session, records)
    held = {
        row.ref: row
        for row in session.execute(
            select(
                Entity.ref,
                Entity.digest,
                Entity.source,
                Entity.file,
                Entity.document_number,
                Entity.line,
                Entity.read_as,
                Entity.is_ephemeral,
            ).where(Entity.ref.in_([record.ref for record in records]))
        )
    }
    fresh: list[Record] = []
    changed: list[Record] = []
    for record in records:
        row = held.get(record.ref)
        place = None if row is None else find_place(row)
        if row is None or place is None:
            fresh.append(record)
        elif row.source != record.place.source and _keeps(place, record.place):
            applied.claimed[record.ref] = place
        elif row.digest == record.digest and place == record.place:
            applied.unchanged += 1
        else:
            changed.append(record)
    applied.created, applied.updated = len(fresh), len(changed)
    applied.fresh = tuple(record.ref for record in fresh if not record.place.is_ephemeral)
    if fresh or changed:
        write_records(session, actor, fresh=fresh, changed=changed, change=change, now=now)
    return applied


def _keeps(held: Place, other: Place) -> bool:
    """Whether who came first keeps an entity: what lasts takes it from what is ephemeral.

    What was brought back without its file goes to whoever has a file again.
    """
    return held.read_as != BROUGHT_BACK and (other.is_ephemeral or not held.is_ephemeral)


def find_place(row: Any) -> Place:
    """Return where an entity stands."""
    return Place(row.source, row.file, row.document_number, row.line, row.read_as, row.is_ephemeral)


def rename_source(session: Session, actor: Actor, old: str, new: str) -> None:
    """Let everything that came from a source follow its new name."""
    authorise(actor, WRITE)
    for table in (Entity, CatalogProblem, RemovedEntity):
        session.execute(update(table).where(table.source == old).values(source=new))
    revision = bump_revision(session)
    session.execute(update(Entity).where(Entity.source == new).values(revision=revision))


def remove_entities(
    session: Session,
    actor: Actor,
    refs: Sequence[str],
    *,
    run_id: int,
    change: str = REMOVED,
    now: datetime,
) -> int:
    """Remove one batch of entities and keep what is needed to bring those that lasted back."""
    authorise(actor, WRITE)
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
    take_out(session, rows, now=now)
    insert_rows(
        session,
        EntityRevision,
        [
            revision_row(
                actor,
                e.ref,
                find_place(e),
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


def take_out(session: Session, rows: Sequence[Entity], *, now: datetime) -> None:
    """Delete entities with all that is drawn from them; their relations become past ones."""
    refs, ids = [e.ref for e in rows], [e.id for e in rows]
    end_relations(session, (), gone=refs, now=now)
    forget_parts(session, refs)
    session.execute(delete(CatalogProblem).where(CatalogProblem.ref.in_(refs)))
    session.execute(delete(Entity).where(Entity.ref.in_(refs)))
    forget_words(session, ids)
    forget_values(session, ids)
    revision = bump_revision(session)
    insert_rows(session, EntityTombstone, [{"entity_id": i, "revision": revision} for i in ids])


def restore_removed(
    session: Session, actor: Actor, removed: Iterable[RemovedEntity], *, now: datetime
) -> list[str]:
    """Bring removed entities back where their ref is free; returns the refs that are back."""
    authorise(actor, WRITE)
    rows = list(removed)
    records = [
        make_record(
            session,
            row.document,
            Place(row.source, row.file, row.document_number, row.line, row.read_as),
        )
        for row in rows
    ]
    taken = set(session.scalars(select(Entity.ref).where(Entity.ref.in_([r.ref for r in records]))))
    back = [record for record in records if record.ref not in taken]
    apply_records(session, actor, back, change=RESTORED, now=now)
    session.execute(delete(RemovedEntity).where(RemovedEntity.id.in_([row.id for row in rows])))
    return [record.ref for record in back]
