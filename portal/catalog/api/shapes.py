"""Shapes of the catalog's JSON answers, as openapi.json declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from portal.catalog.core.graph import sort_edges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.facets import FacetCount
    from portal.catalog.core.graph import Neighbourhood


class EntityItem(BaseModel):
    """An entity in a list: what it is, whose, what its words mean, where it was read.

    `fields` are the own fields read from it, by key; null where one has no value.
    """

    ref: str
    kind: str
    namespace: str
    name: str
    title: str | None
    description: str | None
    type: str | None
    entity_class: str | None
    lifecycle: str | None
    stage: str | None
    tier: int | None
    owner: str | None
    system: str | None
    tags: list[str]
    source: str
    file: str
    line: int
    updated_at: str
    fields: dict[str, Any]


class EntityList(BaseModel):
    """One page of entities; `next_cursor` is null on the last.

    `total_is` is `exact`, or `at_least` when a question finds more than 1,000.
    """

    items: list[EntityItem]
    total: int
    total_is: str
    next_cursor: str | None


class ContactItem(BaseModel):
    """Whom to turn to; `role` is on-call, product or security.

    `form` says what `value` is: entity, email, address or channel.
    """

    role: str
    form: str
    value: str


class EntityDocument(BaseModel):
    """An entity as Backstage writes it, with its relations and the own fields read from it.

    `co_owners` own it beside the accountable owner; `version` is what a change is made from,
    null for a past time.
    """

    model_config = ConfigDict(extra="allow")

    apiVersion: str  # noqa: N815 the format's own name
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any] | None = None
    relations: list[dict[str, str]]
    fields: dict[str, Any]
    co_owners: list[str]
    contacts: list[ContactItem]
    version: int | None


class ProblemItem(BaseModel):
    """Something wrong, where it stands and how to mend it."""

    severity: str
    rule: str
    ref: str | None
    source: str
    file: str
    document: int
    line: int
    path: str
    message: str
    fix: str


class ProblemList(BaseModel):
    """One page of problems; `next_cursor` is null on the last."""

    items: list[ProblemItem]
    total: int
    next_cursor: str | None


class GraphNode(BaseModel):
    """An entity of a graph; `level` is its distance, positive towards what the root stands on.

    `hidden` counts neighbours that are not among the nodes.
    """

    ref: str
    kind: str
    title: str
    type: str | None
    level: int
    in_catalog: bool
    hidden: int


class GraphEdge(BaseModel):
    """`source` stands on `target`; `criticality` is hard, soft, async or null when nobody said.

    With `built_in` one end is a library: the edge matters while building, not while running.
    """

    source: str
    target: str
    type: str
    criticality: str | None
    built_in: bool


class Graph(BaseModel):
    """A neighbourhood; not `complete` when something has more relations than are read."""

    root: str
    depth: int
    direction: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    complete: bool


class FacetValueItem(BaseModel):
    """A value and how many entities have it; null is *not set*."""

    value: str | None
    count: int


class FacetItem(BaseModel):
    """A facet's most frequent values; `more` counts the values left out."""

    facet: str
    values: list[FacetValueItem]
    more: int


class FacetList(BaseModel):
    """Facets of what a filter chooses; a facet's own filter is left out of its counts."""

    total: int
    total_is: str
    facets: list[FacetItem]


def write_facets(counted: Mapping[str, FacetCount]) -> list[dict[str, Any]]:
    """Return counted facets in the shape of FacetItem."""
    return [
        {
            "facet": name,
            "values": [
                *({"value": found.value, "count": found.count} for found in count.values),
                *([{"value": None, "count": count.not_set}] if count.not_set else []),
            ],
            "more": count.more,
        }
        for name, count in counted.items()
    ]


def write_graph(
    graph: Neighbourhood, labels: Mapping[str, Any], *, depth: int, direction: str
) -> dict[str, Any]:
    """Return a neighbourhood in the shape of Graph."""
    return {
        "root": graph.root,
        "depth": depth,
        "direction": direction,
        "nodes": [_write_node(graph, ref, labels.get(ref)) for ref in graph.levels],
        "edges": [
            {
                "source": e.source,
                "target": e.target,
                "type": e.type,
                "criticality": e.criticality,
                "built_in": e.is_built_in,
            }
            for e in sort_edges(graph.edges)
        ],
        "complete": graph.is_complete,
    }


def _write_node(graph: Neighbourhood, ref: str, label: Any) -> dict[str, Any]:
    kind, _, rest = ref.partition(":")
    return {
        "ref": ref,
        "kind": kind,
        "title": (label.title or label.name) if label else rest.partition("/")[2],
        "type": label.type if label else None,
        "level": graph.levels[ref],
        "in_catalog": label is not None,
        "hidden": graph.hidden.get(ref, 0),
    }
