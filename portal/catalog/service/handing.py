"""Entities that change hands: one by agreement of two teams, or many by who answers for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.changes import EDITED
from portal.catalog.core.document_fields import MISSING, Change, apply_changes, read_field
from portal.catalog.core.records import PORTAL
from portal.catalog.core.refs import shorten_ref
from portal.catalog.models import Entity, EntityOverlay
from portal.catalog.service.editing import (
    check_owner,
    lay_changes,
    lay_over,
    open_for_change,
    record_edit,
    write_changed,
)
from portal.catalog.service.overlays import is_said, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.records import write_records
from portal.catalog.service.removals import place_of
from portal.catalog.service.revisions import hold_revision
from portal.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.records import Record

OWNER = "/spec/owner"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whoever answered for `giver` agreed that an entity of theirs goes to `receiver`.

    That they did is for the caller to have on record: here only the receiver's side is judged.
    """

    ref: str
    giver: str
    receiver: str


def agree(session: Session, actor: Actor, ref: str, *, receiver: str) -> Agreement:
    """Return the giver's side of a hand-over; raises Forbidden unless the actor answers for it."""
    entity = open_for_change(session, actor, ref, version=None)
    if entity.owner is None:
        raise Conflict(f"Nobody owns {ref}.", fix="Name its owner instead.")
    if entity.owner == receiver:
        raise Conflict(f"{receiver} owns it already.", fix="Choose another team.")
    return Agreement(entity.ref, entity.owner, receiver)


def take_over(session: Session, actor: Actor, agreement: Agreement, *, now: datetime) -> int:
    """Give an entity to the team that the actor answers for; returns its new revision.

    The actor need not answer for the giver, who agreed before and must still own it. Raises
    Conflict when they do not, Forbidden for who does not answer for the receiver.
    """
    hold_revision(session)
    entity = session.scalar(
        select(Entity).where(Entity.ref == agreement.ref).execution_options(populate_existing=True)
    )
    if entity is None:
        raise NotFound(f"Nothing is called {agreement.ref}.", fix="It was removed meanwhile.")
    if entity.owner != agreement.giver:
        raise Conflict(
            f"{agreement.giver} does not own {entity.ref} any more, but {entity.owner} does.",
            fix="Ask its owner of today.",
        )
    authorise(actor, WRITE, Subject(entity.ref, agreement.receiver, entity.system))
    change = Change(OWNER, shorten_ref(agreement.receiver, "group", entity.namespace))
    record = lay_changes(session, actor, entity, changes=[change], now=now)
    return write_changed(session, actor, entity, record=record, action="catalog.hand_over", now=now)


def edit_many(
    session: Session, actor: Actor, edits: Mapping[str, Change], *, now: datetime
) -> dict[str, dict[str, Any]]:
    """Change one field of each of many entities; returns what it takes to put each back.

    The actor must answer for each as it was and as it becomes. Raises what `edit_entity` raises.
    """
    found: dict[str, dict[str, Any]] = {}
    held: list[tuple[Entity, Record]] = []
    for ref, change in edits.items():
        entity = open_for_change(session, actor, ref, version=None)
        was = _read_was(session, entity, change.pointer)
        record = lay_changes(session, actor, entity, changes=[change], now=now)
        check_owner(actor, entity, record)
        kept = session.get(EntityOverlay, (ref, change.pointer)) is not None
        found[ref] = {**was, "is_kept": kept}
        held.append((entity, record))
    _write_many(session, actor, held, now)
    return found


def put_back(
    session: Session,
    actor: Actor,
    wrote: Mapping[str, Change],
    was: Mapping[str, Any],
    now: datetime,
) -> dict[str, str]:
    """Put fields back to what they were before `edit_many` wrote them.

    Returns, by ref, why those were left that changed since.
    """
    left: dict[str, str] = {}
    held: list[tuple[Entity, Record]] = []
    for ref, change in wrote.items():
        try:
            entity = open_for_change(session, actor, ref, version=None)
        except NotFound:
            left[ref] = "it is gone"
            continue
        why, record = _restore(session, entity, change, was[ref])
        if record is None:
            left[ref] = why
        else:
            check_owner(actor, entity, record)
            held.append((entity, record))
    _write_many(session, actor, held, now)
    return left


def _read_was(session: Session, entity: Entity, pointer: str) -> dict[str, Any]:
    """Return what a field of an entity is, and the overlay it has that from, as JSON."""
    value = read_field(entity.document, pointer)
    row = session.get(EntityOverlay, (entity.ref, pointer))
    return {
        "is_there": value is not MISSING,
        "value": None if value is MISSING else value,
        "overlay": row
        and {
            "value": row.value,
            "is_removal": row.is_removal,
            "set_by": row.set_by,
            "set_at": row.set_at.isoformat(),
        },
    }


def _restore(
    session: Session, entity: Entity, change: Change, was: Mapping[str, Any]
) -> tuple[str, Record | None]:
    """Return the record of an entity with a field as it was, or why that is left alone."""
    wrote = MISSING if change.is_removal else change.value
    if read_field(entity.document, change.pointer) != wrote:
        return "it was changed since", None
    back = Change(change.pointer, was["value"], is_removal=not was["is_there"])
    if entity.source == PORTAL:
        document = apply_changes(entity.document, [back])
        return "", make_record(session, document, place_of(entity))
    row = session.get(EntityOverlay, (entity.ref, change.pointer))
    if was["is_kept"] and row is None:
        return "its file says so itself by now", None
    base = entity.document if entity.base is None else entity.base
    if was["overlay"] is None and not is_said(base, back):
        return "its file says something else by now", None
    if row is not None:
        session.delete(row)
        session.flush()
    if was["overlay"] is not None:
        kept = {**was["overlay"], "set_at": datetime.fromisoformat(was["overlay"]["set_at"])}
        session.add(EntityOverlay(ref=entity.ref, pointer=change.pointer, **kept))
        session.flush()
    return "", lay_over(session, entity)


def _write_many(
    session: Session, actor: Actor, held: Sequence[tuple[Entity, Record]], now: datetime
) -> None:
    """Write changed entities in one go, each on record by itself."""
    documents = {
        entity.ref: (entity.document, record.columns["document"]) for entity, record in held
    }
    for entity, _ in held:  # each that stayed would be compared with each that is updated
        session.expunge(entity)
    write_records(
        session, actor, fresh=(), changed=[record for _, record in held], change=EDITED, now=now
    )
    refresh_near(session, list(documents))
    for ref, pair in documents.items():
        record_edit(session, actor, ref, documents=pair, action="catalog.edit", now=now)
