"""Places a neighbourhood on paper: one column per level, left to right, few crossings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.catalog.core.graph import sort_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.core.graph import Edge, Neighbourhood

NODE_WIDTH, NODE_HEIGHT = 190, 40
GAP_X, GAP_Y = 76, 12
MARGIN = 8
BEND = 40
PASSES = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place; x and y are its upper left corner, in pixels."""

    ref: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """An edge's path, as SVG writes it."""

    edge: Edge
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and lines within `width` by `height` pixels."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def draw(graph: Neighbourhood) -> Drawing:
    """Return the drawing of a neighbourhood; the same graph gives the same drawing."""
    columns = _order(graph)
    levels = sorted(columns)
    tallest = max(len(column) for column in columns.values())
    height = tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    places: dict[str, Box] = {}
    for index, level in enumerate(levels):
        column = columns[level]
        top = (height - (len(column) * (NODE_HEIGHT + GAP_Y) - GAP_Y)) // 2
        for place, ref in enumerate(column):
            x = MARGIN + index * (NODE_WIDTH + GAP_X)
            places[ref] = Box(ref, x, top + place * (NODE_HEIGHT + GAP_Y))
    width = len(levels) * (NODE_WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    last = levels[-1]
    if any(graph.levels[e.source] == graph.levels[e.target] == last for e in graph.edges):
        width += BEND  # such edges leave and arrive on the right, where nothing else gives room
    lines = tuple(
        _connect(edge, places[edge.source], places[edge.target]) for edge in _draw_once(graph)
    )
    return Drawing(tuple(places.values()), lines, width, height)


def _draw_once(graph: Neighbourhood) -> Sequence[Edge]:
    """Return edges sorted, the strongest of each pair; the table says every type."""
    pairs: dict[tuple[str, str], Edge] = {}
    for edge in sort_edges(graph.edges):
        pair = (edge.source, edge.target)
        if pair not in pairs or _weigh(edge) > _weigh(pairs[pair]):
            pairs[pair] = edge
    return list(pairs.values())


def _weigh(edge: Edge) -> int:
    if edge.is_built_in:
        return -1
    return {"async": 0, "soft": 1, None: 2, "hard": 3}.get(edge.criticality, 2)


def _order(graph: Neighbourhood) -> dict[int, list[str]]:
    """Return the refs of each level, ordered by where their neighbours stand (barycentres)."""
    columns: dict[int, list[str]] = {}
    for ref, level in sorted(graph.levels.items()):
        columns.setdefault(level, []).append(ref)
    near: dict[str, list[str]] = {ref: [] for ref in graph.levels}
    for edge in sort_edges(graph.edges):
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    outwards = sorted(columns, key=abs)
    for turn in range(PASSES):
        place = {r: i / len(c) for c in columns.values() for i, r in enumerate(c)}
        for level in outwards if turn % 2 == 0 else reversed(outwards):
            column = columns[level]
            column.sort(key=lambda ref: (_mean([place[n] for n in near[ref]]), ref))
            place.update({ref: index / len(column) for index, ref in enumerate(column)})
    return columns


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _connect(edge: Edge, source: Box, target: Box) -> Line:
    """Return a curve from the right of what stands to the left of what it stands on.

    Within a column, or back to the left, it leaves and arrives on the right side.
    """
    start_y, end_y = source.y + NODE_HEIGHT // 2, target.y + NODE_HEIGHT // 2
    start_x = source.x + NODE_WIDTH
    if target.x > source.x:
        end_x = target.x - 2
        bend = (end_x - start_x) // 2
        curve = f"{start_x + bend} {start_y} {end_x - bend} {end_y}"
        path = f"M{start_x} {start_y}C{curve} {end_x} {end_y}"
    elif source == target:
        path = f"M{start_x} {start_y - 8}c30 -14 30 30 2 16"
    else:
        end_x = target.x + NODE_WIDTH
        curve = f"{start_x + BEND} {start_y} {end_x + BEND} {end_y}"
        path = f"M{start_x} {start_y}C{curve} {end_x + 2} {end_y}"
    return Line(edge, path)
