"""Lists of entities: chosen, counted and ordered in memory, fetched by id, keyset-paged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select, tuple_

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.facets import (
    SORTS,
    Counter,
    join_masks,
    select_lifetime,
    select_personal,
    select_running,
)
from portal.catalog.core.filters import EntityFilter, Page
from portal.catalog.core.places import find_place, read_value
from portal.catalog.core.sorting import sort_rows
from portal.catalog.models import Entity
from portal.catalog.queries.columns import get_columns
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.search import search_rows
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns, Ints, Mask

NEXT_ROWS = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filter chooses: a counter for its facets, its rows in order, whether that is all.

    Without `sort` the rows stand by how well a question is met.
    """

    columns: Columns
    counter: Counter
    rows: Ints
    sort: str | None
    is_exact: bool

    @property
    def ids(self) -> Ints:
        """Return the ids of the chosen entities in order."""
        return self.columns.ids[self.rows]


def select_entities(
    session: Session, wanted: EntityFilter, *, sort: str | None, now: datetime
) -> Selection:
    """Choose and order entities; without `sort` by name, or by how well a question is met."""
    columns = get_columns(session)
    _check_sort(columns, sort)
    base: Mask | None = select_running(columns) if wanted.only_running else None
    found = join_masks(
        select_personal(columns, wanted.owners, wanted.ids),
        select_lifetime(columns, ephemeral=wanted.ephemeral),
    )
    if not wanted.q:
        counter = Counter(columns, wanted.chosen, base, now, found)
        sort = sort or "name"
        rows = sort_rows(columns, counter.select(), sort)
        return Selection(columns, counter, rows, sort, is_exact=True)
    hits = search_rows(session, columns, wanted.q)
    ranked = hits.rows
    hit = np.zeros(len(columns), np.bool_)
    hit[ranked] = True
    counter = Counter(columns, wanted.chosen, base, now, hit if found is None else hit & found)
    mask = counter.select()
    rows = sort_rows(columns, mask, sort) if sort else ranked[mask[ranked]]
    return Selection(columns, counter, rows, sort, hits.is_complete)


def _check_sort(columns: Columns, sort: str | None) -> None:
    known = (*SORTS, *columns.marks, *columns.fields)
    if sort is not None and sort.removeprefix("-") not in known:
        raise InvalidInput(
            "The query is not valid.",
            (
                Problem(
                    "sort",
                    "known",
                    f"There is no order `{sort}`.",
                    f"Use one of: {', '.join(known)}; `-` in front turns it around.",
                ),
            ),
        )


def cut_page(
    session: Session, selection: Selection, *, after: tuple[Any, ...] | None, limit: int
) -> Page:
    """Return one page; `after` is the `next_key` of the page before: what its last row was."""
    start = 0 if after is None else _find_start(session, selection, after)
    ids = selection.ids[start : start + limit]
    items = tuple(list_by_ids(session, ids.tolist()))
    next_key = None
    if items and start + len(ids) < len(selection.rows):
        next_key = _make_key(selection, items[-1], start + len(ids) - 1)
    return Page(items, len(selection.rows), next_key, selection.is_exact)


def _make_key(selection: Selection, item: Any, place: int) -> tuple[Any, ...]:
    """Return where a row stands: what it is sorted by, or its place among a question's hits."""
    if selection.sort is None:
        return (item.id, place)
    row = int(selection.columns.find_rows([item.id])[0])
    return (item.id, item.sort_name, read_value(selection.columns, row, selection.sort))


def _find_start(session: Session, selection: Selection, after: tuple[Any, ...]) -> int:
    """Return where the next page begins: behind where the last row seen stood then."""
    columns, sort = selection.columns, selection.sort
    if sort is not None:
        entity_id, name, value = after
        follower = _find_by_name(session, columns, (name, entity_id), is_descending=sort == "-name")
        return find_place(columns, selection.rows, sort, last=value, next_by_name=follower)
    entity_id, place = after
    row = int(columns.find_rows([entity_id])[0])
    found = np.flatnonzero(selection.rows == row).tolist() if row != ABSENT else []
    return found[0] + 1 if found else min(place, len(selection.rows))


def _find_by_name(
    session: Session, columns: Columns, name: tuple[str, int], *, is_descending: bool
) -> int | None:
    """Return the row that stands next to a name and id; the database knows, it sorts names."""
    key, given = tuple_(Entity.sort_name, Entity.id), tuple_(*name)
    query = select(Entity.id).limit(NEXT_ROWS)
    if is_descending:
        query = query.where(key < given).order_by(Entity.sort_name.desc(), Entity.id.desc())
    else:
        query = query.where(key > given).order_by(Entity.sort_name, Entity.id)
    # What another process has just added is not among the columns yet.
    rows = columns.find_rows(list(session.scalars(query)))
    return next((int(row) for row in rows if row != ABSENT), None)
