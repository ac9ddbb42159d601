"""What breaks if something stops, and what it stands on itself.

Over hard edges alone it breaks; over a path on which nobody said how hard an edge is it may break;
behind a soft or asynchronous edge it keeps running, and the walk ends there.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.certain import find_certain
from portal.catalog.core.columns import ABSENT, Ints, Mask
from portal.catalog.core.graph import DEPENDENCIES, DEPENDENTS
from portal.catalog.core.passages import find_passages
from portal.catalog.core.runtime import ASYNC, HARD, SOFT, UNSTATED, RuntimeGraph
from portal.catalog.core.spreading import MAYBE, ONLY_HARD, Walk, spread_ahead, spread_back

if TYPE_CHECKING:
    from collections.abc import Sequence

STOPPING, STANDING = DEPENDENTS, DEPENDENCIES
UNTOUCHED, BREAKS, MAY_BREAK, DEGRADES, FALLS_BEHIND = range(5)
STATES = ("", "breaks", "may_break", "degrades", "falls_behind")


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a chain: `source` stands on `target`, by an API where one is named.

    `choices` is how many provide the API.
    """

    source: int
    target: int
    strength: int
    api: int | None = None
    choices: int = 1


@dataclass(frozen=True)
class Impact:
    """What one node's stop does, or what would stop that node, by state and distance.

    `walks` are the one over hard edges and the one over hard and unstated ones; `cut` maps what
    lies behind a soft or asynchronous edge to where that was, and whether it would surely stop.
    """

    graph: RuntimeGraph
    root: int
    direction: str
    states: Ints
    distances: Ints
    walks: tuple[Walk, Walk]
    parents: Ints
    is_sure: Mask

    @cached_property
    def hits(self) -> Ints:
        """Return what is touched, by state, distance, tier (unset last) and name."""
        found = np.flatnonzero((self.states != UNTOUCHED) & self.graph.is_counted)
        tiers = self.graph.tiers[found]
        last = np.where(tiers == ABSENT, 9, tiers)
        order = np.lexsort((found, last, self.distances[found], self.states[found]))
        ordered: Ints = found[order]
        return ordered

    @cached_property
    def built_in(self) -> int:
        """Return how many edges of the root were left out because one end is a library."""
        ones, others = self.graph.built_in
        return int(((others if self.direction == STOPPING else ones) == self.root).sum())

    @cached_property
    def passing(self) -> int:
        """Return how many ephemeral ones are touched, which are not counted."""
        touched = (self.states != UNTOUCHED) & self.graph.is_thing & self.graph.is_ephemeral
        return int(touched.sum())

    def count(self, nodes: Ints | None = None) -> list[int]:
        """Return how many hits are in each state, as in STATES."""
        nodes = self.hits if nodes is None else nodes
        counted: list[int] = np.bincount(self.states[nodes], minlength=len(STATES)).tolist()
        return counted

    def count_by(self, name: str) -> dict[str | None, list[int]]:
        """Return the same for each value of a column, most hits first, not set last."""
        column = self.graph.read(name)[self.hits]
        texts = self.graph.columns.texts[name].texts
        codes, places = np.unique(column, return_inverse=True)
        cells = np.bincount(
            places * len(STATES) + self.states[self.hits], minlength=len(codes) * len(STATES)
        )
        rows: list[list[int]] = cells.reshape(-1, len(STATES)).tolist()
        found = {
            None if code == ABSENT else texts[code]: counts
            for code, counts in zip(codes.tolist(), rows, strict=True)
        }
        return dict(
            sorted(found.items(), key=lambda item: (item[0] is None, -sum(item[1]), item[0] or ""))
        )

    @cached_property
    def reach(self) -> Mask:
        """Return what stops or may stop, and the root."""
        reached = np.isin(self.states, (BREAKS, MAY_BREAK))
        reached[self.root] = True
        return reached

    @cached_property
    def unstated(self) -> list[tuple[int, int]]:
        """Return who does not say how hard their edges are on which this rests, and how many."""
        graph = self.graph
        inside = self.reach[graph.sources] & self.reach[graph.targets]
        sources = graph.sources[inside & (graph.strengths == UNSTATED)]
        return Counter(sources.tolist()).most_common()

    @cached_property
    def not_followed(self) -> int:
        """Return how many edges lie beyond where the walk ended."""
        graph = self.graph
        if self.direction == STOPPING:
            ended = np.isin(self.states, (DEGRADES, FALLS_BEHIND))
            ended &= np.arange(len(graph)) != self.root
            beyond = ended[graph.targets] & (self.states[graph.sources] == UNTOUCHED)
            return int((beyond & (graph.sources != self.root)).sum())
        loose = (graph.strengths == SOFT) | (graph.strengths == ASYNC)
        return int((loose & self.reach[graph.sources] & (graph.sources != self.root)).sum())

    @cached_property
    def passages(self) -> dict[str, list[int]]:
        """Return what every chain leads through: every hard one, or every one that may be."""
        if self.direction == STOPPING:
            return {}
        sure = find_passages(self.graph, self.root, ONLY_HARD)
        maybe = find_passages(self.graph, self.root, MAYBE)
        return {"breaks": sure, "may_break": [node for node in maybe if node not in sure]}

    @cached_property
    def deepest(self) -> int | None:
        """Return the farthest of what stops or may stop."""
        nodes = self.hits[self.reach[self.hits]]
        if not len(nodes):
            return None
        return int(nodes[np.argmax(self.distances[nodes])])

    def explain(self, node: int) -> list[Step]:
        """Return the chain of edges from what stands to what it stands on."""
        way = [node, *self._lead_back(node)]
        if self.direction == STANDING:
            way.reverse()
        return _describe(self.graph, way)

    def _lead_back(self, node: int) -> list[int]:
        """Return the nodes between one and the root, the root last."""
        state, sure = int(self.states[node]), bool(self.is_sure[node])
        is_cut = state in (DEGRADES, FALLS_BEHIND)
        if self.direction == STANDING and is_cut:
            return _follow(self.parents, node, self.root)
        found: list[int] = []
        if is_cut:
            node = int(self.parents[node])
            found.append(node)
        walk = self.walks[0 if state == BREAKS or (is_cut and sure) else 1]
        return [*found, *_follow(walk.parents, node, self.root)]


def _follow(parents: Ints, node: int, root: int) -> list[int]:
    """Return the way from a node to the root, the root last."""
    found: list[int] = []
    while node != root:
        node = int(parents[node])
        if node == ABSENT:
            raise RuntimeError("a walk reached a node from nowhere")
        found.append(node)
    return found


def _describe(graph: RuntimeGraph, way: Sequence[int]) -> list[Step]:
    """Return a way as steps; an API between two nodes is what the step goes by."""
    steps: list[Step] = []
    for source, target in itertools.pairwise(way):
        _, ends, strengths = graph.ahead.follow(np.array([source]))
        place = np.flatnonzero(ends == target)
        if len(place):
            steps.append(Step(source, target, int(strengths[place[0]])))
            continue
        # From an API to one of those who provide it.
        choices = int(graph.provider_counts[source])
        if steps and steps[-1].target == source:
            last = steps.pop()
            steps.append(Step(last.source, target, last.strength, source, choices))
        else:
            steps.append(Step(source, target, HARD, None, choices))
    return steps


def judge_stop(graph: RuntimeGraph, root: int) -> Impact:
    """Return what breaks, may break, loses something or falls behind if `root` stops."""
    seeds = np.array([root])
    walks = (spread_back(graph, seeds, ONLY_HARD), spread_back(graph, seeds, MAYBE))
    states, distances = _settle(root, walks)
    parents = np.full(len(graph), ABSENT, np.int64)
    is_sure = states == BREAKS
    is_sure[root] = True
    stopped = np.flatnonzero(np.isin(states, (BREAKS, MAY_BREAK)) | (np.arange(len(graph)) == root))
    nodes, ends, strengths = graph.behind.follow(stopped)
    for strength, state in ((SOFT, DEGRADES), (ASYNC, FALLS_BEHIND)):
        fits = (strengths == strength) & (states[ends] == UNTOUCHED) & (ends != root)
        near, far = nodes[fits], ends[fits]
        # The surest reason first, then the shortest way.
        order = np.lexsort((near, distances[near], ~is_sure[near], far))
        found, first = np.unique(far[order], return_index=True)
        origin = near[order][first]
        states[found], parents[found] = state, origin
        distances[found] = distances[origin] + 1
        is_sure[found] = is_sure[origin]
    return Impact(graph, root, STOPPING, states, distances, walks, parents, is_sure)


def judge_base(graph: RuntimeGraph, root: int) -> Impact:
    """Return what would break `root` by stopping, might, or would cost it something."""
    seeds = np.array([root])
    plain = spread_ahead(graph, seeds, ONLY_HARD, any_provider=False)
    hard = find_certain(graph, root, plain)
    walks = (hard, spread_ahead(graph, seeds, MAYBE))
    states, distances = _settle(root, walks)
    parents = np.full(len(graph), ABSENT, np.int64)
    is_sure = states == BREAKS
    _, ends, strengths = graph.ahead.follow(seeds)
    for strength, state in ((SOFT, DEGRADES), (ASYNC, FALLS_BEHIND)):
        first = ends[(strengths == strength) & (ends != root)]
        walk = spread_ahead(graph, first, MAYBE)
        sure = spread_ahead(graph, first, ONLY_HARD, any_provider=False)
        found = np.flatnonzero(walk.reached & (states == UNTOUCHED))
        found = found[found != root]
        states[found], distances[found] = state, walk.distances[found] + 1
        parents[found] = np.where(walk.parents[found] == ABSENT, root, walk.parents[found])
        is_sure[found] = sure.reached[found]
    if graph.is_api[root]:
        distances[distances > 0] += 1
        distances[(distances == 0) & (states != UNTOUCHED)] = 1
    return Impact(graph, root, STANDING, states, distances, walks, parents, is_sure)


def _settle(root: int, walks: tuple[Walk, Walk]) -> tuple[Ints, Ints]:
    hard, maybe = walks
    states = np.where(hard.reached, BREAKS, np.where(maybe.reached, MAY_BREAK, UNTOUCHED))
    distances = np.where(hard.reached, hard.distances, maybe.distances)
    states[root] = UNTOUCHED
    return states, distances
