"""Lists of entities, keyset-paged: the same few queries at any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cachetools import LRUCache
from sqlalchemy import func, or_, select, tuple_

from portal.catalog.core.filters import EntityFilter, Page, expand_ref
from portal.catalog.models import CatalogProblem, CatalogState, Entity, EntityTag
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Row, Select
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
    Entity.tags,
    Entity.source,
    Entity.file,
    Entity.line,
    Entity.updated_at,
)
SORT_COLUMNS: dict[str, Any] = {"name": Entity.sort_name, "updated": Entity.updated_at}
MOST_GROUPS = 500
_choices: LRUCache[tuple[Any, ...], tuple[tuple[str, ...], tuple[str, ...]]] = LRUCache(maxsize=8)
_totals: LRUCache[tuple[Any, ...], int] = LRUCache(maxsize=512)


def get_revision(session: Session) -> int:
    """Return the catalog's revision; it grows with every change."""
    return session.scalar(select(CatalogState.revision)) or 0


def _conditions(wanted: EntityFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind:
        found.append(Entity.kind == wanted.kind.lower())
    if wanted.type:
        found.append(func.lower(Entity.type) == wanted.type.lower())
    if wanted.lifecycle:
        found.append(func.lower(Entity.lifecycle) == wanted.lifecycle.lower())
    if wanted.owner:
        found.append(Entity.owner == expand_ref(wanted.owner, "group"))
    if wanted.system:
        found.append(Entity.system == expand_ref(wanted.system, "system"))
    if wanted.tag:
        found.append(
            Entity.ref.in_(select(EntityTag.ref).where(EntityTag.tag == wanted.tag.lower()))
        )
    if wanted.q:
        text = wanted.q.lower()
        found.append(
            or_(
                Entity.sort_name.contains(text, autoescape=True),
                func.lower(Entity.name).contains(text, autoescape=True),
            )
        )
    return found


def search_entities(
    session: Session,
    wanted: EntityFilter,
    *,
    sort: str = "name",
    after: tuple[Any, ...] | None = None,
    limit: int = 25,
) -> Page:
    """Return one page; `after` is the `next_key` of the page before."""
    column = SORT_COLUMNS[sort.removeprefix("-")]
    is_descending = sort.startswith("-")
    conditions = _conditions(wanted)
    query: Select[Any] = select(*LIST_COLUMNS).where(*conditions)
    if after is not None:
        here, end = tuple_(column, Entity.id), tuple_(*after)
        query = query.where(here < end if is_descending else here > end)
    order = (column.desc(), Entity.id.desc()) if is_descending else (column, Entity.id)
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    next_key = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_key = (getattr(last, column.key), last.id)
    return Page(tuple(rows[:limit]), _count(session, wanted, conditions), next_key)


def _count(session: Session, wanted: EntityFilter, conditions: list[ColumnElement[bool]]) -> int:
    """Count once per revision; between two changes the answer cannot differ."""
    key = (str(session.get_bind().engine.url), get_revision(session), wanted)
    if key not in _totals:
        _totals[key] = (
            session.scalar(select(func.count()).select_from(Entity).where(*conditions)) or 0
        )
    return _totals[key]


def has_entities(session: Session) -> bool:
    """Whether the catalog holds anything."""
    return session.scalar(select(Entity.id).limit(1)) is not None


def get_entity(session: Session, ref: str) -> Entity:
    """Return an entity by canonical reference; raises NotFound."""
    found = session.scalar(select(Entity).where(Entity.ref == ref))
    if found is None:
        raise NotFound(f"Nothing is called {ref}.", fix="Search the catalog for the name.")
    return found


def list_labels(session: Session, refs: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    """Return kind, namespace, name, title and type of those refs that exist, by ref."""
    wanted = sorted(set(refs))
    rows = session.execute(
        select(
            Entity.ref, Entity.kind, Entity.namespace, Entity.name, Entity.title, Entity.type
        ).where(Entity.ref.in_(wanted))
    )
    return {row.ref: row for row in rows}


def count_problems(session: Session, refs: Iterable[str]) -> dict[str, int]:
    """Return how many problems each of the refs has."""
    rows = session.execute(
        select(CatalogProblem.ref, func.count())
        .where(CatalogProblem.ref.in_(list(refs)))
        .group_by(CatalogProblem.ref)
    )
    return {str(row[0]): row[1] for row in rows}


def list_choices(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds there are and the names of groups (at most 500), for filters."""
    key = ("choices", str(session.get_bind().engine.url), get_revision(session))
    if key not in _choices:
        kinds = session.scalars(select(Entity.kind).distinct().order_by(Entity.kind))
        groups = session.scalars(
            select(Entity.name)
            .where(Entity.kind == "group")
            .order_by(Entity.sort_name)
            .limit(MOST_GROUPS)
        )
        _choices[key] = (tuple(kinds), tuple(groups))
    return _choices[key]
