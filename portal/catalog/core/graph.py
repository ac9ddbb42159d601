"""The neighbourhood of an entity: who stands on whom, to a depth, without losing count.

An edge runs from what stands to what it stands on: a component to what it depends on and to the
APIs it consumes, an API to the component that provides it, a system or domain to its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

DEPENDENCIES, DEPENDENTS, BOTH = "dependencies", "dependents", "both"
MOST_NODES = 200
DEPENDS = ("dependsOn", "consumesApi")
PROVIDES = "providesApi"
PART = "partOf"
TYPES = (*DEPENDS, PROVIDES, PART)
WHOLES = ("system:", "domain:")


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` stands on `target`; `criticality` is hard, soft or not said."""

    source: str
    target: str
    type: str
    criticality: str | None = None


@dataclass(slots=True)
class Neighbourhood:
    """Nodes by ref with their level (what the root stands on is positive), edges between them.

    `hidden` maps a node to how many neighbours are not among the nodes; `is_complete` is off
    when a node has so many that they were not even counted.
    """

    root: str
    levels: dict[str, int]
    edges: set[Edge] = field(default_factory=set)
    hidden: dict[str, int] = field(default_factory=dict)
    is_complete: bool = True


def sort_edges(edges: Iterable[Edge]) -> list[Edge]:
    """Return edges in a stable order, one for each pair and type, what is said before silence."""
    found: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = (edge.source, edge.target, edge.type)
        if key not in found or found[key].criticality is None:
            found[key] = edge
    return [found[key] for key in sorted(found)]


def read_edge(source: str, kind: str, target: str, criticality: str | None) -> Edge | None:
    """Return the edge a stored relation means, None when nobody stands on anybody by it."""
    if kind in DEPENDS:
        return Edge(source, target, kind, criticality)
    if kind == PROVIDES:
        return Edge(target, source, kind, criticality)
    if kind == PART and target.startswith(WHOLES):
        return Edge(target, source, kind)
    return None


def walk(
    root: str,
    find_edges: Callable[[Sequence[str]], tuple[Iterable[Edge], bool]],
    *,
    depth: int,
    direction: str,
    most: int = MOST_NODES,
) -> Neighbourhood:
    """Walk outwards level by level; `find_edges` gives every edge at some refs, and if all came.

    The parts of a system are followed from the system, never from a part to its neighbours.
    """
    found = Neighbourhood(root, {root: 0})
    frontier = [root]
    for _ in range(depth):
        edges, is_complete = find_edges(frontier)
        found.is_complete &= is_complete
        reached: dict[str, int] = {}
        for parent, other, level, edge in _steps(found, frontier, sort_edges(edges), direction):
            if other in found.levels or other in reached:
                found.edges.add(edge)
            elif len(found.levels) + len(reached) < most:
                reached[other] = level
                found.edges.add(edge)
            else:
                found.hidden[parent] = found.hidden.get(parent, 0) + 1
        found.levels.update(reached)
        frontier = list(reached)
        if not frontier:
            break
    return found


def _steps(
    found: Neighbourhood, frontier: Sequence[str], edges: Iterable[Edge], direction: str
) -> Iterator[tuple[str, str, int, Edge]]:
    """Yield (from, to, level of to, edge) for steps that lead away from the root."""
    here = {ref: found.levels[ref] for ref in frontier}
    for edge in edges:
        level = here.get(edge.source)
        if level is not None and level >= 0 and direction != DEPENDENTS:
            yield edge.source, edge.target, level + 1, edge
        level = here.get(edge.target)
        if level is None or level > 0 or direction == DEPENDENCIES or edge.type == PART:
            continue
        yield edge.target, edge.source, level - 1, edge
