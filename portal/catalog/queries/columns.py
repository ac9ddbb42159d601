"""Loads columns once per process, then reads only what changed since the revision it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from portal.catalog.core.columns import (
    ABSENT,
    ColumnRow,
    Columns,
    MarkColumn,
    build_columns,
    make_texts,
    merge_columns,
)
from portal.catalog.models import (
    CatalogProblem,
    CatalogState,
    Entity,
    EntityMark,
    EntityTombstone,
)
from portal.infra.cache import get_cache
from portal.infra.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Codes

# Tombstones are kept for longer than this, so a process that slept starts over instead.
LOAD_AGAIN_AFTER = timedelta(hours=12)
REVISION = "catalog.revision"
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
)


def get_revision(session: Session) -> int:
    """Return the catalog's revision as of this unit; it grows with every change."""
    held = session.info.get(REVISION)
    if not isinstance(held, int):
        held = session.info[REVISION] = session.scalar(select(CatalogState.revision)) or 0
    return held


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
    if held is None or now - held.loaded_at > LOAD_AGAIN_AFTER:
        rows = list(_read_rows(session, Entity.id >= 0))
        columns = build_columns(rows, make_texts(), revision=revision, now=now)
        since = -1
    else:
        since = held.revision
        columns = _read_changes(session, held, revision)
    columns = replace(columns, name_order=_read_order(session, columns))
    return replace(
        columns,
        problems=_read_problems(session, columns),
        marks=_read_marks(session, columns),
        loaded_at=columns.loaded_at if since < 0 else held.loaded_at if held else now,
    )


def _read_changes(session: Session, held: Columns, revision: int) -> Columns:
    fresh = build_columns(
        _read_rows(session, Entity.revision > held.revision),
        held.texts,
        revision=revision,
        now=held.loaded_at,
    )
    gone = session.scalars(
        select(EntityTombstone.entity_id).where(EntityTombstone.revision > held.revision)
    ).all()
    if not len(fresh) and not gone:
        return replace(held, revision=revision)
    return merge_columns(held, fresh, gone)


def _read_rows(session: Session, condition: ColumnElement[bool]) -> Iterator[ColumnRow]:
    query = select(*READ).where(condition).order_by(Entity.id).execution_options(yield_per=5000)
    for row in session.execute(query):
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
        )


def _read_order(session: Session, columns: Columns) -> Any:
    # The database sorts, so that lists in memory and lists in SQL agree on what comes first.
    ids = session.scalars(select(Entity.id).order_by(Entity.sort_name, Entity.id)).all()
    rows = columns.find_rows(ids)
    return rows[rows != ABSENT]


def _read_problems(session: Session, columns: Columns) -> Any:
    found = session.execute(
        select(Entity.id, func.count())
        .join(CatalogProblem, CatalogProblem.ref == Entity.ref)
        .group_by(Entity.id)
    ).all()
    counts = np.zeros(len(columns), np.int64)
    rows = columns.find_rows([row[0] for row in found])
    inside = rows != ABSENT
    counts[rows[inside]] = np.array([row[1] for row in found], dtype=np.int64)[inside]
    return counts


def _read_marks(session: Session, columns: Columns) -> Mapping[str, MarkColumn]:
    query = select(
        Entity.id, EntityMark.name, EntityMark.value, EntityMark.rank, EntityMark.expires_at
    ).join(Entity, Entity.ref == EntityMark.ref)
    found: dict[str, list[Any]] = {}
    for row in session.execute(query):
        found.setdefault(row.name, []).append(row)
    return {name: _place_mark(name, rows, columns) for name, rows in found.items()}


def _place_mark(name: str, rows: list[Any], columns: Columns) -> MarkColumn:
    texts: dict[str, Codes] = columns.texts  # type: ignore[assignment]  # grows by marks as they appear
    codes = texts.setdefault(f"mark:{name}", type(texts["tag"])())
    column = MarkColumn(
        np.full(len(columns), ABSENT, np.int64),
        np.full(len(columns), ABSENT, np.int64),
        np.zeros(len(columns), np.float64),
    )
    places = columns.find_rows([row.id for row in rows])
    for place, row in zip(places.tolist(), rows, strict=True):
        if place != ABSENT:
            column.values[place] = codes.encode(row.value)
            column.ranks[place] = row.rank
            column.expires[place] = row.expires_at.timestamp() if row.expires_at else 0.0
    return column
