"""Entities as Backstage gives them, locations, and what a query finds."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

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
from portal.backstage.core.refusals import Missing
from portal.catalog.core.predicates import choose
from portal.catalog.core.value_columns import ValueColumn, build_value_column
from portal.catalog.core.values import UIDS, annotate, name_source, sort_lists
from portal.catalog.models import Entity
from portal.catalog.queries.details import list_relations_of
from portal.catalog.queries.values import REF, Values, list_documents, list_ids_by_refs
from portal.sources.models import Source

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


def _all_rows(values: Values, asked: Predicate | None) -> Mask:
    mask = values.choose(asked)
    return np.ones(len(values.entities.ids), np.bool_) if mask is None else mask


def find_page(session: Session, query: Query, *, limit: int, offset: int) -> Found:
    """Return one page of what a query finds."""
    values = Values(session)
    mask = _all_rows(values, query.predicate)
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
    values = Values(session)
    mask = _all_rows(values, asked)
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
    values = Values(session)
    mask = values.choose(asked)
    return {
        facet: [
            {"value": value, "count": number}
            for value, number in values.read(facet.lower()).count_written(mask)
        ]
        for facet in facets
    }


def keep_fitting(session: Session, ids: Sequence[int], asked: Predicate | None) -> set[int]:
    """Return those of `ids` that fit."""
    if asked is None:
        return set(ids)
    values = Values(session)
    chosen = set(values.entities.ids[_all_rows(values, asked)].tolist())
    return chosen & set(ids)


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
    return [cut_entity(_compose(row, relations.get(row.ref, [])), fields) for row in rows]


def _compose(row: Any, relations: Sequence[Relation]) -> dict[str, Any]:
    entity = sort_lists(annotate(row.document, row.source, row.file))
    listed = [{"type": r.type, "targetRef": r.target} for r in relations]
    state = f"{row.digest} {row.source} {row.file} {listed}"
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


@dataclass(frozen=True, slots=True)
class Location:
    """Where entities come from, as Backstage lists locations: one for each source."""

    id: str
    type: str
    target: str
    entity_ref: str

    def write(self) -> dict[str, str]:
        """Return the location as JSON."""
        ref = {"entityRef": self.entity_ref}
        return {"id": self.id, "type": self.type, "target": self.target, **ref}


def list_locations(session: Session) -> list[Location]:
    """Return a location for each source, by id."""
    names = session.scalars(select(Source.name))
    return sorted((_make_location(name) for name in names), key=lambda found: found.id)


def find_locations(session: Session, asked: Predicate | None) -> list[Location]:
    """Return the locations that fit, by id; they are few, so each field is looked at in memory."""
    found = list_locations(session)
    if asked is None:
        return found
    written = [{name.lower(): text for name, text in one.write().items()} for one in found]

    def read(path: str) -> ValueColumn:
        texts = [(row, one[path]) for row, one in enumerate(written) if path in one]
        return build_value_column((row, text.lower(), text) for row, text in texts)

    mask = choose(asked, len(found), read)
    return [one for one, is_chosen in zip(found, mask.tolist(), strict=True) if is_chosen]


def _make_location(source: str) -> Location:
    kind, _, target = name_source(source).partition(":")
    digest = hashlib.sha1(f"{kind}:{target}".encode(), usedforsecurity=False).hexdigest()
    number = uuid.uuid5(UIDS, f"location {kind}:{target}")
    return Location(str(number), kind, target, f"location:default/generated-{digest}")


def get_location(session: Session, number: str) -> Location:
    """Return a location by id; raises Missing."""
    for found in list_locations(session):
        if found.id == number:
            return found
    raise Missing(f"Found no location with ID {number}")


def get_location_of(session: Session, ref: str) -> Location:
    """Return the location an entity was read from; raises Missing."""
    source = session.scalar(select(Entity.source).where(Entity.ref == ref))
    if source is None:
        raise Missing(f"found no entity for ref {ref}")
    return _make_location(source)
