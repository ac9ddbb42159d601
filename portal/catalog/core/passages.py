"""What every chain below something leads through: its single points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.components import find_components
from portal.catalog.core.runtime import group
from portal.catalog.core.spreading import ONLY_HARD, spread_ahead

if TYPE_CHECKING:
    from portal.catalog.core.runtime import Links, RuntimeGraph

END = -1


def find_passages(graph: RuntimeGraph, root: int, strengths: tuple[int, ...]) -> list[int]:
    """Return the nodes that all chains from `root` to their ends lead through, nearest first.

    These post-dominate it. What stands on itself by way of others counts as one node, which is
    named only where it is one.
    """
    ahead = _read_ahead(graph, root, strengths)
    components = find_components(ahead)
    place = {node: n for n, members in enumerate(components) for node in members}
    # The next component that nobody gets round; they come with what they lead to first.
    follows: list[int] = []
    depths: list[int] = []
    for n, members in enumerate(components):
        ends = {place[end] for node in members for end in ahead[node]} - {n}
        after = _meet(sorted(ends), follows, depths) if ends else END
        follows.append(after)
        depths.append(0 if after == END else depths[after] + 1)
    found: list[int] = []
    at = follows[place[root]]
    while at != END:
        if len(components[at]) == 1 and graph.is_counted[components[at][0]]:
            found.append(components[at][0])
        at = follows[at]
    return found


def _read_ahead(graph: RuntimeGraph, root: int, strengths: tuple[int, ...]) -> dict[int, list[int]]:
    """Return the part of the graph below `root`, through only providers where edges are hard."""
    is_hard = strengths == ONLY_HARD
    seeds = np.array([root])
    walk = spread_ahead(graph, seeds, strengths, any_provider=not is_hard)
    nodes = np.flatnonzero(walk.reached)
    ahead: dict[int, list[int]] = {node: [] for node in nodes.tolist()}
    links: list[tuple[Links, tuple[int, ...]]] = [(graph.ahead, strengths)]
    steps = graph.providers_of
    if is_hard:
        only = graph.provider_counts[graph.provided] == 1
        steps = group(len(graph), graph.provided[only], graph.providers[only])
    links.append((steps, ONLY_HARD))
    for link, allowed in links:
        sources, ends, strength = link.follow(nodes)
        fits = np.isin(strength, allowed) & (ends != sources)
        for source, end in zip(sources[fits].tolist(), ends[fits].tolist(), strict=True):
            ahead[source].append(end)
    return ahead


def _meet(ends: list[int], follows: list[int], depths: list[int]) -> int:
    """Return the first component all ways from `ends` lead through, END where there is none."""
    at = ends[0]
    for end in ends[1:]:
        other = end
        while at != other:
            if END in (at, other):
                return END
            if depths[at] >= depths[other]:
                at = follows[at]
            else:
                other = follows[other]
    return at
