"""Writes entities in bulk: what is new, changed, moved, removed, brought back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from portal.auth.core import Actor, authorise
from portal.catalog.core.changes import REMOVED, RESTORED
from portal.catalog.core.records import HELD_BY_HAND, Place, Record
from portal.catalog.models import (
    CatalogProblem,
    Entity,
    RemovedEntity,
    RetiredEntity,
)
from portal.catalog.service.overlays import lay_overlays, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.records import write_records
from portal.catalog.service.removals import place_of, take_out
from portal.catalog.service.revisions import bump_revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(slots=True)
class Applied:
    """What a batch did; `fresh` are the refs that are new.

    `claimed` maps refs that another source keeps to where they stand, `unfit` those whose overlays
    do not fit their file any more to why, `retired` those that nobody may define any more to since
    when.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    fresh: tuple[str, ...] = ()
    claimed: dict[str, Place] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    retired: dict[str, datetime] = field(default_factory=dict)

    @property
    def left_out(self) -> set[str]:
        """Return the refs that were not written, and may be though their file is as it was."""
        return {*self.claimed, *self.retired}


def apply_records(
    session: Session, actor: Actor, records: Sequence[Record], *, change: str = "", now: datetime
) -> Applied:
    """Write one batch of records; a ref that another source holds stays that source's.

    What people laid over files is laid over them again.
    """
    authorise(actor, WRITE)
    applied = Applied()
    applied.retired = _find_retired(session, records)
    records, applied.unfit = lay_overlays(
        session, [record for record in records if record.ref not in applied.retired]
    )
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
        place = None if row is None else place_of(row)
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


def _find_retired(session: Session, records: Sequence[Record]) -> dict[str, datetime]:
    query = select(RetiredEntity.ref, RetiredEntity.retired_at)
    rows = session.execute(query.where(RetiredEntity.ref.in_([record.ref for record in records])))
    return {row.ref: row.retired_at for row in rows}


def _keeps(held: Place, other: Place) -> bool:
    """Whether who came first keeps an entity: what lasts takes it from what is ephemeral.

    What was brought back without its file goes to whoever has a file again.
    """
    return held.read_as != HELD_BY_HAND and (other.is_ephemeral or not held.is_ephemeral)


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
    return take_out(session, actor, refs, run_id=run_id, change=change, now=now)


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
