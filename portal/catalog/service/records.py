"""Writes records of entities with all that is drawn from them, and what they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, select, update

from portal.catalog.core.changes import CREATED, MOVED, UPDATED
from portal.catalog.core.document_fields import list_changed
from portal.catalog.models import (
    Entity,
    EntityAlias,
    EntityRelation,
    EntityRevision,
    EntityTag,
    PastRelation,
)
from portal.catalog.service.names import remember_names, take_names
from portal.catalog.service.own_values import replace_own_values
from portal.catalog.service.people import follow_people
from portal.catalog.service.revisions import bump_revision
from portal.catalog.service.search import index_words
from portal.catalog.service.values import replace_values
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.core.records import Place, Record

PARTS = (EntityTag, EntityAlias)


class Held(NamedTuple):
    """What an entity was when it is about to change."""

    document: Any
    owner: str | None
    source: str


def write_records(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    *,
    fresh: Sequence[Record],
    changed: Sequence[Record],
    change: str = "",
    is_noted: bool = True,
    now: datetime,
) -> None:
    """Write records of entities that are new and that are there already, and their revisions.

    `change` says what happened where it is not that a source was read. Without `is_noted` the
    caller writes the revision, of a change that this is a part of.
    """
    # The revision comes first: its row is locked until the end, so revisions commit in order.
    revision = bump_revision(session)
    held = _read_held(session, [record.ref for record in changed])
    since = end_relations(session, changed, now=now)
    forget_parts(session, [record.ref for record in changed])
    insert_rows(
        session,
        Entity,
        [{**_columns(r, revision, now), "ref": r.ref, "created_at": now} for r in fresh],
    )
    for record in changed:
        session.execute(
            update(Entity).where(Entity.ref == record.ref).values(**_columns(record, revision, now))
        )
    _insert_parts(session, [*fresh, *changed], since, now)
    take_names(session, [record.ref for record in fresh])
    remember_names(session, [record.ref for record in (*fresh, *changed)])
    ids = index_words(session, {record.ref: record.words for record in (*fresh, *changed)})
    replace_values(session, ids, [*fresh, *changed])
    replace_own_values(session, ids, [*fresh, *changed])
    follow_people(session, ids, now=now)
    insert_rows(
        session,
        EntityRevision,
        [
            row
            for record in (*fresh, *changed)
            if is_noted and not record.place.is_ephemeral
            for row in _make_revision(actor, record, held.get(record.ref), change, now)
        ],
    )


def _read_held(session: Session, refs: Sequence[str]) -> dict[str, Held]:
    if not refs:
        return {}
    query = select(Entity.ref, Entity.document, Entity.owner, Entity.source)
    rows = session.execute(query.where(Entity.ref.in_(refs)))
    return {row.ref: Held(row.document, row.owner, row.source) for row in rows}


def _make_revision(
    actor: Actor, record: Record, held: Held | None, change: str, now: datetime
) -> Iterable[dict[str, Any]]:
    """Yield the revision of one record, none where only its line moved."""
    document = record.columns["document"]
    fields = [] if held is None else list_changed(held.document, document)
    if held is None:
        word = CREATED
    elif held.source != record.place.source:
        word = MOVED
    elif fields:
        word = UPDATED
    else:
        return
    yield revision_row(
        actor,
        record.ref,
        record.place,
        change=change or word,
        owner=record.columns["owner"],
        owner_before=held.owner if held else None,
        fields=fields,
        before=held.document if held else None,
        now=now,
    )


def revision_row(  # noqa: PLR0913 every part is named
    actor: Actor,
    ref: str,
    place: Place,
    *,
    change: str,
    owner: str | None = None,
    owner_before: str | None = None,
    fields: Sequence[str] = (),
    before: Any = None,
    now: datetime,
) -> dict[str, Any]:
    """Return a revision as a row."""
    return {
        "ref": ref,
        "change": change,
        "at": now,
        "actor": actor.name,
        "source": place.source,
        "file": place.file,
        "line": place.line,
        "owner": owner,
        "owner_before": owner_before,
        "fields": list(fields),
        "before": before,
    }


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


def _list_relations(record: Record) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (
            record.ref,
            relation.type,
            relation.source,
            relation.target,
            record.criticalities.get(
                relation.target if relation.source == record.ref else relation.source
            ),
        )
        for relation in record.relations
    ]


def _insert_parts(
    session: Session,
    records: Sequence[Record],
    since: Mapping[tuple[str, str, str, str, str | None], datetime],
    now: datetime,
) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {
        EntityTag: [{"ref": r.ref, "tag": tag} for r in records for tag in r.tags],
        EntityRelation: [
            {
                "declared_by": key[0],
                "type": key[1],
                "source": key[2],
                "target": key[3],
                "criticality": key[4],
                "since": since.get(key, now),
            }
            for r in records
            for key in _list_relations(r)
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


def forget_parts(session: Session, refs: Sequence[str]) -> None:
    """Take away what was drawn from entities; what relations they had is ended before."""
    if refs:
        for table in PARTS:
            session.execute(delete(table).where(table.ref.in_(refs)))
        session.execute(delete(EntityRelation).where(EntityRelation.declared_by.in_(refs)))


def end_relations(
    session: Session, records: Sequence[Record], *, gone: Sequence[str] = (), now: datetime
) -> dict[tuple[str, str, str, str, str | None], datetime]:
    """Note as past what relations entities no longer have; returns since when the others hold.

    `gone` are entities that are removed, whose relations all end.
    """
    refs = [*(record.ref for record in records), *gone]
    if not refs:
        return {}
    kept = {key for record in records for key in _list_relations(record)}
    names = ("declared_by", "type", "source", "target", "criticality")
    columns = [getattr(EntityRelation, name) for name in (*names, "since")]
    rows = session.execute(select(*columns).where(EntityRelation.declared_by.in_(refs)))
    held = {tuple(row[:5]): row.since for row in rows}
    insert_rows(
        session,
        PastRelation,
        [
            {**dict(zip(names, key, strict=True)), "since": since, "until": now}
            for key, since in held.items()
            if key not in kept
        ],
    )
    return {key: since for key, since in held.items() if key in kept}
