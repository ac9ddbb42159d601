"""Orders of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portal.catalog.core.columns import ABSENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from portal.catalog.core.columns import Columns, Ints, Mask


def sort_rows(columns: Columns, mask: Mask, sort: str) -> Ints:
    """Return the selected rows in the order of `sort`; `-` in front turns it around.

    Equal ones stand by name, and what has no value stands last either way.
    """
    rows = columns.name_order.take(np.flatnonzero(mask.take(columns.name_order)))
    name = sort.removeprefix("-")
    is_descending = sort.startswith("-")
    if name == "name":
        return rows[::-1] if is_descending else rows
    keys = _sort_keys(columns, name)[rows]
    last = np.iinfo(keys.dtype).max if keys.dtype.kind == "i" else np.inf
    turned = np.where(keys == ABSENT, last, -keys if is_descending else keys)
    ordered: Ints = rows[np.argsort(turned, kind="stable")]
    return ordered


def _sort_keys(columns: Columns, name: str) -> NDArray[Any]:
    if name == "updated":
        return columns.updated
    if name == "problems":
        return columns.problems
    if name in columns.marks:
        return columns.marks[name].ranks
    if name in columns.fields:
        return columns.fields[name].ranks
    codes, texts = columns.codes[name], columns.texts[name].texts
    ranks = np.empty(len(texts) + 1, np.int32)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    ranks[-1] = ABSENT
    return ranks[codes]
