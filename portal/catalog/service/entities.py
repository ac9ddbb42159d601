"""Writes entities in bulk: what is new, changed, moved, removed, brought back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from portal.auth.core import Actor, authorise
from portal.catalog.core.records import Place, Record, build_record
from portal.catalog.models import (
    CatalogProblem,
    Entity,
    EntityAlias,
    EntityRelation,
    EntityTag,
    EntityTombstone,
    RemovedEntity,
)
from portal.catalog.service.own_values import forget_own_values, replace_own_values
from portal.catalog.service.revisions import bump_revision
from portal.catalog.service.search import forget_words, index_words
from portal.catalog.service.values import forget_values, replace_values
from portal.infra.contributions import get_contributions
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

WRITE = "catalog:entity:write"
PARTS = (EntityTag, EntityAlias)


@dataclass(slots=True)
class Applied:
    """What a batch did; `claimed` maps refs that another source keeps to where they stand."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    claimed: dict[str, Place] = field(default_factory=dict)


def make_record(session: Session, entity: Mapping[str, Any], place: Place) -> Record:
    """Return the record of a checked entity in the company's own words."""
    words = get_contributions(session).vocabulary
    return build_record(
        entity,
        place,
        types=words.type_classes,
        lifecycles=words.lifecycle_stages,
        tiers=words.tiers,
    )


def apply_records(
    session: Session, actor: Actor, records: Sequence[Record], *, now: datetime
) -> Applied:
    """Write one batch of records; a ref that another source holds stays that source's."""
    authorise(actor, WRITE)
    applied = Applied()
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
        place = None if row is None else _find_place(row)
        if row is None or place is None:
            fresh.append(record)
        elif row.source != record.place.source and _keeps(place, record.place):
            applied.claimed[record.ref] = place
        elif row.digest == record.digest and place == record.place:
            applied.unchanged += 1
        else:
            changed.append(record)
    applied.created, applied.updated = len(fresh), len(changed)
    if fresh or changed:
        _write(session, fresh, changed, now)
    return applied


def _keeps(held: Place, other: Place) -> bool:
    """Whether who came first keeps an entity: what lasts takes it from what is ephemeral."""
    return other.is_ephemeral or not held.is_ephemeral


def _find_place(row: Any) -> Place:
    return Place(row.source, row.file, row.document_number, row.line, row.read_as, row.is_ephemeral)


def _write(
    session: Session, fresh: Sequence[Record], changed: Sequence[Record], now: datetime
) -> None:
    # The revision comes first: its row is locked until the end, so revisions commit in order.
    revision = bump_revision(session)
    _forget_parts(session, [record.ref for record in changed])
    insert_rows(
        session,
        Entity,
        [{**_columns(r, revision, now), "ref": r.ref, "created_at": now} for r in fresh],
    )
    for record in changed:
        session.execute(
            update(Entity).where(Entity.ref == record.ref).values(**_columns(record, revision, now))
        )
    _insert_parts(session, [*fresh, *changed])
    ids = index_words(session, {record.ref: record.words for record in (*fresh, *changed)})
    replace_values(session, ids, [*fresh, *changed])
    replace_own_values(session, ids, [*fresh, *changed])


def _columns(record: Record, revision: int, now: datetime) -> dict[str, Any]:
    place = record.place
    return {
        **record.columns,
        "digest": record.digest,
        "revision": revision,
        "source": place.source,
        "file": place.file,
        "document_number": place.document_number,
        "line": place.line,
        "read_as": place.read_as,
        "is_ephemeral": place.is_ephemeral,
        "updated_at": now,
        "read_at": now,
    }


def _insert_parts(session: Session, records: Sequence[Record]) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {
        EntityTag: [{"ref": r.ref, "tag": tag} for r in records for tag in r.tags],
        EntityRelation: [
            {
                "declared_by": r.ref,
                "type": x.type,
                "source": x.source,
                "target": x.target,
                "criticality": r.criticalities.get(x.target if x.source == r.ref else x.source),
            }
            for r in records
            for x in r.relations
        ],
        EntityAlias: [
            {
                "ref": r.ref,
                "system": a.system,
                "value": a.value,
                "confidence": a.confidence,
                "confirmed_by": a.confirmed_by,
            }
            for r in records
            for a in r.aliases
        ],
    }
    for table, values in rows.items():
        insert_rows(session, table, values)


def _forget_parts(session: Session, refs: Sequence[str]) -> None:
    if refs:
        for table in PARTS:
            session.execute(delete(table).where(table.ref.in_(refs)))
        session.execute(delete(EntityRelation).where(EntityRelation.declared_by.in_(refs)))


def rename_source(session: Session, actor: Actor, old: str, new: str) -> None:
    """Let everything that came from a source follow its new name."""
    authorise(actor, WRITE)
    for table in (Entity, CatalogProblem, RemovedEntity):
        session.execute(update(table).where(table.source == old).values(source=new))
    revision = bump_revision(session)
    session.execute(update(Entity).where(Entity.source == new).values(revision=revision))


def remove_entities(
    session: Session, actor: Actor, refs: Sequence[str], *, run_id: int, now: datetime
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
            "document": e.document,
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
    _forget_parts(session, refs)
    session.execute(delete(CatalogProblem).where(CatalogProblem.ref.in_(refs)))
    session.execute(delete(Entity).where(Entity.ref.in_(refs)))
    forget_words(session, [e.id for e in rows])
    forget_values(session, [e.id for e in rows])
    forget_own_values(session, [e.id for e in rows])
    revision = bump_revision(session)
    insert_rows(session, EntityTombstone, [{"entity_id": e.id, "revision": revision} for e in rows])
    return len(rows)


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
    apply_records(session, actor, back, now=now)
    session.execute(delete(RemovedEntity).where(RemovedEntity.id.in_([row.id for row in rows])))
    return [record.ref for record in back]
