"""What is worth looking at in the whole runtime graph: cycles, inversions, sharing, silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Ints, Mask
from portal.catalog.core.components import find_components
from portal.catalog.core.runtime import HARD, STRENGTHS, UNSTATED
from portal.catalog.core.spreading import MAYBE, ONLY_HARD

if TYPE_CHECKING:
    from portal.catalog.core.runtime import RuntimeGraph

CYCLES, INVERSIONS, SHARED, SINGLE_POINTS, SILENT = KINDS = (
    "cycles",
    "tier_inversions",
    "shared_databases",
    "single_points",
    "unstated",
)
CRITICAL = 1
DATA_STORE = "data_store"
MOST_TRIMS = 50
ALL = tuple(range(len(STRENGTHS)))


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` stands on `target`; by an API where one is named, which `choices` provide."""

    source: int
    target: int
    strength: int
    api: int | None = None
    choices: int = 1


@dataclass(frozen=True, slots=True)
class Cycle:
    """Things that stand on each other, and the edges between them.

    `closed_by` says which edges are enough to close it: hard ones, unstated ones, or looser.
    """

    nodes: tuple[int, ...]
    edges: tuple[Edge, ...]
    closed_by: str

    def count_unstated(self) -> int:
        """Return of how many edges nobody says how hard they are."""
        return sum(edge.strength == UNSTATED for edge in self.edges)


@dataclass(frozen=True, slots=True)
class Shared:
    """A data store, who stands on it directly, and their owners and systems as codes."""

    node: int
    dependents: tuple[int, ...]
    owners: tuple[int, ...]
    systems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeakSpots:
    """All of one graph; edges to what has no tier stand apart from real inversions."""

    graph: RuntimeGraph
    cycles: tuple[Cycle, ...]
    inversions: tuple[Edge, ...]
    untiered: tuple[Edge, ...]
    shared: tuple[Shared, ...]
    silent: tuple[tuple[int, int], ...]
    edge_counts: tuple[int, ...]


def find_weak_spots(graph: RuntimeGraph) -> WeakSpots:
    """Return what the whole graph shows, single points left out."""
    edges = resolve_edges(graph)
    inversions, untiered = _find_inversions(graph, edges)
    counted = graph.is_counted[graph.sources]
    strengths = graph.strengths[counted]
    silent = Counter(graph.sources[counted & (graph.strengths == UNSTATED)].tolist())
    return WeakSpots(
        graph,
        tuple(find_cycles(graph)),
        inversions,
        untiered,
        tuple(_find_shared(graph)),
        tuple(sorted(silent.items(), key=lambda item: (-item[1], item[0]))),
        tuple(np.bincount(strengths, minlength=len(STRENGTHS)).tolist()),
    )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Edges between things as arrays, consumed APIs followed to their providers."""

    sources: Ints
    targets: Ints
    strengths: Ints
    apis: Ints

    def pick(self, graph: RuntimeGraph, mask: Mask) -> list[Edge]:
        """Return the edges a mask chooses, one for each pair, the strongest."""
        found: dict[tuple[int, int], Edge] = {}
        places = np.flatnonzero(mask)
        rank = np.array([1, 0, 2, 3])[self.strengths[places]]
        for place in places[np.lexsort((self.apis[places], rank))].tolist():
            api = int(self.apis[place])
            edge = Edge(
                int(self.sources[place]),
                int(self.targets[place]),
                int(self.strengths[place]),
                None if api == ABSENT else api,
                1 if api == ABSENT else int(graph.provider_counts[api]),
            )
            found.setdefault((edge.source, edge.target), edge)
        return [found[pair] for pair in sorted(found)]


def resolve_edges(graph: RuntimeGraph) -> Resolved:
    """Return all edges between things; those to an API lead to each of its providers."""
    through = ~graph.is_thing[graph.targets]
    places = np.flatnonzero(through)
    apis, providers, _ = graph.providers_of.follow(graph.targets[places])
    counts = graph.provider_counts[graph.targets[places]]
    repeated = np.repeat(places, counts)
    plain = np.flatnonzero(~through)
    direct = np.full(len(plain), ABSENT, np.int64)
    sources = np.concatenate([graph.sources[plain], graph.sources[repeated]])
    targets = np.concatenate([graph.targets[plain], providers])
    fits = graph.is_counted[sources] & ~graph.is_ephemeral[targets] & (sources != targets)
    strengths = np.concatenate([graph.strengths[plain], graph.strengths[repeated]])
    via = np.concatenate([direct, apis])
    return Resolved(sources[fits], targets[fits], strengths[fits], via[fits])


def find_cycles(graph: RuntimeGraph) -> list[Cycle]:
    """Return what stands on itself by way of others, the worst first."""
    edges = resolve_edges(graph)
    places = _trim(len(graph), edges)
    components = _connect(edges, places)
    closed = [
        {frozenset(part) for part in _connect(edges, places[np.isin(strengths, chosen)])}
        for chosen in (ONLY_HARD, MAYBE)
        for strengths in (_weaken(graph, edges)[places],)
    ]
    words = ("hard", "unstated")
    found: list[Cycle] = []
    for nodes in components:
        inside = np.isin(edges.sources, nodes) & np.isin(edges.targets, nodes)
        held = set(nodes)
        closed_by = next(
            (
                word
                for word, parts in zip(words, closed, strict=True)
                if any(part <= held for part in parts)
            ),
            "loose",
        )
        found.append(Cycle(tuple(nodes), tuple(edges.pick(graph, inside)), closed_by))
    order = {"hard": 0, "unstated": 1, "loose": 2}
    return sorted(found, key=lambda one: (order[one.closed_by], -len(one.nodes), one.nodes))


def _weaken(graph: RuntimeGraph, edges: Resolved) -> Ints:
    """Return strengths with a hard edge to one of several providers as a mere maybe."""
    several = (edges.apis != ABSENT) & (graph.provider_counts[edges.apis] > 1)
    return np.where(several & (edges.strengths == HARD), UNSTATED, edges.strengths)


def _trim(count: int, edges: Resolved) -> Ints:
    """Return the edges that may lie on a cycle: both ends have edges in and out."""
    places = np.arange(len(edges.sources))
    for _ in range(MOST_TRIMS):
        leaves = np.zeros(count, np.bool_)
        enters = np.zeros(count, np.bool_)
        leaves[edges.sources[places]] = True
        enters[edges.targets[places]] = True
        kept = places[enters[edges.sources[places]] & leaves[edges.targets[places]]]
        if len(kept) == len(places):
            break
        places = kept
    return places


def _connect(edges: Resolved, places: Ints) -> list[list[int]]:
    ahead: dict[int, list[int]] = {}
    pairs = zip(edges.sources[places].tolist(), edges.targets[places].tolist(), strict=True)
    for source, target in pairs:
        ahead.setdefault(source, []).append(target)
    return [part for part in find_components(ahead) if len(part) > 1]


def _find_inversions(
    graph: RuntimeGraph, edges: Resolved
) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """Return edges from tier 0 and 1 to a less important tier, and those to no tier at all."""
    own, other = graph.tiers[edges.sources], graph.tiers[edges.targets]
    critical = (own != ABSENT) & (own <= CRITICAL) & np.isin(edges.strengths, MAYBE)
    is_known = graph.rows[edges.targets] != ABSENT
    inverted = edges.pick(graph, critical & (other > own))
    untiered = edges.pick(graph, critical & (other == ABSENT) & is_known)

    def rank(edge: Edge) -> tuple[int, int, int, int]:
        step = int(graph.tiers[edge.source] - graph.tiers[edge.target])
        return int(edge.strength != HARD), int(graph.tiers[edge.source]), step, edge.source

    return tuple(sorted(inverted, key=rank)), tuple(sorted(untiered, key=rank))


def _find_shared(graph: RuntimeGraph) -> list[Shared]:
    """Return data stores that several owners or several systems stand on directly."""
    number = graph.columns.texts["class"].find(DATA_STORE)
    if number is None:
        return []
    stores = np.flatnonzero((graph.read("class") == number) & graph.is_counted)
    owners, systems = graph.read("owner"), graph.read("system")
    found: list[Shared] = []
    for node in stores.tolist():
        dependents = graph.behind.follow(np.array([node]))[1]
        dependents = dependents[graph.is_counted[dependents]]
        theirs = [sorted({*column[dependents].tolist()} - {ABSENT}) for column in (owners, systems)]
        if any(len(one) > 1 for one in theirs):
            found.append(Shared(node, tuple(dependents.tolist()), *map(tuple, theirs)))
    return sorted(found, key=lambda one: (-len(one.owners), -len(one.dependents), one.node))
