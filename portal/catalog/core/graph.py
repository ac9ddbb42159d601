"""The neighbourhood of an entity: who stands on whom, to a depth, without losing count.

An edge runs from what stands to what it stands on: a component to what it depends on and to the
APIs it consumes, an API to the component that provides it, a system or domain to its parts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

DEPENDENCIES, DEPENDENTS, BOTH = "dependencies", "dependents", "both"
MOST_NODES = 200
DEPENDS = ("dependsOn", "consumesApi")
PROVIDES = "providesApi"
PART = "partOf"
TYPES = (*DEPENDS, PROVIDES, PART)
COMPONENT = "component:"
WHOLES = ("system:", "domain:", COMPONENT)


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` stands on `target`; `criticality` is hard, soft, async or not said.

    One that `is_built_in` matters while building: an end of it is a library.
    """

    source: str
    target: str
    type: str
    criticality: str | None = None
    is_built_in: bool = False


@dataclass(slots=True)
class Neighbourhood:
    """Nodes by ref with their level (what the root stands on is positive), every edge between them.

    `hidden` maps a node to how many neighbours the next step from it would add, `beyond` counts
    these once each; `is_complete` is off when there are so many that they were not all read.
    """

    root: str
    levels: dict[str, int]
    edges: set[Edge] = field(default_factory=set)
    hidden: dict[str, int] = field(default_factory=dict)
    beyond: int = 0
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which edges to read: from `ahead`, to `behind`, and with both ends in `among`."""

    ahead: Sequence[str]
    behind: Sequence[str]
    among: Sequence[str] = ()


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


def judge_edges(
    edges: Iterable[Edge],
    find_strength: Callable[[str, str], str | None],
    is_built_in: Callable[[str, str], bool],
) -> set[Edge]:
    """Return edges with all that is known of them: what a relation alone does not hold."""
    return {
        replace(
            edge,
            criticality=edge.criticality or find_strength(edge.source, edge.target),
            is_built_in=is_built_in(edge.source, edge.target)
            or is_built_in(edge.target, edge.source),
        )
        if edge.type != PART
        else edge
        for edge in edges
    }


def walk(
    root: str,
    find_edges: Callable[[Wanted], tuple[Iterable[Edge], bool]],
    *,
    depth: int,
    direction: str,
    most: int = MOST_NODES,
) -> Neighbourhood:
    """Walk outwards level by level; `find_edges` gives the edges wanted, and whether all came.

    The outermost nodes are looked at too, to count what would come next. The parts of a system
    are followed from the system, never from a part to its neighbours; those of a component both
    ways.
    """
    found = Neighbourhood(root, {root: 0})
    frontier = [root]
    seen: set[Edge] = set()
    missed: set[tuple[str, str]] = set()
    for step in range(depth + 1):
        is_last = step == depth or not frontier
        edges, is_complete = find_edges(_choose(found, frontier, direction, is_last=is_last))
        found.is_complete &= is_complete
        seen.update(edges)
        room = 0 if is_last else most - len(found.levels)
        reached: dict[str, int] = {}
        for parent, other, level in _steps(found, frontier, sort_edges(edges), direction):
            if other in found.levels or other in reached:
                continue
            if len(reached) < room:
                reached[other] = level
            else:
                missed.add((parent, other))
        found.levels.update(reached)
        frontier = list(reached)
        if is_last:
            break
    found.edges = {e for e in seen if e.source in found.levels and e.target in found.levels}
    found.hidden = dict(Counter(parent for parent, _ in missed))
    found.beyond = len({other for _, other in missed})
    return found


def _choose(
    found: Neighbourhood, frontier: Sequence[str], direction: str, *, is_last: bool
) -> Wanted:
    """Return what leads away from the frontier; at last also what lies between all nodes."""
    return Wanted(
        [ref for ref in frontier if found.levels[ref] >= 0 and direction != DEPENDENTS],
        [ref for ref in frontier if found.levels[ref] <= 0 and direction != DEPENDENCIES],
        list(found.levels) if is_last else (),
    )


def _steps(
    found: Neighbourhood, frontier: Sequence[str], edges: Iterable[Edge], direction: str
) -> Iterator[tuple[str, str, int]]:
    """Yield (from, to, level of to) for steps that lead away from the root."""
    here = {ref: found.levels[ref] for ref in frontier}
    for edge in edges:
        level = here.get(edge.source)
        if level is not None and level >= 0 and direction != DEPENDENTS:
            yield edge.source, edge.target, level + 1
        level = here.get(edge.target)
        if level is None or level > 0 or direction == DEPENDENCIES:
            continue
        if edge.type == PART and not edge.source.startswith(COMPONENT):
            continue
        yield edge.target, edge.source, level - 1
