"""What surely stops something although an API on the way has several providers.

That is so where all of these providers stand on the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.runtime import HARD
from portal.catalog.core.spreading import ONLY_HARD, Walk, spread_ahead

if TYPE_CHECKING:
    from portal.catalog.core.runtime import RuntimeGraph


def find_certain(graph: RuntimeGraph, root: int, plain: Walk) -> Walk:
    """Return `plain`, the walk through only providers, with what all of several stand on."""
    loose = spread_ahead(graph, np.array([root]), ONLY_HARD)
    open_nodes = np.flatnonzero(loose.reached & ~plain.reached)
    if not len(open_nodes):
        return plain
    bits = {node: 1 << place for place, node in enumerate(open_nodes.tolist())}
    found = _settle(graph, np.flatnonzero(loose.reached).tolist(), bits)[root]
    sure = np.array([node for node, bit in bits.items() if found & bit], np.int64)
    distances = plain.distances.copy()
    distances[sure] = loose.distances[sure]
    # The way to what is sure may pass what is not, one of several providers, say.
    return Walk(distances, np.where(plain.reached, plain.parents, loose.parents))


def _settle(graph: RuntimeGraph, nodes: list[int], bits: dict[int, int]) -> dict[int, int]:
    """Return for each node, as bits, which of the open ones surely stop it."""
    found = dict.fromkeys(nodes, 0)
    ahead = {node: _list_ends(graph, node) for node in nodes}
    is_open = True
    while is_open:
        is_open = False
        for node in nodes:
            hard, providers = ahead[node]
            value = found[node]
            for end in hard:
                value |= found[end] | bits.get(end, 0)
            if providers:
                shared = -1
                for end in providers:
                    shared &= found[end] | bits.get(end, 0)
                value |= shared
            if value != found[node]:
                found[node], is_open = value, True
    return found


def _list_ends(graph: RuntimeGraph, node: int) -> tuple[list[int], list[int]]:
    """Return what a node hard stands on, and who provides it."""
    place = np.array([node])
    _, ends, strengths = graph.ahead.follow(place)
    providers = graph.providers_of.follow(place)[1].tolist()
    return ends[strengths == HARD].tolist(), providers
