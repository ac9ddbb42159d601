"""Entities changed and made by people: in place where they made them, else over their file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.changes import EDITED, REMOVED
from portal.catalog.core.document_fields import (
    MISSING,
    Blocked,
    apply_changes,
    list_changed,
    read_field,
)
from portal.catalog.core.edits import check_pointers, describe_findings
from portal.catalog.core.records import HELD_BY_HAND, PORTAL, Place
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.specs import check_entity
from portal.catalog.models import Entity, EntityOverlay
from portal.catalog.queries.retired import find_retired
from portal.catalog.service.overlays import is_said, make_record, read_overlays
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.records import write_records
from portal.catalog.service.removals import place_of, take_out
from portal.catalog.service.revisions import hold_revision
from portal.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.document_fields import Change
    from portal.catalog.core.records import Record


class Changed(Conflict):
    """Somebody changed the entity since it was opened; `revision` is what it is at now."""

    def __init__(self, ref: str, revision: int) -> None:
        super().__init__(
            f"{ref} was changed since you opened it.",
            fix="Look at what changed, then save again.",
        )
        self.revision = revision
        self.members["version"] = revision


def open_for_change(session: Session, actor: Actor, ref: str, *, version: int | None) -> Entity:
    """Return an entity nobody else can change until this unit ends.

    `version` is the revision it was seen at, None for whatever it is at. Raises NotFound,
    Forbidden or Changed.
    """
    hold_revision(session)
    entity = session.scalar(
        select(Entity).where(Entity.ref == ref).execution_options(populate_existing=True)
    )
    if entity is None:
        raise NotFound(f"Nothing is called {ref}.", fix="Search the catalog for the name.")
    authorise(actor, WRITE, Subject(entity.ref, entity.owner, entity.system))
    if version is not None and version != entity.revision:
        raise Changed(entity.ref, entity.revision)
    return entity


def edit_entity(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    changes: Sequence[Change],
    version: int | None,
    now: datetime,
) -> int:
    """Change fields of an entity; returns its new revision.

    What comes from a file keeps its file: the changes are laid over it. Raises InvalidInput naming
    fields, Changed when it is no longer at `version`.
    """
    entity = open_for_change(session, actor, ref, version=version)
    record = lay_changes(session, actor, entity, changes=changes, now=now)
    check_owner(actor, entity, record)
    return write_changed(session, actor, entity, record=record, action="catalog.edit", now=now)


def lay_changes(
    session: Session, actor: Actor, entity: Entity, *, changes: Sequence[Change], now: datetime
) -> Record:
    """Return the record of an entity with changes, which are kept as overlays where it has a file.

    Raises InvalidInput naming fields. Whether the actor answers for its owner is not looked at.
    """
    check_pointers(changes)
    if entity.source == PORTAL:
        document = _judge(entity.document, changes)
        record = make_record(session, document, place_of(entity))
    else:
        _keep_overlays(session, actor, entity, changes, now)
        record = lay_over(session, entity)
    _check_targets(session, entity, record)
    return record


def remove_overlays(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    pointers: Sequence[str],
    version: int | None,
    now: datetime,
) -> int:
    """Let fields say again what their file says; returns the entity's new revision."""
    entity = open_for_change(session, actor, ref, version=version)
    session.execute(
        delete(EntityOverlay).where(EntityOverlay.ref == ref, EntityOverlay.pointer.in_(pointers))
    )
    record = lay_over(session, entity)
    check_owner(actor, entity, record)
    return write_changed(
        session, actor, entity, record=record, action="catalog.remove_overlay", now=now
    )


def create_entity(
    session: Session, actor: Actor, document: Mapping[str, Any], *, now: datetime
) -> str:
    """Make an entity in the portal itself; returns its reference.

    Whoever makes it has to answer for its owner. Raises InvalidInput naming fields.
    """
    _refuse(check_entity(document))
    ref = entity_ref(document).canonical
    record = make_record(session, document, Place(PORTAL, "", 1, 1))
    authorise(actor, WRITE, Subject(ref, record.columns["owner"], record.columns["system"]))
    hold_revision(session)
    if session.scalar(select(Entity.ref).where(Entity.ref == ref)) is not None:
        message = f"{ref} exists already."
        raise InvalidInput(
            message, (Problem("metadata.name", "unique", message, "Choose another name."),)
        )
    if find_retired(session, ref) is not None:
        message = f"{ref} was retired, and its name is kept."
        fix = "Choose another name, or bring it back."
        raise InvalidInput(message, (Problem("metadata.name", "retired", message, fix),))
    _check_known(session, record, frozenset({ref}))
    write_records(session, actor, fresh=[record], changed=(), now=now)
    refresh_near(session, [ref])
    record_act(session, actor.name, ref, action="catalog.create", after=dict(document), now=now)
    return ref


def delete_entity(
    session: Session, actor: Actor, ref: str, *, version: int | None, now: datetime
) -> None:
    """Remove an entity that no file defines; it can be brought back for a while."""
    entity = open_for_change(session, actor, ref, version=version)
    if entity.source != PORTAL and entity.read_as != HELD_BY_HAND:
        raise Conflict(
            f"{ref} comes from {entity.source}: {entity.file}.",
            fix="Delete the file, or retire the service.",
        )
    take_out(session, actor, [ref], run_id=0, change=REMOVED, now=now)
    refresh_near(session, [ref])
    record_act(session, actor.name, ref, action="catalog.remove", before=entity.document, now=now)


def _judge(document: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """Return a document with changes made; raises InvalidInput when it is none any more."""
    try:
        changed = apply_changes(document, changes)
    except Blocked as error:
        message = f"`{error}` holds no map, so nothing can be set below it."
        raise InvalidInput(
            message, (Problem(str(error), "type", message, "Change the file."),)
        ) from None
    _refuse(check_entity(changed))
    return changed


def _refuse(findings: Sequence[Any]) -> None:
    if findings:
        raise InvalidInput("The entry would not be valid.", describe_findings(findings))


def _keep_overlays(
    session: Session, actor: Actor, entity: Entity, changes: Sequence[Change], now: datetime
) -> None:
    """Keep changes as overlays, in place of those of the same fields and of parts of them."""
    base = _find_base(entity)
    held = select(EntityOverlay).where(EntityOverlay.ref == entity.ref)
    for row in session.scalars(held).all():
        if any(f"{row.pointer}/".startswith(f"{change.pointer}/") for change in changes):
            session.delete(row)
    session.flush()
    session.add_all(
        EntityOverlay(
            ref=entity.ref,
            pointer=change.pointer,
            value=None if change.is_removal else change.value,
            is_removal=change.is_removal,
            set_by=actor.name,
            set_at=now,
        )
        for change in {change.pointer: change for change in changes}.values()
        if not is_said(base, change)
    )
    session.flush()


def _find_base(entity: Entity) -> Any:
    return entity.document if entity.base is None else entity.base


def lay_over(session: Session, entity: Entity) -> Record:
    """Return the record of an entity from a file with the overlays it has now."""
    laid = read_overlays(session, [entity.ref]).get(entity.ref, [])
    base = _find_base(entity)
    document = _judge(base, laid)
    return make_record(session, document, place_of(entity), base if laid else None)


def _check_targets(session: Session, entity: Entity, record: Record) -> None:
    """Refuse new references to what is not there."""
    old = make_record(session, entity.document, place_of(entity))
    known = {end for r in old.relations for end in (r.source, r.target)}
    _check_known(session, record, frozenset(known | {entity.ref}))


def check_owner(actor: Actor, entity: Entity, record: Record) -> None:
    """Refuse to give away what somebody else then answers for: that takes a hand-over."""
    owner = record.columns["owner"]
    if owner == entity.owner:
        return
    try:
        authorise(actor, WRITE, Subject(entity.ref, owner, entity.system))
    except Forbidden as error:
        raise Forbidden(
            f"You do not answer for {owner}: {error.detail}", fix="Hand it over to them instead."
        ) from None


def _check_known(session: Session, record: Record, known: frozenset[str]) -> None:
    ends = {end for r in record.relations for end in (r.source, r.target)} - known
    there = set(session.scalars(select(Entity.ref).where(Entity.ref.in_(sorted(ends)))))
    problems = tuple(
        Problem(
            relation.type,
            "known",
            f"Nothing is called {end}.",
            "Choose an entry that is in the catalog.",
        )
        for relation in record.relations
        for end in (relation.source, relation.target)
        if end in ends - there
    )
    if problems:
        raise InvalidInput("A reference leads nowhere.", problems)


def write_changed(
    session: Session, actor: Actor, entity: Entity, *, record: Record, action: str, now: datetime
) -> int:
    """Write a changed entity, on record as `action`; returns its new revision."""
    before, after = entity.document, record.columns["document"]
    write_records(session, actor, fresh=(), changed=[record], change=EDITED, now=now)
    refresh_near(session, [entity.ref])
    session.refresh(entity)
    record_edit(session, actor, entity.ref, documents=(before, after), action=action, now=now)
    return entity.revision


def record_edit(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    documents: tuple[Mapping[str, Any], Mapping[str, Any]],
    action: str,
    now: datetime,
) -> None:
    """Put on record which fields of an entity changed, from what to what; nothing for none."""
    changed = list_changed(*documents)
    before, after = (
        {
            pointer: value
            for pointer in changed
            if (value := read_field(document, pointer)) is not MISSING
        }
        for document in documents
    )
    if changed:
        record_act(session, actor.name, ref, action=action, before=before, after=after, now=now)
