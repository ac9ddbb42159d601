"""A neighbourhood as its drawing and its table show it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.graph import (
    BOTH,
    DEPENDENCIES,
    DEPENDENTS,
    PART,
    PROVIDES,
    sort_edges,
)
from portal.catalog.core.layout import NODE_HEIGHT, NODE_WIDTH, draw
from portal.catalog.routes import presenting
from portal.catalog.routes.addresses import current_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.graph import Edge, Neighbourhood

LONGEST_LABEL, LONGEST_BOLD = 24, 22
UNSTATED, BUILT_IN = "unstated", "built_in"
WORDS = {
    "dependsOn": "depends on",
    "consumesApi": "consumes",
    "providesApi": "is provided by",
    "partOf": "has part",
}
DIRECTIONS = (
    (BOTH, "Both sides"),
    (DEPENDENCIES, "What it stands on"),
    (DEPENDENTS, "What stands on it"),
)


def present_graph(
    graph: Neighbourhood, labels: Mapping[str, Any], *, depth: int, direction: str
) -> SimpleNamespace:
    """Return boxes, lines, table rows and controls of a neighbourhood."""
    drawing = draw(graph)
    links = {ref: _present_node(ref, graph, labels) for ref in graph.levels}
    return SimpleNamespace(
        width=drawing.width,
        height=drawing.height,
        node_width=NODE_WIDTH,
        node_height=NODE_HEIGHT,
        boxes=[SimpleNamespace(x=b.x, y=b.y, node=links[b.ref]) for b in drawing.boxes],
        lines=[
            SimpleNamespace(path=line.path, strength=say_strength(line.edge))
            for line in drawing.lines
        ],
        rows=[
            SimpleNamespace(
                source=links[edge.source],
                word=WORDS[edge.type],
                target=links[edge.target],
                strength=say_strength(edge),
            )
            for edge in sort_edges(graph.edges)
        ],
        count=len(graph.levels) - 1,
        hidden=graph.beyond,
        edge_count=len(graph.edges),
        is_complete=graph.is_complete,
        depth=depth,
        direction=direction,
        depths=[(n, current_url(tab="graph", depth=n)) for n in (1, 2, 3)],
        directions=[(n, label, current_url(tab="graph", direction=n)) for n, label in DIRECTIONS],
    )


def say_strength(edge: Edge) -> str:
    """Return how hard an edge is; nothing where there is nothing to state."""
    if edge.is_built_in:
        return BUILT_IN
    if edge.type in (PROVIDES, PART):
        return ""
    return edge.criticality or UNSTATED


def _present_node(ref: str, graph: Neighbourhood, labels: Mapping[str, Any]) -> SimpleNamespace:
    link = presenting.make_link(ref, labels)
    label = "" if link is None else str(link.label)
    kind = ref.partition(":")[0]
    most = LONGEST_BOLD if ref == graph.root else LONGEST_LABEL
    return SimpleNamespace(
        ref=ref,
        label=label,
        short=label if len(label) <= most else f"{label[: most - 1]}…",
        url=None if link is None else link.url,
        note=(link.type if link and link.type else None) or presenting.say_kind(kind),
        kind=kind,
        is_root=ref == graph.root,
        more=graph.hidden.get(ref, 0),
    )
