"""Loads columns once per process, then reads only what changed since the revision it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.orm import aliased

from portal.catalog.core.columns import (
    ABSENT,
    ColumnRow,
    Columns,
    MarkColumn,
    build_columns,
    make_texts,
    merge_columns,
    merge_order,
)
from portal.catalog.models import (
    CatalogProblem,
    CatalogState,
    Entity,
    EntityMark,
    EntityTombstone,
)
from portal.catalog.queries.own_columns import read_field_columns
from portal.infra.cache import get_cache
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Codes, Ints

# Tombstones are kept for longer than this, so a process that slept starts over instead.
LOAD_AGAIN_AFTER = timedelta(hours=12)
REVISION = "catalog.revision"
# More changes than this are read as a whole: it costs no more then.
MOST_MERGED = 2000
READ = (
    Entity.id,
    Entity.name,
    Entity.title,
    Entity.updated_at,
    Entity.tags,
    Entity.kind,
    Entity.namespace,
    Entity.owner,
    Entity.lifecycle,
    Entity.type,
    Entity.entity_class,
    Entity.tier,
    Entity.system,
    Entity.domain,
    Entity.source,
    Entity.is_ephemeral,
)
NEXT = aliased(Entity)
# Every changed entity and the one behind it in the order of names, from the last to the first.
FOLLOWED = (
    select(
        Entity.id,
        select(NEXT.id)
        .where(tuple_(NEXT.sort_name, NEXT.id) > tuple_(Entity.sort_name, Entity.id))
        .order_by(NEXT.sort_name, NEXT.id)
        .limit(1)
        .scalar_subquery()
        .label("behind"),
    )
    .where(Entity.revision > bindparam("since"))
    # Ordered by expressions, or SQLite goes through the index of names instead of revisions.
    .order_by((Entity.sort_name + "").desc(), Entity.id.desc())
    .limit(MOST_MERGED + 1)
)


def get_revision(session: Session) -> int:
    """Return the catalog's revision as of this unit; it grows with every change."""
    held = session.info.get(REVISION)
    if not isinstance(held, int):
        held = session.info[REVISION] = session.scalar(select(CatalogState.revision)) or 0
    return held


def find_last_tombstone(session: Session) -> int | None:
    """Return the revision at which something was removed last, None when nothing is held of it."""
    return session.scalar(select(func.max(EntityTombstone.revision)))


def find_domain(session: Session, entity: Entity) -> str | None:
    """Return the domain an entity stands in: its own, or its system's."""
    columns = get_columns(session)
    row = int(columns.find_rows([entity.id])[0])
    number = ABSENT if row == ABSENT else int(columns.codes["domain"][row])
    return None if number == ABSENT else columns.texts["domain"].texts[number]


def get_columns(session: Session) -> Columns:
    """Return the columns as of the catalog's revision; one query when nothing changed."""
    revision = get_revision(session)
    return get_cache(session).renew(
        "catalog.columns", Columns, lambda held: _refresh(session, held, revision)
    )


def _refresh(session: Session, held: Columns | None, revision: int) -> Columns:
    now = utc_now()
    # A unit that began before another process's change finds newer columns here, which serve it.
    if held is not None and held.revision >= revision:
        return held
    if held is not None and now - held.loaded_at > LOAD_AGAIN_AFTER:
        held = None
    if held is None:
        rows = _read_rows(session, select(*READ).order_by(Entity.id))
        columns = build_columns(rows, make_texts(), revision=revision, now=now)
        changed = columns.ids
    else:
        columns, changed = _read_changes(session, held, revision)
    return replace(
        columns,
        name_order=_read_order(session, columns, held),
        problems=_read_problems(session, columns),
        marks=_read_marks(session, columns, held),
        fields=read_field_columns(session, columns, held, revision=revision, changed=changed),
    )


def _read_changes(session: Session, held: Columns, revision: int) -> tuple[Columns, Ints]:
    """Return newer columns, and the ids of what changed."""
    changed = _read_rows(session, select(*READ).where(Entity.revision > held.revision))
    fresh = build_columns(
        # Sorted here: asked for their order, SQLite reads all rows by id to find the changed.
        sorted(changed, key=attrgetter("id")),
        held.texts,
        revision=revision,
        now=held.loaded_at,
    )
    gone = session.scalars(
        select(EntityTombstone.entity_id).where(EntityTombstone.revision > held.revision)
    ).all()
    if not len(fresh) and not gone:
        return replace(held, revision=revision), fresh.ids
    return merge_columns(held, fresh, gone), fresh.ids


def _read_rows(session: Session, query: Select[Any]) -> Iterator[ColumnRow]:
    for row in session.execute(query.execution_options(yield_per=5000)):
        yield ColumnRow(
            row.id,
            row.name,
            row.title,
            row.updated_at.timestamp(),
            row.tags,
            {
                "kind": row.kind,
                "namespace": row.namespace,
                "owner": row.owner,
                "lifecycle": row.lifecycle.lower() if row.lifecycle else None,
                "type": row.type.lower() if row.type else None,
                "class": row.entity_class,
                "tier": None if row.tier is None else str(row.tier),
                "system": row.system,
                "own_domain": row.domain,
                "source": row.source,
            },
            row.is_ephemeral,
        )


def _read_order(session: Session, columns: Columns, held: Columns | None) -> Ints:
    # The database sorts, so that lists in memory and lists in SQL agree on what comes first.
    if held is not None:
        if columns.ids is held.ids:
            return held.name_order
        followed = session.execute(FOLLOWED, {"since": held.revision}).all()
        if len(followed) <= MOST_MERGED:
            merged = merge_order(held, columns, [(row.id, row.behind) for row in followed])
            if merged is not None:
                return merged
    ids = session.scalars(select(Entity.id).order_by(Entity.sort_name, Entity.id)).all()
    rows = columns.find_rows(ids)
    order: Ints = rows[rows != ABSENT]
    return order


def _read_problems(session: Session, columns: Columns) -> Ints:
    counted = select(CatalogProblem.ref, func.count().label("count")).group_by(CatalogProblem.ref)
    problems = counted.subquery()
    found = session.execute(
        select(Entity.id, problems.c.count).join(problems, problems.c.ref == Entity.ref)
    ).all()
    counts = np.zeros(len(columns), np.int64)
    rows = columns.find_rows([row[0] for row in found])
    inside = rows != ABSENT
    counts[rows[inside]] = np.array([row[1] for row in found], dtype=np.int64)[inside]
    return counts


def _read_marks(
    session: Session, columns: Columns, held: Columns | None
) -> Mapping[str, MarkColumn]:
    names = get_contributions(session).mark_names
    if not names:
        return {}
    counted = (
        select(EntityMark.name, func.count(), func.max(EntityMark.revision))
        .where(EntityMark.name.in_(names))
        .group_by(EntityMark.name)
    )
    versions = dict.fromkeys(names, (0, 0))
    versions |= {row[0]: (row[1], row[2]) for row in session.execute(counted)}
    kept: dict[str, MarkColumn] = {}
    if held is not None and columns.ids is held.ids:
        kept = {n: mark for n, mark in held.marks.items() if versions.get(n) == mark.version}
    found: dict[str, list[Any]] = {name: [] for name in versions if name not in kept}
    query = (
        select(EntityMark.name, Entity.id, EntityMark.value, EntityMark.rank, EntityMark.expires_at)
        .join(Entity, Entity.ref == EntityMark.ref)
        .where(EntityMark.name.in_(found))
    )
    for row in session.execute(query) if found else ():
        found[row.name].append(row)
    fresh = {n: _place_mark(n, rows, columns, versions[n]) for n, rows in found.items()}
    return {**kept, **fresh}


def _place_mark(
    name: str, rows: list[Any], columns: Columns, version: tuple[int, int]
) -> MarkColumn:
    texts: dict[str, Codes] = columns.texts  # type: ignore[assignment]  # grows by marks as they appear
    codes = texts.setdefault(f"mark:{name}", type(texts["tag"])())
    column = MarkColumn(
        np.full(len(columns), ABSENT, np.int64),
        np.full(len(columns), ABSENT, np.int64),
        np.zeros(len(columns), np.float64),
        version,
    )
    places = columns.find_rows([row.id for row in rows])
    for place, row in zip(places.tolist(), rows, strict=True):
        if place != ABSENT:
            column.values[place] = codes.encode(row.value)
            column.ranks[place] = row.rank
            column.expires[place] = row.expires_at.timestamp() if row.expires_at else 0.0
    return column
