"""Impact of one entity, and findings over all of them, from the runtime graph in memory."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.catalog.core.impact import STOPPING, judge_base, judge_stop
from portal.catalog.core.single_points import rank_single_points
from portal.catalog.core.weak_spots import (
    CYCLES,
    INVERSIONS,
    SHARED,
    SILENT,
    SINGLE_POINTS,
)
from portal.catalog.queries.runtime import get_estimates, get_runtime_graph, get_weak_spots

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Mask
    from portal.catalog.core.impact import Impact
    from portal.catalog.core.runtime import RuntimeGraph
    from portal.catalog.core.single_points import SinglePoint
    from portal.catalog.core.weak_spots import Cycle, Edge, Shared, WeakSpots

UNSET_LAST = 9
NOT_SET = "tier_not_set"


@dataclass(frozen=True, slots=True)
class Findings:
    """What the whole graph shows, of one owner or of all; `totals` counts what was cut off too."""

    graph: RuntimeGraph
    totals: dict[str, int]
    cycles: Sequence[Cycle]
    inversions: Sequence[Edge]
    untiered: Sequence[Edge]
    shared: Sequence[Shared]
    single_points: Sequence[SinglePoint]
    silent: Sequence[tuple[int, int]]
    edge_counts: Sequence[int]


def find_impact(session: Session, ref: str, direction: str) -> Impact | None:
    """Return what an entity's stop does or what would stop it; None when it has no edges."""
    graph = get_runtime_graph(session)
    number = graph.numbers.get(ref)
    if number is None:
        return None
    return (judge_stop if direction == STOPPING else judge_base)(graph, number)


def cut_hits(
    impact: Impact, states: Collection[int], *, after: tuple[Any, ...] | None, limit: int
) -> tuple[list[int], tuple[Any, ...] | None]:
    """Return one page of hits in chosen states, and the key behind which the next begins."""
    hits = impact.hits[np.isin(impact.states[impact.hits], list(states))].tolist()

    def key(hit: int) -> tuple[Any, ...]:
        tier = int(impact.graph.tiers[hit])
        order = UNSET_LAST if tier < 0 else tier
        return int(impact.states[hit]), int(impact.distances[hit]), order, impact.graph.refs[hit]

    start = 0 if after is None else bisect_right(hits, after, key=key)
    page = hits[start : start + limit]
    is_last = start + limit >= len(hits)
    return page, None if is_last or not page else key(page[-1])


def read_findings(
    session: Session, *, kinds: Collection[str], owner: str | None, limit: int
) -> Findings:
    """Return findings of some kinds, of all owners or of one, at most `limit` of each."""
    graph, spots = get_weak_spots(session)
    owned = _find_owned(graph, owner)
    chosen = _choose(spots, owned, kinds)
    points: list[SinglePoint] = []
    if SINGLE_POINTS in kinds:
        points = rank_single_points(graph, get_estimates(session), owned)
    found: dict[str, list[Any]] = {**chosen, SINGLE_POINTS: points}
    named = {*kinds, NOT_SET} if INVERSIONS in kinds else {*kinds}
    totals = {kind: len(held) for kind, held in found.items() if kind in named}
    return Findings(
        graph,
        totals,
        cycles=found[CYCLES][:limit],
        inversions=found[INVERSIONS][:limit],
        untiered=found[NOT_SET][:limit],
        shared=found[SHARED][:limit],
        single_points=points[:limit],
        silent=found[SILENT][:limit],
        edge_counts=spots.edge_counts,
    )


def _find_owned(graph: RuntimeGraph, owner: str | None) -> Mask:
    if owner is None:
        return np.ones(len(graph), np.bool_)
    number = graph.columns.texts["owner"].find(owner)
    if number is None:
        return np.zeros(len(graph), np.bool_)
    found: Mask = graph.read("owner") == number
    return found


def _choose(spots: WeakSpots, owned: Mask, kinds: Collection[str]) -> dict[str, list[Any]]:
    """Return the findings of each kind that touch something owned."""

    def touches(nodes: Iterable[int]) -> bool:
        return any(owned[node] for node in nodes)

    tiers = INVERSIONS in kinds
    return {
        CYCLES: [one for one in spots.cycles if CYCLES in kinds and touches(one.nodes)],
        INVERSIONS: [e for e in spots.inversions if tiers and touches((e.source, e.target))],
        NOT_SET: [e for e in spots.untiered if tiers and touches((e.source, e.target))],
        SHARED: [
            one for one in spots.shared if SHARED in kinds and touches((one.node, *one.dependents))
        ],
        SILENT: [one for one in spots.silent if SILENT in kinds and owned[one[0]]],
    }
