"""Loads the columns of own fields, then reads only what changed, as other columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from portal.catalog.core.columns import ABSENT, Codes, Columns
from portal.catalog.core.own_columns import build_field_column, move_field_column, redeclare
from portal.catalog.models import Entity, OwnFieldValue
from portal.catalog.queries.declared import renew_fields
from portal.infra.db import read_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import FieldColumn, Ints
    from portal.catalog.core.own_columns import Found
    from portal.catalog.core.own_fields import OwnField

VALUES = select(
    OwnFieldValue.key,
    OwnFieldValue.entity_id,
    OwnFieldValue.value,
    func.coalesce(OwnFieldValue.original, OwnFieldValue.value).label("written"),
)
IN_ORDER = (OwnFieldValue.entity_id, OwnFieldValue.key, OwnFieldValue.number)


def read_field_columns(
    session: Session, columns: Columns, held: Columns | None, *, revision: int, changed: Ints
) -> Mapping[str, FieldColumn]:
    """Return the columns of all own fields for the rows of `columns`.

    `changed` are the ids whose rows differ from those of `held`.
    """
    declared = renew_fields(session, revision)
    kept = {} if held is None else _list_kept(declared, held)
    whole = [each for each in declared if each.name not in kept]
    found: dict[str, FieldColumn] = {}
    if kept and held is not None:
        found |= _move(session, columns, held, kept, changed)
    if whole:
        keys = [each.key for each in whole]
        # All of them are read from one end of the table to the other, which an index only slows.
        query = VALUES.where(OwnFieldValue.key.in_(keys)) if kept else VALUES
        values = _read(session, columns, query, keys)
        for each in whole:
            found[each.name] = build_field_column(each, Codes(), len(columns), values[each.key])
    return {each.name: found[each.name] for each in declared}


def _list_kept(
    declared: Sequence[OwnField], held: Columns
) -> dict[str, tuple[OwnField, FieldColumn]]:
    """Return those fields of which the same is read as before, with what is held of them."""
    return {
        each.name: (each, column)
        for each in declared
        if (column := held.fields.get(each.name)) is not None
        and column.declared.reading == each.reading
    }


def _move(
    session: Session,
    columns: Columns,
    held: Columns,
    kept: Mapping[str, tuple[OwnField, FieldColumn]],
    changed: Ints,
) -> dict[str, FieldColumn]:
    if columns.ids is held.ids:
        return {name: redeclare(column, each) for name, (each, column) in kept.items()}
    keys = [each.key for each, _ in kept.values()]
    query = VALUES.join(Entity, Entity.id == OwnFieldValue.entity_id).where(
        Entity.revision > held.revision, OwnFieldValue.key.in_(keys)
    )
    values = _read(session, columns, query, keys)
    places = columns.find_rows(held.ids)
    rows = columns.find_rows(changed)
    return {
        name: move_field_column(
            column,
            each,
            places,
            size=len(columns),
            changed=rows[rows != ABSENT],
            found=values[each.key],
        )
        for name, (each, column) in kept.items()
    }


def _read(
    session: Session, columns: Columns, query: Select[*tuple[Any, ...]], keys: Collection[str]
) -> dict[str, list[Found]]:
    found: dict[str, list[Found]] = {key: [] for key in keys}
    rows = read_rows(session, query.order_by(*IN_ORDER), {})
    places = columns.find_rows(np.array([row.entity_id for row in rows], np.int64)).tolist()
    for place, row in zip(places, rows, strict=True):
        if place != ABSENT and row.key in found:
            found[row.key].append((place, row.value, row.written))
    return found
