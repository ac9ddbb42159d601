"""What most stands on: how far each node's stop would reach, estimated for all, counted for some.

Counting every node's dependents exactly takes as many walks as there are nodes. Bottom-k sketches
(Cohen 1997) estimate all at once; the largest are then counted exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.impact import BREAKS, MAY_BREAK, judge_stop
from portal.catalog.core.spreading import ONLY_HARD
from portal.catalog.core.weak_spots import CRITICAL

if TYPE_CHECKING:
    from portal.catalog.core.columns import Ints, Mask
    from portal.catalog.core.runtime import RuntimeGraph

Ranks = NDArray[np.float32]
DRAWS = 24
SEED = 20_260
COUNTED = 40


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """How many stop with a node and how many may, of how many owners, and critical ones of both."""

    node: int
    breaks: int
    may_break: int
    owners: int
    critical_breaks: int
    critical_may_break: int


def estimate_reach(graph: RuntimeGraph, strengths: tuple[int, ...]) -> Ranks:
    """Return about how many stand on each node, by edges of these strengths."""
    draws = np.random.default_rng(SEED).exponential(size=(len(graph), DRAWS)).astype(np.float32)
    draws[~graph.is_counted] = np.inf
    fits = np.isin(graph.strengths, strengths)
    sources = np.concatenate([graph.sources[fits], graph.provided])
    targets = np.concatenate([graph.targets[fits], graph.providers])
    if strengths == ONLY_HARD:
        only = np.ones(len(sources), np.bool_)
        only[fits.sum() :] = graph.provider_counts[graph.provided] == 1
        sources, targets = sources[only], targets[only]
    least = _carry_least(draws, sources, targets)
    totals = least.sum(axis=1)
    found = np.zeros(len(graph), np.float32)
    known = np.isfinite(totals) & (totals > 0)
    found[known] = (DRAWS - 1) / totals[known]
    return found


def _carry_least(draws: Ranks, sources: Ints, targets: Ints) -> Ranks:
    """Return for each node the least draw of all that stands on it, its own included."""
    least = draws.copy()
    order = np.argsort(targets, kind="stable")
    sources, targets = sources[order], targets[order]
    changed = np.ones(len(draws), np.bool_)
    # Only what changed in one round is carried on in the next.
    while len(places := np.flatnonzero(changed[sources])):
        ends = targets[places]
        starts = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]])
        ends = ends[starts]
        carried = np.minimum.reduceat(least[sources[places]], starts, axis=0)
        changed[:] = False
        changed[ends] = (carried < least[ends]).any(axis=1)
        least[ends] = np.minimum(carried, least[ends])
    return least


def rank_single_points(
    graph: RuntimeGraph, estimates: tuple[Ranks, Ranks], among: Mask
) -> list[SinglePoint]:
    """Return the nodes of `among` on which most stands, counted exactly, most hard ones first."""
    chosen = among & graph.is_counted & (graph.rows != ABSENT)
    candidates = np.flatnonzero(chosen & (estimates[1] > 0))
    best: set[int] = set()
    for estimate in estimates:
        order = np.lexsort((candidates, -estimate[candidates]))
        best.update(candidates[order][:COUNTED].tolist())
    found = [_count(graph, node) for node in sorted(best)]
    found = [one for one in found if one.breaks + one.may_break]
    return sorted(found, key=lambda one: (-one.breaks, -one.may_break, one.node))


def _count(graph: RuntimeGraph, node: int) -> SinglePoint:
    impact = judge_stop(graph, node)
    hits = impact.hits
    states, tiers = impact.states[hits], graph.tiers[hits]
    stopped = hits[(states == BREAKS) | (states == MAY_BREAK)]
    owners = graph.read("owner")[stopped]
    critical = (tiers != ABSENT) & (tiers <= CRITICAL)
    return SinglePoint(
        node,
        int((states == BREAKS).sum()),
        int((states == MAY_BREAK).sum()),
        len(np.unique(owners[owners != ABSENT])),
        int((critical & (states == BREAKS)).sum()),
        int((critical & (states == MAY_BREAK)).sum()),
    )
