"""One page of entities by query: where it begins, what it holds, what stands before and behind."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.backstage.core.queries import parse_query, write_query
from portal.catalog.core.predicates import All, Holds, Predicate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.catalog.core.columns import Ints, Mask
    from portal.catalog.core.value_columns import ValueColumn

DEFAULT_LIMIT = 200
EVERYTHING = 2**31
UID = "metadata.uid"
Place = tuple[str | None, str]
"""The value something is sorted by, if anything is, and its uid."""


@dataclass(frozen=True, slots=True)
class Order:
    """A path to sort by; without one by uid."""

    path: str = ""
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for and, once a page was given, where to go on."""

    asked: Predicate | None = None
    order: Order = Order()
    term: str = ""
    term_paths: tuple[str, ...] = ()
    is_counted: bool = True
    at: Place | None = None
    first: Place | None = None
    is_backwards: bool = False
    total: int | None = None

    @property
    def predicate(self) -> Predicate | None:
        """Return everything that has to hold, the text searched for included."""
        term = self.term.strip()
        if not term:
            return self.asked
        held = Holds(self.term_paths or (self.order.path or UID,), term)
        return held if self.asked is None else All((self.asked, held))


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, their places, and whether more stands behind it."""

    rows: Ints
    values: Sequence[str | None]
    has_more: bool


def write_cursor(query: Query) -> dict[str, Any]:
    """Return a query as its cursor holds it, under Backstage's names."""
    order = query.order
    written: dict[str, Any] = {
        "orderFields": [{"field": order.path, "order": "desc" if order.is_descending else "asc"}]
        if order.path
        else [],
        "orderFieldValues": query.at,
        "firstSortFieldValues": query.first,
        "isPrevious": query.is_backwards,
        "totalItems": query.total,
    }
    if query.asked is not None:
        # Backstage's client sends a cursor that holds this by POST, so it may be long.
        written["query"] = write_query(query.asked)
    if query.term:
        written["fullTextFilter"] = {"term": query.term, "fields": query.term_paths}
    return written


def read_cursor(held: Mapping[str, Any]) -> Query:
    """Return the query a cursor of ours holds."""
    orders, text = held["orderFields"], held.get("fullTextFilter") or {}
    return Query(
        parse_query(held["query"]) if "query" in held else None,
        Order(orders[0]["field"], orders[0]["order"] == "desc") if orders else Order(),
        text.get("term", ""),
        tuple(text.get("fields", ())),
        is_counted=False,
        at=tuple(held["orderFieldValues"]),
        first=tuple(held["firstSortFieldValues"]),
        is_backwards=held["isPrevious"],
        total=held["totalItems"],
    )


def cut_page(
    query: Query,
    mask: Mask,
    column: ValueColumn | None,
    uids: Sequence[str],
    *,
    limit: int,
    offset: int,
) -> Page:
    """Return the page of a query among the rows of a mask; `column` is what they are sorted by."""
    places = np.flatnonzero(mask if column is None else mask[column.comparable])
    start, end = 0, len(places)
    if query.at is not None:
        is_behind = query.is_backwards == query.order.is_descending
        place = _find_place(query.at, column, uids, behind=is_behind)
        edge = int(np.searchsorted(places, place))
        edge = len(places) - edge if query.order.is_descending else edge
        start, end = (0, edge) if query.is_backwards else (edge, end)
    ordered = places[::-1] if query.order.is_descending else places
    start = max(start, end - limit) if query.is_backwards else start + offset
    chosen = ordered[start : min(end, start + limit)]
    has_more = limit > 0 and (query.is_backwards or start + limit < end)
    if column is None:
        return Page(chosen, [None] * len(chosen), has_more)
    values = [column.values[column.find_number(place)] for place in chosen.tolist()]
    return Page(column.comparable[chosen], values, has_more)


def _find_place(at: Place, column: ValueColumn | None, uids: Sequence[str], *, behind: bool) -> int:
    value, uid = at
    row = bisect_left(uids, uid)
    behind = behind and row < len(uids) and uids[row] == uid
    if column is None or value is None:
        return row + behind
    return column.find_place(value, row, behind=behind)


def find_neighbours(
    query: Query, page: Page, uids: Sequence[str]
) -> tuple[Query | None, Query | None]:
    """Return the queries of the page behind and the page before, where there are any."""
    if not len(page.rows):
        return None, None
    first: Place = (page.values[0], uids[page.rows[0]])
    last: Place = (page.values[-1], uids[page.rows[-1]])
    known = replace(query, first=query.first or first, is_backwards=False)
    behind = replace(known, at=last) if page.has_more else None
    is_first = query.first is None or query.first == first
    return behind, None if is_first else replace(known, at=first, is_backwards=True)


def count(mask: Mask, column: ValueColumn | None) -> int:
    """Return how many entities a query finds; sorted, only those that have something to sort by."""
    if column is None:
        return int(np.count_nonzero(mask))
    return len(np.unique(column.comparable[mask[column.comparable]]))


def sort_rows(mask: Mask, orders: Sequence[tuple[ValueColumn, bool]]) -> Ints:
    """Return the rows of a mask by several columns, each descending or not; no value comes last."""
    rows = np.flatnonzero(mask)
    keys = [rows]
    for column, is_descending in reversed(orders):
        ranks = np.full(len(mask), len(column.values), np.int64)
        # Of several values the first one counts; written backwards, it is the one that stays.
        numbers = np.repeat(np.arange(len(column.values)), np.diff(column.starts))
        ranks[column.comparable[::-1]] = (-numbers if is_descending else numbers)[::-1]
        keys.append(ranks[rows])
    order: Ints = rows[np.lexsort(keys)]
    return order
