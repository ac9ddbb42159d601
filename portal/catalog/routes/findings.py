"""Findings over the whole catalog: cycles, inversions, shared stores, single points, silence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request

from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.core.runtime import STRENGTHS
from portal.catalog.core.weak_spots import (
    CYCLES,
    INVERSIONS,
    KINDS,
    SHARED,
    SILENT,
    SINGLE_POINTS,
)
from portal.catalog.forms.impact import FindingsQuery
from portal.catalog.queries.entities import list_labels
from portal.catalog.queries.impact import NOT_SET, read_findings
from portal.catalog.routes import presenting
from portal.catalog.routes.addresses import current_url
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.impacts import dependencies_url, present_node, present_step
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.weak_spots import Cycle, Edge
    from portal.catalog.queries.impact import Findings

TITLES = {
    CYCLES: "Cycles",
    INVERSIONS: "Tier inversions",
    SHARED: "Shared databases",
    SINGLE_POINTS: "Single points",
    SILENT: "Not stated",
}
CLOSED = {
    "hard": ("closed", "bad", "by hard edges alone"),
    "unstated": ("may be closed", "warn", "unless an unstated edge is soft or async"),
    "loose": ("loose", "", "only with soft or async edges"),
}
SHOWN_MEMBERS = 12


@blueprint.get("/catalog/findings")
@requires("catalog:entity:read")
def findings() -> str:
    """List what the runtime graph shows as a whole, for all teams or one."""
    session = get_session()
    query = parse_arguments(FindingsQuery, request.args)
    kinds = query.kind or KINDS
    found = read_findings(session, kinds=kinds, owner=query.owner_ref, limit=query.limit)
    labels = list_labels(session, _list_refs(found))
    return render(
        "catalog/findings.html",
        kinds=[(kind, TITLES[kind]) for kind in KINDS],
        chosen=query.kind[0] if len(query.kind) == 1 else "",
        shown=set(kinds),
        owner=query.owner or "",
        totals=found.totals,
        limit=query.limit,
        edge_counts=dict(zip((w or "unstated" for w in STRENGTHS), found.edge_counts, strict=True)),
        cycles=[_present_cycle(found, one, labels) for one in found.cycles],
        inversions=[_present_inversion(found, one, labels) for one in found.inversions],
        untiered=[_present_inversion(found, one, labels) for one in found.untiered],
        untiered_total=found.totals.get(NOT_SET, 0),
        shared=_present_shared(found, labels),
        points=_present_points(found, labels),
        silent=[
            SimpleNamespace(
                node=present_node(found.graph, node, labels),
                count=count,
                url=dependencies_url(found.graph.refs[node]),
            )
            for node, count in found.silent
        ],
        json_url=current_url("catalog_api.list_findings"),
    )


def _list_refs(found: Findings) -> set[str]:
    graph = found.graph
    nodes = {node for one in found.cycles for node in one.nodes[:SHOWN_MEMBERS]}
    for edge in (*found.inversions, *found.untiered, *(e for c in found.cycles for e in c.edges)):
        nodes |= {edge.source, edge.target} | ({edge.api} - {None} if edge.api else set())
    for one in found.shared:
        nodes |= {one.node, *one.dependents[:SHOWN_MEMBERS]}
    nodes |= {one.node for one in found.single_points} | {node for node, _ in found.silent}
    owners = graph.read("owner")
    texts = graph.columns.texts["owner"].texts
    codes = {int(owners[node]) for node in nodes} | {c for one in found.shared for c in one.owners}
    return {graph.refs[node] for node in nodes} | {texts[code] for code in codes if code >= 0}


def _present_cycle(found: Findings, one: Cycle, labels: Mapping[str, Any]) -> SimpleNamespace:
    graph = found.graph
    return SimpleNamespace(
        members=[
            presenting.make_link(graph.refs[node], labels) for node in one.nodes[:SHOWN_MEMBERS]
        ],
        more=max(0, len(one.nodes) - SHOWN_MEMBERS),
        count=len(one.nodes),
        closed=CLOSED[one.closed_by],
        edges=[
            SimpleNamespace(
                source=presenting.make_link(graph.refs[edge.source], labels),
                step=present_step(graph, edge, labels),
            )
            for edge in one.edges[:SHOWN_MEMBERS]
        ],
        edge_count=len(one.edges),
        unstated=one.count_unstated(),
    )


def _present_inversion(found: Findings, edge: Edge, labels: Mapping[str, Any]) -> SimpleNamespace:
    graph = found.graph
    tiers = [int(graph.tiers[node]) for node in (edge.source, edge.target)]
    return SimpleNamespace(
        source=presenting.make_link(graph.refs[edge.source], labels),
        step=present_step(graph, edge, labels),
        source_tier=TIER_LABELS.get(tiers[0]),
        target_tier=TIER_LABELS.get(tiers[1]),
    )


def _present_shared(found: Findings, labels: Mapping[str, Any]) -> list[SimpleNamespace]:
    graph = found.graph
    owners = graph.columns.texts["owner"].texts
    return [
        SimpleNamespace(
            node=present_node(graph, one.node, labels),
            owners=[presenting.make_link(owners[code], labels) for code in one.owners],
            systems=len(one.systems),
            dependents=[
                presenting.make_link(graph.refs[node], labels)
                for node in one.dependents[:SHOWN_MEMBERS]
            ],
            count=len(one.dependents),
            more=max(0, len(one.dependents) - SHOWN_MEMBERS),
        )
        for one in found.shared
    ]


def _present_points(found: Findings, labels: Mapping[str, Any]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            node=present_node(found.graph, one.node, labels),
            breaks=one.breaks,
            may_break=one.may_break,
            owners=one.owners,
            critical_breaks=one.critical_breaks,
            critical_may_break=one.critical_may_break,
        )
        for one in found.single_points
    ]
