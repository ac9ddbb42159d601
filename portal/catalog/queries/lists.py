"""Lists of entities: chosen, counted and ordered in memory, fetched by id, keyset-paged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.facets import SORTS, Counter, select_running, sort_rows
from portal.catalog.core.filters import EntityFilter, Page
from portal.catalog.queries.columns import get_columns
from portal.catalog.queries.entities import list_by_ids
from portal.catalog.queries.search import search_rows
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns, Ints, Mask


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filter chooses: a counter for its facets, its rows in order, whether that is all."""

    columns: Columns
    counter: Counter
    rows: Ints
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
    if not wanted.q:
        counter = Counter(columns, wanted.chosen, base, now)
        rows = sort_rows(columns, counter.select(), sort or "name")
        return Selection(columns, counter, rows, is_exact=True)
    hits = search_rows(session, columns, wanted.q)
    found = np.zeros(len(columns), np.bool_)
    ranked = hits.rows
    found[ranked] = True
    counter = Counter(columns, wanted.chosen, base, now, found)
    mask = counter.select()
    rows = sort_rows(columns, mask, sort) if sort else ranked[mask[ranked]]
    return Selection(columns, counter, rows, hits.is_complete)


def _check_sort(columns: Columns, sort: str | None) -> None:
    known = (*SORTS, *columns.marks)
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
    """Return one page; `after` is the `next_key` of the page before: an id and its place."""
    start = 0 if after is None else _find_start(selection, after)
    ids = selection.ids[start : start + limit]
    end = start + len(ids)
    next_key = (int(ids[-1]), end - 1) if end < len(selection.rows) else None
    items = tuple(list_by_ids(session, ids.tolist()))
    return Page(items, len(selection.rows), next_key, selection.is_exact)


def _find_start(selection: Selection, after: tuple[Any, ...]) -> int:
    """Return where the next page begins: behind the last one seen, or where that stood."""
    entity_id, place = int(after[0]), int(after[-1])
    row = int(selection.columns.find_rows([entity_id])[0])
    found = np.flatnonzero(selection.rows == row).tolist() if row != ABSENT else []
    return found[0] + 1 if found else min(place, len(selection.rows))
