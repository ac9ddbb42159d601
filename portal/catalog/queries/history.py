"""What entities were: their revisions, any of them at a past time, what changed where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union

from portal.catalog.core.changes import CREATED, RESTORED
from portal.catalog.core.relations import Relation
from portal.catalog.models import (
    Entity,
    EntityOverlay,
    EntityRelation,
    EntityRevision,
    PastRelation,
)
from portal.catalog.queries.entities import miss
from portal.catalog.queries.lineage import belongs, name_of, read_lineage
from portal.errors import Moved, NotFound
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.orm import Session

PERSON = "person:"
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
    """An entity as it was: its name and document then, and the revision that had made it so.

    `document` is None where there was none, `revision` where none is kept from before. `next` is
    the first revision after that time.
    """

    ref: str
    document: Any
    revision: Row[Any] | None
    next: Row[Any] | None


def list_revisions(
    session: Session, ref: str, *, before: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Return revisions of an entity under all its names, the latest first, older than `before`."""
    query = select(*CHANGE_COLUMNS).where(belongs(read_lineage(session, ref)))
    if before is not None:
        query = query.where(EntityRevision.id < before)
    return session.execute(query.order_by(EntityRevision.id.desc()).limit(limit)).all()


def read_change(session: Session, ref: str, revision_id: int) -> tuple[Row[Any], Any, Any]:
    """Return a revision of an entity with its document before and after; raises NotFound."""
    mine = belongs(read_lineage(session, ref))
    row = session.execute(
        select(*CHANGE_COLUMNS, EntityRevision.before).where(EntityRevision.id == revision_id, mine)
    ).one_or_none()
    if row is None:
        raise NotFound(f"{ref} has no revision {revision_id}.", fix="Look at its history.")
    following = session.execute(
        select(EntityRevision.before)
        .where(mine, EntityRevision.id > revision_id)
        .order_by(EntityRevision.id)
        .limit(1)
    ).one_or_none()
    after = read_present(session, ref) if following is None else following.before
    return row, row.before, after


def read_present(session: Session, ref: str) -> Any:
    """Return the document of an entity as it is, None where there is none."""
    return session.scalar(select(Entity.document).where(Entity.ref == ref))


def read_at(session: Session, ref: str, at: datetime) -> PastEntity:
    """Return what is called `ref` now as it was at a past time, under the name it had then."""
    mine = belongs(read_lineage(session, ref))
    following = session.execute(
        select(*CHANGE_COLUMNS, EntityRevision.before)
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
    document = read_present(session, ref) if following is None else following.before
    if document is not None and made is None and _is_younger(session, ref, mine, at):
        document = None
    if document is None:
        return PastEntity(ref, None, made, following)
    name = ref if following is None else name_of(document)
    return PastEntity(name, document, made, following)


def check_known(session: Session, ref: str) -> None:
    """Raise NotFound for a name nobody has or had, Moved where old links lead on from it."""
    if read_present(session, ref) is not None:
        return
    error = miss(session, ref)
    if isinstance(error, Moved) or not list_revisions(session, ref, limit=1):
        raise error


def get_past(session: Session, ref: str, at: datetime) -> PastEntity:
    """Return an entity as it was at a past time; raises NotFound where it was not there then."""
    check_known(session, ref)
    found = read_at(session, ref, at)
    if found.document is None:
        raise NotFound(f"{ref} was not there at {at.isoformat()}.", fix="Look at its history.")
    return found


def _is_younger(session: Session, ref: str, mine: ColumnElement[bool], at: datetime) -> bool:
    """Whether an entity from before there were revisions was made only after `at`."""
    made = session.scalar(select(Entity.created_at).where(Entity.ref == ref))
    if made is None or made <= at:
        return False
    # Where it was away in between, it was made anew and says nothing of the time before.
    again = mine & EntityRevision.change.in_((CREATED, RESTORED)) & (EntityRevision.at > at)
    return session.scalar(select(EntityRevision.id).where(again).limit(1)) is None


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


def list_overlays(session: Session, ref: str) -> Sequence[EntityOverlay]:
    """Return what was set in the portal over the file of an entity."""
    return session.scalars(
        select(EntityOverlay).where(EntityOverlay.ref == ref).order_by(EntityOverlay.pointer)
    ).all()


def find_last_revision(session: Session, ref: str) -> Row[Any] | None:
    """Return the latest revision of whoever has a name, or had it last; None for nobody."""
    rows = list_revisions(session, ref, limit=1)
    return rows[0] if rows else None


def list_old_names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return what entities were called before, by the revisions that renamed them."""
    if not ids:
        return {}
    rows = session.execute(
        select(EntityRevision.id, EntityRevision.before).where(EntityRevision.id.in_(ids))
    )
    return {row.id: name_of(row.before) for row in rows if row.before}


def read_after(session: Session, ref: str, revision_id: int | None) -> Any:
    """Return the document of an entity after a revision, None for as it is now."""
    if revision_id is None:
        return read_present(session, ref)
    return read_change(session, ref, revision_id)[2]


def name_people(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Return the names of those actors that are persons somebody still knows."""
    asked = sorted({actor for actor in actors if actor.startswith(PERSON)})
    found: dict[str, str] = {}
    if asked:
        for naming in get_contributions(session).naming:
            found.update(naming.list_names(session, asked))
    return found
