"""Entities by reference or id, and the labels and counts that stand beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from portal.catalog.models import Entity
from portal.errors import NotFound

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
LABELS = select(
    Entity.ref, Entity.kind, Entity.namespace, Entity.name, Entity.title, Entity.type
).where(Entity.ref.in_(bindparam("refs", expanding=True)))


def has_entities(session: Session) -> bool:
    """Whether the catalog holds anything."""
    return session.scalar(select(Entity.id).limit(1)) is not None


def list_by_ids(session: Session, ids: Sequence[int]) -> list[Row[Any]]:
    """Return the list columns of entities in the order of `ids`, without those that are gone."""
    rows = session.execute(BY_IDS, {"ids": ids})
    found = {row.id: row for row in rows}
    return [found[number] for number in ids if number in found]


def get_entity(session: Session, ref: str) -> Entity:
    """Return an entity by canonical reference; raises NotFound."""
    found = session.scalar(select(Entity).where(Entity.ref == ref))
    if found is None:
        raise NotFound(f"Nothing is called {ref}.", fix="Search the catalog for the name.")
    return found


def list_labels(session: Session, refs: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Return kind, namespace, name, title and type of those refs that exist, by ref."""
    return {row.ref: row for row in session.execute(LABELS, {"refs": sorted(set(refs))})}
