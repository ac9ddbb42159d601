"""What entities were: their revisions, any of them at a past time, what changed where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union, union_all

from portal.catalog.core.relations import Relation
from portal.catalog.models import (
    Entity,
    EntityOverlay,
    EntityRelation,
    EntityRename,
    EntityRevision,
    PastRelation,
)
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

MOST_NAMES = 20
CHANGE_COLUMNS = (
    EntityRevision.id,
    EntityRevision.ref,
    EntityRevision.change,
    EntityRevision.at,
    EntityRevision.actor,
    EntityRevision.source,
    EntityRevision.file,
    EntityRevision.line,
    EntityRevision.owner,
    EntityRevision.owner_before,
    EntityRevision.fields,
)


@dataclass(frozen=True, slots=True)
class PastEntity:
    """An entity as it was: its document, and the revision that had made it so, if one is kept.

    `document` is None where there was none.
    """

    ref: str
    document: Any
    revision: Row[Any] | None


def list_names(session: Session, ref: str) -> list[str]:
    """Return what an entity is called and was called before, the present name first."""
    names = [ref]
    for name in names:
        if len(names) < MOST_NAMES:
            found = session.scalars(
                select(EntityRename.old_ref)
                .where(EntityRename.new_ref == name)
                .order_by(EntityRename.at.desc())
            )
            names.extend(old for old in found if old not in names)
    return names


def find_present_name(session: Session, ref: str) -> str | None:
    """Return what an entity that was renamed is called now; None when it never was."""
    found: str | None = None
    for _ in range(MOST_NAMES):
        following = session.scalar(
            select(EntityRename.new_ref).where(EntityRename.old_ref == (found or ref))
        )
        if following is None or following == ref:
            break
        found = following
    return found


def list_revisions(
    session: Session, ref: str, *, before: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Return revisions of an entity under all its names, the latest first, older than `before`."""
    query = select(*CHANGE_COLUMNS).where(EntityRevision.ref.in_(list_names(session, ref)))
    if before is not None:
        query = query.where(EntityRevision.id < before)
    return session.execute(query.order_by(EntityRevision.id.desc()).limit(limit)).all()


def read_change(session: Session, ref: str, revision_id: int) -> tuple[Row[Any], Any, Any]:
    """Return a revision of an entity with its document before and after; raises NotFound."""
    names = list_names(session, ref)
    row = session.execute(
        select(*CHANGE_COLUMNS, EntityRevision.before).where(
            EntityRevision.id == revision_id, EntityRevision.ref.in_(names)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"{ref} has no revision {revision_id}.", fix="Look at its history.")
    following = session.execute(
        select(EntityRevision.before)
        .where(EntityRevision.ref == row.ref, EntityRevision.id > revision_id)
        .order_by(EntityRevision.id)
        .limit(1)
    ).one_or_none()
    after = _read_present(session, row.ref) if following is None else following.before
    return row, row.before, after


def _read_present(session: Session, ref: str) -> Any:
    return session.scalar(select(Entity.document).where(Entity.ref == ref))


def read_at(session: Session, ref: str, at: datetime) -> PastEntity:
    """Return an entity as it was at a past time, under the name it had then."""
    for name in list_names(session, ref):
        found = _read_named_at(session, name, at)
        if found.document is not None:
            return found
    return PastEntity(ref, None, None)


def _read_named_at(session: Session, ref: str, at: datetime) -> PastEntity:
    mine = EntityRevision.ref == ref
    following = session.execute(
        select(EntityRevision.before)
        .where(mine, EntityRevision.at > at)
        .order_by(EntityRevision.id)
        .limit(1)
    ).one_or_none()
    made = session.execute(
        select(*CHANGE_COLUMNS)
        .where(mine, EntityRevision.at <= at)
        .order_by(EntityRevision.id.desc())
        .limit(1)
    ).one_or_none()
    if following is not None:
        return PastEntity(ref, following.before, made)
    since = session.execute(
        select(Entity.document, Entity.created_at).where(Entity.ref == ref)
    ).one_or_none()
    # Without a revision before `at`, what is there now may be younger than that.
    if since is None or (made is None and since.created_at > at):
        return PastEntity(ref, None, made)
    return PastEntity(ref, since.document, made)


def list_relations_at(session: Session, ref: str, at: datetime) -> list[Relation]:
    """Return the relations an entity had at a past time, as it saw them, sorted."""
    parts = []
    for end in ("source", "target"):
        for table in (EntityRelation, PastRelation):
            query = select(table.source, table.type, table.target).where(
                getattr(table, end) == ref, table.since <= at
            )
            if table is PastRelation:
                query = query.where(PastRelation.until > at)
            parts.append(query)
    found: set[Relation] = set()
    for source, kind, target in session.execute(union(*parts)):
        relation = Relation(source, kind, target)
        if source == ref:
            found.add(relation)
        if target == ref:
            found.add(relation.inverse)
    return sorted(found, key=lambda relation: (relation.type, relation.target))


def list_changes(
    session: Session,
    *,
    owners: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return changes of the catalog, the latest first: all, or those of what some teams own.

    What a team gave away or lost counts as its own too.
    """
    narrowed = []
    if since is not None:
        narrowed.append(EntityRevision.at >= since)
    if until is not None:
        narrowed.append(EntityRevision.at < until)
    if before is not None:
        narrowed.append(EntityRevision.id < before)
    latest = EntityRevision.id.desc()
    if owners is None:
        query = select(*CHANGE_COLUMNS).where(*narrowed).order_by(latest).limit(limit)
        return session.execute(query).all()
    # Apart, so that each part walks its own index from its end.
    parts = [
        select(
            select(EntityRevision.id)
            .where(column.in_(owners), *narrowed)
            .order_by(latest)
            .limit(limit)
            .subquery()
        )
        for column in (EntityRevision.owner, EntityRevision.owner_before)
    ]
    ids = set(session.scalars(union_all(*parts)))
    query = select(*CHANGE_COLUMNS).where(EntityRevision.id.in_(ids))
    return session.execute(query.order_by(latest).limit(limit)).all()


def list_overlays(session: Session, ref: str) -> Sequence[EntityOverlay]:
    """Return what was set in the portal over the file of an entity."""
    return session.scalars(
        select(EntityOverlay).where(EntityOverlay.ref == ref).order_by(EntityOverlay.pointer)
    ).all()


def has_history(session: Session, ref: str) -> bool:
    """Whether an entity of this name is or was known."""
    query = select(EntityRevision.id).where(EntityRevision.ref == ref).limit(1)
    return session.scalar(query) is not None
