"""Fields set in the portal, laid over what files say, each time a file is read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, tuple_

from portal.catalog.core.document_fields import (
    MISSING,
    Blocked,
    Change,
    apply_changes,
    read_field,
)
from portal.catalog.core.records import PORTAL, Place, Record, build_record
from portal.catalog.core.specs import check_entity
from portal.catalog.models import EntityOverlay
from portal.catalog.queries.origins import list_origins
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.models import Entity

IDENTITY = ("/metadata/name", "/metadata/namespace")


def make_record(
    session: Session,
    entity: Mapping[str, Any],
    place: Place,
    base: Mapping[str, Any] | None = None,
) -> Record:
    """Return the record of a checked entity in the company's own words."""
    words = get_contributions(session).vocabulary
    return build_record(
        entity,
        place,
        base=base,
        types=words.type_classes,
        lifecycles=words.lifecycle_stages,
        tiers=words.tiers,
    )


def lay_overlays(
    session: Session, records: Sequence[Record]
) -> tuple[list[Record], dict[str, str]]:
    """Return records with the overlays of their entities, and why those of some refs do not fit.

    An overlay goes when its file says the same.
    """
    laid = read_overlays(session, [r.ref for r in records if r.place.source != PORTAL])
    unfit: dict[str, str] = {}
    found: list[Record] = []
    for record in records:
        changes = laid.get(record.ref)
        if not changes:
            found.append(record)
            continue
        base = record.columns["document"]
        changes = _drop_spent(session, record.ref, base, changes)
        document, why = lay(base, changes)
        if why:
            unfit[record.ref] = why
        found.append(make_record(session, document, record.place, base) if changes else record)
    return found, unfit


def lay(base: Mapping[str, Any], changes: Sequence[Change]) -> tuple[Mapping[str, Any], str]:
    """Return a document with changes over it, or as it was and why they do not fit it."""
    try:
        document = apply_changes(base, changes)
    except Blocked as error:
        return base, f"`{error}` is no map in the file"
    problems = check_entity(document)
    return (base, problems[0].message) if problems else (document, "")


def read_overlays(session: Session, refs: Sequence[str]) -> dict[str, list[Change]]:
    """Return what is laid over the files of entities, by ref, what stands above first."""
    rows = session.scalars(
        select(EntityOverlay)
        .where(EntityOverlay.ref.in_(refs))
        .order_by(EntityOverlay.ref, EntityOverlay.pointer)
    )
    found: dict[str, list[Change]] = defaultdict(list)
    for row in rows:
        found[row.ref].append(Change(row.pointer, row.value, is_removal=row.is_removal))
    return found


def keep_as_overlays(session: Session, actor: Actor, entity: Entity, *, now: datetime) -> int:
    """Keep every field of an entity made in the portal for laying it over the file to come.

    What the file says by itself is forgotten when it is read. Returns how many are kept.
    """
    origins = [o for o in list_origins(session, entity) if o.pointer not in IDENTITY]
    session.execute(delete(EntityOverlay).where(EntityOverlay.ref == entity.ref))
    session.add_all(
        EntityOverlay(
            ref=entity.ref,
            pointer=origin.pointer,
            value=origin.value,
            is_removal=False,
            set_by=origin.by or actor.name,
            set_at=origin.since or now,
        )
        for origin in origins
    )
    session.flush()
    return len(origins)


def _drop_spent(
    session: Session, ref: str, base: Mapping[str, Any], changes: Iterable[Change]
) -> list[Change]:
    """Return the changes that still change something; the others are forgotten."""
    kept = [change for change in changes if not is_said(base, change)]
    spent = [(ref, change.pointer) for change in changes if change not in kept]
    if spent:
        key = tuple_(EntityOverlay.ref, EntityOverlay.pointer)
        session.execute(delete(EntityOverlay).where(key.in_(spent)))
    return kept


def is_said(base: Mapping[str, Any], change: Change) -> bool:
    """Whether a document says by itself what a change would make of it."""
    value = read_field(base, change.pointer)
    if change.is_removal or value is MISSING:
        return change.is_removal and value is MISSING
    return type(value) is type(change.value) and bool(value == change.value)
