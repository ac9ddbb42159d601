"""Doing and undoing the steps of a reorganisation, as far as each was left alone since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select

from portal.catalog.core.changes import RESTORED
from portal.catalog.core.document_fields import Change
from portal.catalog.core.records import PORTAL, Place
from portal.catalog.models import Entity, EntityRelation, RemovedEntity
from portal.catalog.service.editing import create_entity, delete_entity
from portal.catalog.service.entities import apply_records
from portal.catalog.service.former_names import drop_former_name, keep_former_name
from portal.catalog.service.handing import edit_many, put_back
from portal.catalog.service.overlays import make_record
from portal.catalog.service.problems import refresh_near
from portal.ownership.core.plans import MAKE, REMOVE, RENAME, SET
from portal.ownership.models import Reorganisation
from portal.ownership.service.renames import follow_team

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.ownership.models import ReorganisationStep as Row

PLANNED, DONE, BACK, LEFT = "planned", "done", "undone", "left"


def do_steps(session: Session, actor: Actor, steps: Sequence[Row], *, now: datetime) -> None:
    """Do steps in their order; each keeps what it takes to undo it."""
    for run in _group(steps):
        if run[0].act == SET:
            was = edit_many(session, actor, {row.ref: _change(row) for row in run}, now=now)
            for row in run:
                row.was = was[row.ref]
        else:
            _do_one(session, actor, run[0], now)
        for row in run:
            row.state = DONE
        session.flush()


def _do_one(session: Session, actor: Actor, row: Row, now: datetime) -> None:
    if row.act == MAKE:
        create_entity(session, actor, row.value, now=now)
    elif row.act == REMOVE:
        delete_entity(session, actor, row.ref, version=None, now=now)
    else:
        row.was = keep_former_name(session, actor, row.ref, new=row.value, now=now)
        if _is_rename(session, row):
            follow_team(session, row.ref, row.value)


def undo_steps(session: Session, actor: Actor, steps: Sequence[Row], *, now: datetime) -> None:
    """Undo steps, the last one first; what changed since is left, and says why."""
    for run in _group(steps):
        if run[0].act == SET:
            wrote = {row.ref: _change(row) for row in run}
            was = {row.ref: row.was for row in run}
            left = put_back(session, actor, wrote, was, now=now)
        else:
            why = _undo_one(session, actor, run[0], now)
            left = {run[0].ref: why} if why else {}
        for row in run:
            row.note = left.get(row.ref, "")
            row.state = LEFT if row.note else BACK
        session.flush()


def _undo_one(session: Session, actor: Actor, row: Row, now: datetime) -> str:
    """Undo a step that concerns a whole entity; returns why it was left, if it was."""
    if row.act == MAKE:
        return _unmake(session, actor, row, now)
    if row.act == REMOVE:
        return _bring_back(session, actor, row, now)
    dropped = drop_former_name(
        session, actor, row.ref, new=row.value, before=row.was or {}, now=now
    )
    if dropped and _is_rename(session, row):
        follow_team(session, row.value, row.ref)
    return "" if dropped else "the old name leads elsewhere by now"


def _is_rename(session: Session, row: Row) -> bool:
    return session.get_one(Reorganisation, row.reorganisation_id).kind == RENAME


def _bring_back(session: Session, actor: Actor, row: Row, now: datetime) -> str:
    """Make a team again that was removed; what it names may only come back after it."""
    if _find(session, row.ref) is not None:
        return "there is one of this name again"
    record = make_record(session, row.value, Place(PORTAL, "", 1, 1))
    apply_records(session, actor, [record], change=RESTORED, now=now)
    session.execute(
        delete(RemovedEntity).where(RemovedEntity.ref == row.ref, RemovedEntity.source == PORTAL)
    )
    refresh_near(session, [row.ref])
    return ""


def _unmake(session: Session, actor: Actor, row: Row, now: datetime) -> str:
    entity = _find(session, row.ref)
    if entity is None:
        return "it is gone"
    if entity.document != row.value:
        return "it was changed since"
    named = session.scalar(
        select(func.count())
        .select_from(EntityRelation)
        .where(
            or_(EntityRelation.target == row.ref, EntityRelation.source == row.ref),
            EntityRelation.declared_by != row.ref,
        )
    )
    if named:
        return f"{named} entries name it"
    delete_entity(session, actor, row.ref, version=None, now=now)
    return ""


def _find(session: Session, ref: str) -> Entity | None:
    return session.scalar(
        select(Entity).where(Entity.ref == ref).execution_options(populate_existing=True)
    )


def _group(steps: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield steps that can be done at once: fields of different entities, or one of any other."""
    run: list[Row] = []
    for row in steps:
        if run and (row.act != SET or run[0].act != SET or row.ref in {one.ref for one in run}):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _change(row: Row) -> Change:
    return Change(row.pointer, row.value, is_removal=row.value is None)
