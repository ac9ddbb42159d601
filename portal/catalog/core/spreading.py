"""Walks the runtime graph outwards, one level at a time, over edges of chosen strengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Ints, Mask
from portal.catalog.core.runtime import HARD, UNSTATED, group

if TYPE_CHECKING:
    from portal.catalog.core.runtime import Links, RuntimeGraph

ONLY_HARD = (HARD,)
MAYBE = (HARD, UNSTATED)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far each node is, ABSENT where the walk does not lead, and where it was reached from."""

    distances: Ints
    parents: Ints

    @property
    def reached(self) -> Mask:
        """Return which nodes were reached, the first included."""
        found: Mask = self.distances != ABSENT
        return found


def spread_back(graph: RuntimeGraph, seeds: Ints, strengths: tuple[int, ...]) -> Walk:
    """Walk to all that stands on `seeds`.

    By hard edges alone an API is reached when all its providers are, otherwise when one is.
    """
    needed = graph.provider_counts if strengths == ONLY_HARD else np.ones(len(graph), np.int64)
    return _spread(graph, seeds, graph.behind, graph.provided_by, (strengths, needed))


def spread_ahead(
    graph: RuntimeGraph, seeds: Ints, strengths: tuple[int, ...], *, any_provider: bool = True
) -> Walk:
    """Walk to all that `seeds` stand on; without `any_provider` only through an API's only one."""
    steps = graph.providers_of
    if not any_provider:
        steps = _keep_only_providers(graph)
    return _spread(graph, seeds, graph.ahead, steps, (strengths, np.ones(len(graph), np.int64)))


def _keep_only_providers(graph: RuntimeGraph) -> Links:
    from_one = graph.provider_counts[graph.provided] == 1
    return group(len(graph), graph.provided[from_one], graph.providers[from_one])


def _spread(
    graph: RuntimeGraph, seeds: Ints, links: Links, steps: Links, rule: tuple[tuple[int, ...], Ints]
) -> Walk:
    """Walk along `links`; `steps` between APIs and providers take no distance."""
    strengths, needed = rule
    allowed = np.isin(np.arange(4), strengths)
    missing = needed.copy()
    walk = Walk(np.full(len(graph), ABSENT, np.int64), np.full(len(graph), ABSENT, np.int64))
    walk.distances[seeds] = 0
    fresh, level = seeds, 0
    while len(fresh):
        # What was reached directly comes first, so that ways lead by APIs only where they must.
        here, closing = [fresh], fresh
        while len(closing):
            closing = _step(walk, steps, closing, missing, level)
            here.append(closing)
        nodes, ends, strength = links.follow(np.concatenate(here))
        level += 1
        open_ends = allowed[strength] & (walk.distances[ends] == ABSENT)
        fresh, first = np.unique(ends[open_ends], return_index=True)
        walk.distances[fresh] = level
        walk.parents[fresh] = nodes[open_ends][first]
    return walk


def _step(walk: Walk, steps: Links, nodes: Ints, missing: Ints, level: int) -> Ints:
    """Take the steps from `nodes` that are complete now."""
    origins, ends, _ = steps.follow(nodes)
    np.subtract.at(missing, ends, 1)
    ready = (missing[ends] <= 0) & (walk.distances[ends] == ABSENT)
    fresh, first = np.unique(ends[ready], return_index=True)
    walk.distances[fresh] = level
    walk.parents[fresh] = origins[ready][first]
    return fresh
