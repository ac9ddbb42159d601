"""Where the next page of a list begins: behind what its last row was, whatever became of it."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from portal.catalog.core.columns import ABSENT, Columns, Ints

Value = str | float | None


def read_value(columns: Columns, row: int, sort: str) -> Value:
    """Return what a row is sorted by before its name; None for what stands last, or by name."""
    name = sort.removeprefix("-")
    if name == "name":
        return None
    if name == "updated":
        return float(columns.updated[row])
    if name == "problems":
        return int(columns.problems[row])
    if name in columns.marks:
        rank = int(columns.marks[name].ranks[row])
        return None if rank == ABSENT else rank
    return _read_text(columns, row, name)


def _read_text(columns: Columns, row: int, name: str) -> Value:
    if name in columns.fields:
        return columns.fields[name].read_sort_value(row)
    code = int(columns.codes[name][row])
    return None if code == ABSENT else columns.texts[name].texts[code]


def find_place(
    columns: Columns, rows: Ints, sort: str, *, last: Value, next_by_name: int | None
) -> int:
    """Return the place of the first of `rows`, which stand in the order of `sort`, behind `last`.

    Among equals those follow that do not come before the row `next_by_name` in the order of
    names; with None none does.
    """
    places = np.empty(len(columns), np.int64)
    places[columns.name_order] = np.arange(len(columns.name_order))
    sign = -1 if sort == "-name" else 1
    edge = None if next_by_name is None else sign * int(places[next_by_name])

    def follows(place: int) -> bool:
        row = int(rows[place])
        value = read_value(columns, row, sort)
        if value == last:
            return edge is not None and sign * int(places[row]) >= edge
        return _comes_after(value, last, is_descending=sort.startswith("-"))

    return bisect_left(range(len(rows)), x=True, key=follows)


def _comes_after(value: Value, last: Value, *, is_descending: bool) -> bool:
    """Whether a value stands behind another one; what has none stands last either way."""
    if value is None or last is None:
        return value is None
    if isinstance(value, str) or isinstance(last, str):
        return str(value) < str(last) if is_descending else str(value) > str(last)
    return value < last if is_descending else value > last
