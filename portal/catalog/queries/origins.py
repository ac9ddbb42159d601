"""Where every field of an entity comes from, and since when it is as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.catalog.core.document_fields import MISSING, is_within, list_leaves, read_field
from portal.catalog.core.records import PORTAL
from portal.catalog.models import EntityRevision
from portal.catalog.queries.history import list_overlays
from portal.catalog.queries.lineage import belongs, read_lineage
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.catalog.models import Entity, EntityOverlay

FILE, SET_HERE, MADE_HERE = "file", "overlay", "portal"
STARTS = ("created", "restored")
MOST_REVISIONS = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field's value comes from: its file, an overlay, or the portal where it was made.

    `value` is MISSING where an overlay took it away, `said` what the file says instead; `by` is
    who set it, `since` when it became so, `overlay` the pointer of the overlay it is part of.
    """

    pointer: str
    value: Any
    kind: str
    by: str = ""
    since: datetime | None = None
    said: Any = MISSING
    overlay: str = ""


def list_origins(session: Session, entity: Entity) -> list[Origin]:
    """Return the origin of every field below metadata and spec, in the order of pointers."""
    overlays = list_overlays(session, entity.ref) if entity.source != PORTAL else ()
    revisions = _list_revisions(session, entity.ref)
    removed = {overlay.pointer for overlay in overlays if overlay.is_removal}
    leaves = {pointer for pointer in list_leaves(entity.document) if pointer.count("/") > 1}
    return [
        _find_origin(entity, pointer, overlays, revisions) for pointer in sorted(leaves | removed)
    ]


def _find_origin(
    entity: Entity,
    pointer: str,
    overlays: Sequence[EntityOverlay],
    revisions: Sequence[Row[Any]],
) -> Origin:
    value = read_field(entity.document, pointer)
    over = next((o for o in overlays if is_within(pointer, o.pointer)), None)
    if over is not None:
        said = read_field(entity.document if entity.base is None else entity.base, pointer)
        return Origin(pointer, value, SET_HERE, over.set_by, over.set_at, said, over.pointer)
    change = next((row for row in revisions if _touches(row, pointer)), None)
    since = entity.created_at if change is None else change.at
    if entity.source == PORTAL:
        return Origin(pointer, value, MADE_HERE, "" if change is None else change.actor, since)
    return Origin(pointer, value, FILE, since=since)


def list_changers(
    session: Session, ref: str, pointers: Iterable[str]
) -> dict[str, Row[tuple[str, datetime, Any, bool]]]:
    """Return the last change of each field that is known of."""
    revisions = _list_revisions(session, ref)
    found = {
        pointer: next((row for row in revisions if _touches(row, pointer)), None)
        for pointer in pointers
    }
    return {pointer: row for pointer, row in found.items() if row is not None}


def _touches(row: Any, pointer: str) -> bool:
    """Whether a revision changed a field, or what is below or above it, or made it all."""
    if row.is_first:
        return True
    return any(is_within(each, pointer) or is_within(pointer, each) for each in row.fields)


def _list_revisions(session: Session, ref: str) -> Sequence[Row[Any]]:
    """Return who changed which fields of an entity, the latest first."""
    return session.execute(
        select(
            EntityRevision.actor,
            EntityRevision.at,
            EntityRevision.fields,
            EntityRevision.change.in_(STARTS).label("is_first"),
        )
        .where(belongs(read_lineage(session, ref)))
        .order_by(EntityRevision.id.desc())
        .limit(MOST_REVISIONS)
    ).all()


def name_people(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those who still have one, by what the trail keeps of them."""
    asked = sorted({text for text in ids if text})
    found: dict[str, str] = {}
    for naming in get_contributions(session).naming:
        found.update(naming.list_names(session, asked))
    return found
