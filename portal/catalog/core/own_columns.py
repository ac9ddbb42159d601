"""Values of own fields over all entities: columns beside those every list has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, FieldColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.catalog.core.columns import Codes, Columns, Ints
    from portal.catalog.core.facets import FacetCount
    from portal.catalog.core.own_fields import OwnField

Found = tuple[int, str, str]
"""Row, value as it is compared, value as it was written."""


def build_field_column(
    declared: OwnField, texts: Codes, size: int, found: Iterable[Found]
) -> FieldColumn:
    """Return the column of a field over `size` rows, read as a whole."""
    nothing = np.empty(0, np.int64)
    empty = FieldColumn(declared, texts, [], np.full(size, ABSENT, np.int64), nothing, nothing)
    return _fill(empty, found)


def move_field_column(
    held: FieldColumn,
    declared: OwnField,
    places: Ints,
    *,
    size: int,
    changed: Ints,
    found: Iterable[Found],
) -> FieldColumn:
    """Return a column brought to newer rows; `places` are the new rows of the old ones.

    The rows `changed` have the values `found`, and none of those before.
    """
    places = places.copy()
    leave = np.zeros(size + 1, np.bool_)  # the last is for rows that are gone
    leave[changed] = True
    places[leave[places]] = ABSENT
    stays = places != ABSENT
    first = np.full(size, ABSENT, np.int64)
    first[places[stays]] = held.first[stays]
    rows = places[held.rows]
    kept = rows != ABSENT
    moved = FieldColumn(declared, held.texts, held.written, first, rows[kept], held.codes[kept])
    return _fill(moved, found)


def redeclare(held: FieldColumn, declared: OwnField) -> FieldColumn:
    """Return a column as it is, of a field whose words changed but not what is read."""
    return held if held.declared == declared else replace(held, declared=declared)


def _fill(column: FieldColumn, found: Iterable[Found]) -> FieldColumn:
    pairs = [(row, _encode(column, value, written)) for row, value, written in found]
    if not pairs:
        return column
    fresh = np.array(pairs, np.int64)
    first = column.first.copy()
    # Backwards, so that the first of several values stays.
    first[fresh[::-1, 0]] = fresh[::-1, 1]
    return replace(
        column,
        first=first,
        rows=np.concatenate((column.rows, fresh[:, 0])),
        codes=np.concatenate((column.codes, fresh[:, 1])),
    )


def _encode(column: FieldColumn, value: str, written: str) -> int:
    code = column.texts.encode(value)
    if code == len(column.written):
        column.written.append(written)
    return code


def spell_count(columns: Columns, facet: str, count: FacetCount) -> FacetCount:
    """Return a facet's count with the values of an own field as they are written."""
    column = columns.fields.get(facet)
    if column is None:
        return count
    values = (replace(each, value=column.spell(each.value)) for each in count.values)
    return replace(count, values=tuple(values))
