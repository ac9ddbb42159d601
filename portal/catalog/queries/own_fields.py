"""Own fields: which there are, what entities have in them, who lacks one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, func, select

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.facets import select_applying, select_bare, select_required
from portal.catalog.core.own_fields import RULE
from portal.catalog.core.own_values import read_value, type_values
from portal.catalog.models import CatalogProblem, Entity, OwnFieldReading, OwnFieldRow
from portal.catalog.models import OwnFieldValue as Value
from portal.catalog.queries.columns import get_columns, get_revision
from portal.catalog.queries.declared import renew_fields
from portal.errors import NotFound
from portal.infra.db import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import FieldColumn
    from portal.catalog.core.own_fields import OwnField

# Built once: putting a statement together takes longer than this takes to run.
VALUES = (
    select(Value.entity_id, Value.key, func.coalesce(Value.original, Value.value).label("written"))
    .where(Value.entity_id.in_(bindparam("ids", expanding=True)))
    .order_by(Value.entity_id, Value.key, Value.number)
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all entities are read again since a declaration changed."""

    done: int
    total: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """How many entities it is read from, and have, must have but lack, or got wrong a value."""

    applies: int
    filled: int
    lacking: int
    wrong: int


def get_fields(session: Session) -> tuple[OwnField, ...]:
    """Return the own fields in order; no query of their own while the catalog stays as it is."""
    return renew_fields(session, get_revision(session))


def get_field_row(session: Session, key: str) -> OwnFieldRow:
    """Return what is declared of a field; raises NotFound."""
    found = session.scalar(select(OwnFieldRow).where(OwnFieldRow.key == key))
    if found is None:
        raise NotFound(f"There is no own field {key}.", fix="Somebody may have deleted it.")
    return found


def find_progress(session: Session) -> Progress | None:
    """Return how far entities are read again, None when that is done."""
    row = session.scalar(select(OwnFieldReading).where(OwnFieldReading.finished_at.is_(None)))
    return None if row is None else Progress(row.done, row.total, row.started_at)


def list_field_values(
    session: Session, rows: Sequence[Row[*tuple[Any, ...]]]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the values that entities of a list have, as written, by reference and key."""
    if not get_fields(session):
        return {}
    refs = {row.id: row.ref for row in rows}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in read_rows(session, VALUES, {"ids": list(refs)}):
        of_entity = found.setdefault(refs[row.entity_id], {})
        of_entity[row.key] = (*of_entity.get(row.key, ()), row.written)
    return found


def type_fields(
    fields: Sequence[OwnField],
    kind: str,
    entity_class: str | None,
    values: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return every field that is read from an entity, typed; None where it has no value."""
    return {
        each.key: type_values(each, values.get(each.key, ()))
        for each in fields
        if each.applies(kind, entity_class)
    }


def draw_fields(
    session: Session, kind: str, entity_class: str | None, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Return every field that is read from one entity, typed; None where it has no value."""
    fields = get_fields(session)
    values = {each.key: read_value(each, document).values for each in fields}
    return type_fields(fields, kind, entity_class, values)


def read_fields(session: Session, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the own fields of entities by key, typed; None where one has no value.

    This is what rules see as `catalog.fields`.
    """
    fields = get_fields(session)
    query = select(Entity.id, Entity.ref, Entity.kind, Entity.entity_class)
    rows = session.execute(query.where(Entity.ref.in_(set(refs)))).all()
    values = list_field_values(session, rows)
    return {
        row.ref: type_fields(fields, row.kind, row.entity_class, values.get(row.ref, {}))
        for row in rows
    }


def count_usage(session: Session) -> dict[str, Usage]:
    """Return how own fields are used among what lasts, by key."""
    columns = get_columns(session)
    lasting = np.ones(len(columns), np.bool_) if columns.lasting is None else columns.lasting
    wrong = _count_wrong(session)

    def count(column: FieldColumn) -> Usage:
        declared = column.declared
        lacking = select_bare(columns, column) & select_required(columns, declared)
        return Usage(
            int(np.count_nonzero(lasting & select_applying(columns, declared))),
            int(np.count_nonzero(lasting & (column.first != ABSENT))),
            int(np.count_nonzero(lasting & lacking)),
            wrong.get(declared.place, 0),
        )

    return {column.declared.key: count(column) for column in columns.fields.values()}


def _count_wrong(session: Session) -> dict[str, int]:
    query = (
        select(CatalogProblem.path, func.count(func.distinct(CatalogProblem.ref)))
        .where(CatalogProblem.rule == RULE)
        .group_by(CatalogProblem.path)
    )
    return {row[0]: row[1] for row in session.execute(query)}
