"""Loads the runtime graph once per process, then reads only the relations of what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Integer, bindparam, case, null, select, type_coerce

from portal.catalog.core.columns import ABSENT, Codes
from portal.catalog.core.filters import expand_ref
from portal.catalog.core.meaning import CRITICALITY_ANNOTATION, read_criticalities
from portal.catalog.core.runtime import (
    DEPENDS,
    PROVIDES,
    STRENGTH_CODES,
    RuntimeGraph,
    StoredEdges,
)
from portal.catalog.core.runtime_building import build_graph
from portal.catalog.core.single_points import Ranks, estimate_reach
from portal.catalog.core.spreading import MAYBE, ONLY_HARD
from portal.catalog.core.weak_spots import WeakSpots, find_weak_spots
from portal.catalog.models import Entity, EntityRelation, EntityTombstone, EntityValue
from portal.catalog.queries.columns import LOAD_AGAIN_AFTER, get_columns
from portal.infra.cache import get_cache
from portal.infra.clock import utc_now
from portal.infra.db import JsonText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns, Ints

SORTS = {"dependsOn": DEPENDS, "consumesApi": DEPENDS, "providesApi": PROVIDES}
PATH = f"metadata.annotations.{CRITICALITY_ANNOTATION}"
SINCE = bindparam("since", type_=Integer)
CHANGED = select(Entity.ref).where(Entity.revision > SINCE)
ALL_IDS = select(Entity.ref, Entity.id)
CHANGED_IDS = ALL_IDS.where(Entity.revision > SINCE)
GONE = select(EntityTombstone.entity_id).where(EntityTombstone.revision > SINCE)
ALL_EDGES = select(
    EntityRelation.declared_by,
    EntityRelation.type,
    EntityRelation.source,
    EntityRelation.target,
    EntityRelation.criticality,
).where(EntityRelation.type.in_(SORTS))
CHANGED_EDGES = ALL_EDGES.where(EntityRelation.declared_by.in_(CHANGED))
# Longer statements are not kept by path, so these come from the document.
ALL_SAID = (
    select(
        Entity.ref,
        EntityValue.value,
        case(
            (EntityValue.value.is_(null()), type_coerce(Entity.document, JsonText)),
        ).label("document"),
    )
    .join(EntityValue, EntityValue.entity_id == Entity.id)
    .where(EntityValue.path == PATH)
)
CHANGED_SAID = ALL_SAID.where(Entity.revision > SINCE)


def get_runtime_graph(session: Session) -> RuntimeGraph:
    """Return the graph of everything that runs as of the catalog's revision."""
    columns = get_columns(session)

    def refresh(held: RuntimeGraph | None) -> RuntimeGraph:
        if held is not None and held.revision >= columns.revision:
            return held
        return build_graph(_get_stored(session, columns), columns, held)

    return get_cache(session).renew("catalog.runtime", RuntimeGraph, refresh)


def get_weak_spots(session: Session) -> tuple[RuntimeGraph, WeakSpots]:
    """Return the graph and what it shows as a whole."""
    graph = get_runtime_graph(session)
    found = get_cache(session).renew(
        "catalog.weak_spots",
        WeakSpots,
        lambda held: held if held and held.graph is graph else find_weak_spots(graph),
    )
    return found.graph, found


def get_estimates(session: Session) -> tuple[Ranks, Ranks]:
    """Return about how many stand on each node: by hard edges, and by hard and unstated ones."""
    graph = get_runtime_graph(session)
    found = get_cache(session).renew(
        "catalog.estimates",
        dict,
        lambda held: (
            held
            if held and held["graph"] is graph
            else {
                "graph": graph,
                "ranks": (estimate_reach(graph, ONLY_HARD), estimate_reach(graph, MAYBE)),
            }
        ),
    )
    ranks: tuple[Ranks, Ranks] = found["ranks"]
    return ranks


def _get_stored(session: Session, columns: Columns) -> StoredEdges:
    def refresh(held: StoredEdges | None) -> StoredEdges:
        if held is not None and held.revision >= columns.revision:
            return held
        if held is not None and utc_now() - held.loaded_at > LOAD_AGAIN_AFTER:
            held = None
        if held is None:
            empty = np.empty(0, np.int64)
            held = StoredEdges(-1, utc_now(), Codes(), *(empty,) * 6)
            return _add(session, held, columns.revision, is_whole=True)
        return _add(session, _drop(session, held), columns.revision, is_whole=False)

    return get_cache(session).renew("catalog.edges", StoredEdges, refresh)


def _drop(session: Session, held: StoredEdges) -> StoredEdges:
    """Leave out what is gone, and the edges of what changed, which are read again."""
    since = {"since": held.revision}
    gone = np.array(session.scalars(GONE, since).all(), np.int64)
    away = np.isin(held.ids, gone[gone != ABSENT])
    numbers = (held.refs.find(ref) for ref in session.scalars(CHANGED, since))
    changed = np.array([number for number in numbers if number is not None], np.int64)
    stale = away.copy()
    stale[changed] = True
    kept = ~stale[held.declared_by]
    return replace(
        held,
        ids=np.where(away, ABSENT, held.ids),
        declared_by=held.declared_by[kept],
        sorts=held.sorts[kept],
        sources=held.sources[kept],
        targets=held.targets[kept],
        strengths=held.strengths[kept],
        said={code: said for code, said in held.said.items() if not stale[code]},
    )


def _add(session: Session, held: StoredEdges, revision: int, *, is_whole: bool) -> StoredEdges:
    """Return `held` with what was read of everything, or of what changed since."""
    since = {} if is_whole else {"since": held.revision}
    refs = held.refs
    edges = session.execute(ALL_EDGES if is_whole else CHANGED_EDGES, since)
    rows = np.array(
        [
            (refs.encode(by), SORTS[kind], refs.encode(one), refs.encode(other), _code(word))
            for by, kind, one, other, word in edges
        ],
        np.int64,
    ).reshape(-1, 5)
    said = dict(held.said)
    for ref, value, document in session.execute(ALL_SAID if is_whole else CHANGED_SAID, since):
        said[refs.encode(ref)] = _read_said(refs, value, document)
    found = session.execute(ALL_IDS if is_whole else CHANGED_IDS, since)
    ids = _place_ids(refs, held.ids, found)
    parts = (held.declared_by, held.sorts, held.sources, held.targets, held.strengths)
    by, sorts, sources, targets, strengths = (
        np.concatenate([part, rows[:, n]]) for n, part in enumerate(parts)
    )
    return StoredEdges(
        revision, held.loaded_at, refs, ids, by, sorts, sources, targets, strengths, said
    )


def _place_ids(refs: Codes, held: Ints, found: Iterable[Any]) -> Ints:
    pairs = [(number, entity_id) for ref, entity_id in found for number in (refs.encode(ref),)]
    ids = np.full(len(refs.texts), ABSENT, np.int64)
    ids[: len(held)] = held
    placed = np.array(pairs, np.int64).reshape(-1, 2)
    ids[placed[:, 0]] = placed[:, 1]
    return ids


def _code(word: str | None) -> int:
    return STRENGTH_CODES.get(word, 0)


def _read_said(refs: Codes, value: str | None, document: Any) -> dict[int, int]:
    text = value
    if text is None and document is not None:
        text = (document["metadata"].get("annotations") or {}).get(CRITICALITY_ANNOTATION)
    said = read_criticalities(text)
    return {
        refs.encode(expand_ref(end, "component")): STRENGTH_CODES[word]
        for end, word in said.items()
    }
