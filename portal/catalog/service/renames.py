"""Entities that are called otherwise from now on: what was theirs follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.changes import CREATED, FORMER, LEFT, RENAMED
from portal.catalog.core.document_fields import list_changed
from portal.catalog.core.edits import describe_findings
from portal.catalog.core.records import PORTAL
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.specs import check_entity
from portal.catalog.models import (
    Entity,
    EntityAlias,
    EntityMark,
    EntityOverlay,
    EntityRename,
    EntityRevision,
    Star,
)
from portal.catalog.queries.retired import find_retired
from portal.catalog.service.editing import open_for_change
from portal.catalog.service.names import remember_names
from portal.catalog.service.overlays import lay_overlays, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.records import revision_row, write_records
from portal.catalog.service.removals import delete_entities, place_of
from portal.catalog.service.revisions import bump_revision, hold_revision
from portal.errors import Conflict, InvalidInput, NotFound, Problem
from portal.infra.contributions import get_contributions
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def rename_entity(session: Session, actor: Actor, old: str, new: str, *, now: datetime) -> None:
    """Let `new`, which just appeared, be what `old` was; both are there, and `old` goes.

    History, overlays, stars and marks follow, old links lead to `new`, and the old name finds it.
    """
    hold_revision(session)
    before, after = _find(session, old), _find(session, new)
    authorise(actor, WRITE, Subject(before.ref, before.owner, before.system))
    if before.kind != after.kind:
        raise Conflict(f"{old} cannot become {new}, which is of another kind.")
    _move_overlays(session, actor, before, after, now)
    at = _note(session, actor, before, after, now)
    delete_entities(session, [before], now=at)
    _lead_on(session, actor, old, new, now)
    _move_stars(session, old, new)
    revision = bump_revision(session)
    _move_marks(session, old, new, revision)
    session.execute(
        update(Entity)
        .where(Entity.ref == new)
        .values(created_at=before.created_at, revision=revision)
    )
    for follow in get_contributions(session).followers:
        follow(session, old, new, now)
    session.expire(after)


def rename_made(
    session: Session, actor: Actor, ref: str, name: str, *, version: int | None, now: datetime
) -> str:
    """Call an entity that was made in the portal otherwise; returns its new reference."""
    entity = open_for_change(session, actor, ref, version=version)
    if entity.source != PORTAL:
        raise Conflict(
            f"{ref} comes from {entity.source}: {entity.file}.",
            fix="Change the name there; the portal recognises it when the file is read.",
        )
    document = {**entity.document, "metadata": {**entity.document["metadata"], "name": name}}
    problems = describe_findings(check_entity(document))
    new = "" if problems else entity_ref(document).canonical
    problems = problems or _check_free(session, ref, new)
    if problems:
        raise InvalidInput("It cannot be called so.", problems)
    record = make_record(session, document, place_of(entity))
    write_records(session, actor, fresh=[record], changed=(), now=now)
    rename_entity(session, actor, ref, new, now=now)
    refresh_near(session, [ref, new])
    record_act(
        session,
        actor.name,
        new,
        action="catalog.rename",
        before={"ref": ref},
        after={"ref": new},
        now=now,
    )
    return new


def _check_free(session: Session, ref: str, new: str) -> tuple[Problem, ...]:
    """Return why an entity cannot have a new name that is well-formed."""
    message = ""
    if new == ref:
        message = "It is called so already."
    elif session.scalar(select(Entity.ref).where(Entity.ref == new)) is not None:
        message = f"{new} exists already."
    elif find_retired(session, new) is not None:
        message = f"{new} was retired, and its name is kept."
    if not message:
        return ()
    return (Problem("metadata.name", "unique", message, "Choose another name."),)


def _find(session: Session, ref: str) -> Entity:
    found = session.scalar(
        select(Entity).where(Entity.ref == ref).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"Nothing is called {ref}.", fix="Search the catalog for the name.")
    return found


def _move_overlays(
    session: Session, actor: Actor, before: Entity, after: Entity, now: datetime
) -> None:
    """Lay what was set in the portal over the entity under its new name."""
    laid = select(EntityOverlay.pointer).where(EntityOverlay.ref == before.ref).limit(1)
    if session.scalar(laid) is None:
        return
    session.execute(delete(EntityOverlay).where(EntityOverlay.ref == after.ref))
    session.execute(
        update(EntityOverlay).where(EntityOverlay.ref == before.ref).values(ref=after.ref)
    )
    base = after.document if after.base is None else after.base
    records, _ = lay_overlays(session, [make_record(session, base, place_of(after))])
    write_records(session, actor, fresh=(), changed=records, is_noted=False, now=now)
    session.refresh(after)


def _note(session: Session, actor: Actor, before: Entity, after: Entity, now: datetime) -> datetime:
    """Make the revision of the new name say that it was renamed; returns when that was.

    It was written as one of a new entity, before anybody could know better.
    """
    last = session.scalar(
        select(EntityRevision)
        .where(EntityRevision.ref == after.ref)
        .order_by(EntityRevision.id.desc())
        .limit(1)
    )
    values = revision_row(
        actor,
        after.ref,
        place_of(after),
        change=RENAMED,
        owner=after.owner,
        owner_before=before.owner,
        fields=list_changed(before.document, after.document),
        before=before.document,
        now=now if last is None or last.change != CREATED else last.at,
    )
    if last is None or last.change != CREATED:
        insert_rows(session, EntityRevision, [values])
    else:
        session.execute(update(EntityRevision).where(EntityRevision.id == last.id).values(**values))
        session.expire(last)
    left = revision_row(actor, before.ref, place_of(before), change=LEFT, now=values["at"])
    insert_rows(session, EntityRevision, [left])
    at: datetime = values["at"]
    return at


def _lead_on(session: Session, actor: Actor, old: str, new: str, now: datetime) -> None:
    """Let old links, and those of names before, lead to the new name.

    Those of somebody who had the new name once and is gone lead nowhere any more.
    """
    session.execute(delete(EntityRename).where(EntityRename.new_ref == new))
    session.execute(update(EntityRename).where(EntityRename.new_ref == old).values(new_ref=new))
    session.execute(delete(EntityRename).where(EntityRename.old_ref.in_((new, old))))
    session.execute(insert(EntityRename).values(old_ref=old, new_ref=new, at=now, actor=actor.name))
    session.execute(delete(EntityAlias).where(EntityAlias.ref == new, EntityAlias.system == FORMER))
    remember_names(session, [new])


def _move_stars(session: Session, old: str, new: str) -> None:
    both = select(Star.account_id).where(Star.ref == new)
    session.execute(
        delete(Star)
        .where(Star.ref == old, Star.account_id.in_(both))
        .execution_options(synchronize_session=False)
    )
    session.execute(update(Star).where(Star.ref == old).values(ref=new))


def _move_marks(session: Session, old: str, new: str, revision: int) -> None:
    both = select(EntityMark.name).where(EntityMark.ref == old)
    session.execute(
        delete(EntityMark)
        .where(EntityMark.ref == new, EntityMark.name.in_(both))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(EntityMark).where(EntityMark.ref == old).values(ref=new, revision=revision)
    )
