"""Entities as Backstage gives them, and what a query finds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.backstage.core.fields import asks_for, cut_entity
from portal.backstage.core.pages import (
    EVERYTHING,
    Order,
    Query,
    count,
    cut_page,
    find_neighbours,
    sort_rows,
)
from portal.backstage.core.places import Place, annotate
from portal.backstage.queries.places import DERIVED, EPHEMERAL_PATH, get_places
from portal.catalog.core.predicates import list_paths
from portal.catalog.core.values import sort_lists
from portal.catalog.queries.details import list_relations_of
from portal.catalog.queries.values import REF, Values, list_documents, list_ids_by_refs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Mask
    from portal.catalog.core.predicates import Predicate
    from portal.catalog.core.relations import Relation

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A page by query, with the queries of the pages around it."""

    ids: list[int]
    total: int
    behind: Query | None
    before: Query | None


def _choose(values: Values, asked: Predicate | None) -> Mask:
    """Return which rows fit; of ephemeral ones none, unless what is asked names the annotation."""
    mask = values.choose(asked)
    found = np.ones(len(values.entities.ids), np.bool_) if mask is None else mask
    if asked is None or EPHEMERAL_PATH not in map(str.lower, list_paths(asked)):
        found[values.read(EPHEMERAL_PATH).rows] = False
    return found


def find_page(session: Session, query: Query, *, limit: int, offset: int) -> Found:
    """Return one page of what a query finds."""
    values = Values(session, DERIVED)
    mask = _choose(values, query.predicate)
    column = values.read(query.order.path.lower()) if query.order.path else None
    uids = values.entities.uids
    total = query.total
    if total is None:
        total = count(mask, column) if query.is_counted else 0
    page = cut_page(query, mask, column, uids, limit=limit, offset=offset)
    behind, before = find_neighbours(replace(query, total=total), page, uids)
    return Found(values.entities.ids[page.rows].tolist(), total, behind, before)


def list_stretch(session: Session, asked: Predicate | None, orders: Sequence[Order]) -> list[int]:
    """Return the ids of what is asked for, as it is cut into stretches; else by reference."""
    values = Values(session, DERIVED)
    mask = _choose(values, asked)
    by = [(values.read(order.path.lower()), order.is_descending) for order in orders]
    by = by or [(values.read(REF), False)]
    ids: list[int] = values.entities.ids[sort_rows(mask, by)].tolist()
    return ids


def list_whole(session: Session, asked: Predicate | None, orders: Sequence[Order]) -> list[int]:
    """Return the ids of everything asked for, as if it were one page by query.

    So only the first order counts, and what has no value for it is left out.
    """
    order = orders[0] if orders else Order()
    query = Query(asked, order, is_counted=False)
    return find_page(session, query, limit=EVERYTHING, offset=0).ids


def count_facets(
    session: Session, facets: Sequence[str], asked: Predicate | None
) -> dict[str, list[dict[str, Any]]]:
    """Return how often each value occurs at each path, among what is asked for."""
    values = Values(session, DERIVED)
    mask = _choose(values, asked)
    return {
        facet: [
            {"value": value, "count": number}
            for value, number in values.read(facet.lower()).count_written(mask)
        ]
        for facet in facets
    }


def keep_fitting(session: Session, ids: Sequence[int], asked: Predicate | None) -> set[int]:
    """Return those of `ids` that fit; ephemeral ones too, for they were asked for by name."""
    values = Values(session, DERIVED)
    mask = values.choose(asked)
    return set(ids) if mask is None else set(ids) & set(values.entities.ids[mask].tolist())


def read_entities(
    session: Session, ids: Sequence[int], fields: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return entities in the order of `ids`, cut to `fields`."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), ROWS_AT_ONCE):
        found += _read_some(session, ids[start : start + ROWS_AT_ONCE], fields)
    return found


def _read_some(session: Session, ids: Sequence[int], fields: Sequence[str]) -> list[dict[str, Any]]:
    rows = list_documents(session, ids)
    relations: dict[str, list[Relation]] = {}
    if asks_for(fields, "relations") or asks_for(fields, "metadata.etag"):
        relations = list_relations_of(session, [row.ref for row in rows])
    places = get_places(session)
    return [
        cut_entity(_compose(row, places.find(row.source), relations.get(row.ref, [])), fields)
        for row in rows
    ]


def _compose(row: Any, place: Place, relations: Sequence[Relation]) -> dict[str, Any]:
    annotated = annotate(row.document, place, row.file, is_ephemeral=row.is_ephemeral)
    entity = sort_lists(annotated)
    listed = [{"type": r.type, "targetRef": r.target} for r in relations]
    state = f"{row.digest} {row.is_ephemeral} {place} {row.file} {listed}"
    etag = hashlib.blake2b(state.encode(), digest_size=20).hexdigest()
    metadata = {**entity["metadata"], "uid": row.uid, "etag": etag}
    return {**entity, "metadata": metadata, "relations": listed}


def read_by_refs(
    session: Session, refs: Sequence[str], asked: Predicate | None, fields: Sequence[str]
) -> list[dict[str, Any] | None]:
    """Return an entity for each reference in its order, None where there is none or it fits not."""
    wanted = [ref.lower() for ref in refs]
    ids: dict[str, int] = {}
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        ids |= list_ids_by_refs(session, wanted[start : start + ROWS_AT_ONCE])
    fitting = keep_fitting(session, list(ids.values()), asked)
    chosen = [number for number in ids.values() if number in fitting]
    found = dict(zip(chosen, read_entities(session, chosen, fields), strict=True))
    return [found.get(ids.get(ref, -1)) for ref in wanted]
