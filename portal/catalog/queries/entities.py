"""Entities by reference or id, and the labels and counts that stand beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, select

from portal.catalog.core.refs import parse_ref
from portal.catalog.models import CatalogState, Entity, Star
from portal.catalog.queries.columns import REVISION
from portal.catalog.queries.lineage import find_present_name
from portal.errors import Moved, NotFound
from portal.infra.contributions import SubjectFacts
from portal.infra.db import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

LIST_COLUMNS = (
    Entity.id,
    Entity.ref,
    Entity.kind,
    Entity.namespace,
    Entity.name,
    Entity.sort_name,
    Entity.title,
    Entity.description,
    Entity.type,
    Entity.entity_class,
    Entity.lifecycle,
    Entity.stage,
    Entity.tier,
    Entity.owner,
    Entity.system,
    Entity.domain,
    Entity.tags,
    Entity.source,
    Entity.file,
    Entity.line,
    Entity.updated_at,
)
# Built once: putting a statement together takes longer than these take to run.
BY_IDS = select(*LIST_COLUMNS).where(Entity.id.in_(bindparam("ids", expanding=True)))
DOCUMENT = select(
    Entity.document,
    Entity.digest,
    Entity.updated_at,
    Entity.kind,
    Entity.entity_class,
    Entity.revision.label("version"),
    select(CatalogState.revision).scalar_subquery().label("revision"),
).where(Entity.ref == bindparam("ref"))
LABELS = select(
    Entity.ref, Entity.kind, Entity.namespace, Entity.name, Entity.title, Entity.type
).where(Entity.ref.in_(bindparam("refs", expanding=True)))


def has_entities(session: Session) -> bool:
    """Whether the catalog holds anything."""
    return session.scalar(select(Entity.id).limit(1)) is not None


def list_by_ids(session: Session, ids: Sequence[int]) -> list[Row[Any]]:
    """Return the list columns of entities in the order of `ids`, without those that are gone."""
    found = {row.id: row for row in read_rows(session, BY_IDS, {"ids": ids})}
    return [found[number] for number in ids if number in found]


def get_entity(session: Session, ref: str) -> Entity:
    """Return an entity by canonical reference; raises NotFound."""
    found = session.scalar(select(Entity).where(Entity.ref == ref))
    if found is None:
        raise miss(session, ref)
    return found


def get_document(session: Session, ref: str) -> Row[Any]:
    """Return an entity's document with what tells its versions apart; raises NotFound.

    The catalog's revision comes in the same query, for what reads it later in this unit.
    """
    found = read_rows(session, DOCUMENT, {"ref": ref})
    if not found:
        raise miss(session, ref)
    session.info.setdefault(REVISION, found[0].revision or 0)
    return found[0]


def miss(session: Session, ref: str) -> NotFound:
    """Return the error that nothing has a name, or that what had it is called otherwise now."""
    message = f"Nothing is called {ref}."
    present = find_present_name(session, ref)
    if present is None:
        return NotFound(message, fix="Search the catalog for the name.")
    kind, _, rest = present.partition(":")
    namespace, _, name = rest.partition("/")
    return Moved(
        f"{message} It was renamed to {present}.",
        parts={"kind": kind, "namespace": namespace, "name": name},
        fix=f"Ask for {present}.",
    )


def find_subject(session: Session, text: str) -> SubjectFacts | None:
    """Return what a decision about an entity needs, by its reference as people write it."""
    try:
        ref = parse_ref(text, default_kind="component")
    except ValueError:
        return None
    row = session.execute(
        select(Entity.ref, Entity.owner, Entity.system).where(Entity.ref == ref.canonical)
    ).one_or_none()
    return None if row is None else SubjectFacts(row.ref, row.owner, row.system)


def find_entity_for(
    session: Session, ref: str, account_id: int | None
) -> tuple[Entity, bool] | None:
    """Return an entity and whether an account starred it; None when there is none.

    The catalog's revision comes in the same query, for what reads it later in this unit.
    """
    row = session.execute(
        select(Entity, Star.ref, select(CatalogState.revision).scalar_subquery())
        .join(Star, and_(Star.ref == Entity.ref, Star.account_id == account_id), isouter=True)
        .where(Entity.ref == ref)
    ).one_or_none()
    if row is None:
        return None
    session.info.setdefault(REVISION, row[2] or 0)
    return row[0], row[1] is not None


def list_labels(session: Session, refs: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Return kind, namespace, name, title and type of those refs that exist, by ref."""
    return {row.ref: row for row in session.execute(LABELS, {"refs": sorted(set(refs))})}
