"""Impact, findings and dependencies in the shapes of their JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.impact import STATES
from portal.catalog.core.runtime import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.core.impact import Impact, Step
    from portal.catalog.core.runtime import RuntimeGraph
    from portal.catalog.core.weak_spots import Edge
    from portal.catalog.queries.dependencies import Dependency
    from portal.catalog.queries.impact import Findings


def write_node(graph: RuntimeGraph, node: int) -> dict[str, Any]:
    """Return a node in the shape of Node."""
    row, ref, tier = int(graph.rows[node]), graph.refs[node], int(graph.tiers[node])
    columns = graph.columns
    owner = ABSENT if row == ABSENT else int(columns.codes["owner"][row])
    is_known = row != ABSENT
    title = (columns.titles[row] or columns.names[row]) if is_known else ref.rpartition("/")[2]
    return {
        "ref": ref,
        "title": title,
        "owner": None if owner == ABSENT else columns.texts["owner"].texts[owner],
        "tier": None if tier == ABSENT else tier,
        "in_catalog": is_known,
    }


def write_edge(graph: RuntimeGraph, edge: Edge | Step) -> dict[str, Any]:
    """Return an edge in the shape of EdgeItem."""
    return {
        "source": graph.refs[edge.source],
        "target": graph.refs[edge.target],
        "criticality": STRENGTHS[edge.strength],
        "api": None if edge.api is None else graph.refs[edge.api],
        "providers": edge.choices,
    }


def write_hit(impact: Impact, hit: int) -> dict[str, Any]:
    """Return a hit in the shape of Hit."""
    return {
        **write_node(impact.graph, hit),
        "state": STATES[impact.states[hit]],
        "is_sure": bool(impact.is_sure[hit]),
        "distance": int(impact.distances[hit]),
        "because": [write_edge(impact.graph, step) for step in impact.explain(hit)],
    }


def write_counts(counts: Sequence[int]) -> dict[str, int]:
    """Return counts in the shape of Counts."""
    return dict(zip(STATES[1:], counts[1:], strict=True))


def write_impact(impact: Impact, hits: Sequence[int], next_cursor: str | None) -> dict[str, Any]:
    """Return an impact in the shape of ImpactAnswer."""
    graph = impact.graph
    return {
        "root": graph.refs[impact.root],
        "direction": impact.direction,
        "counts": write_counts(impact.count()),
        "by_owner": [
            {"owner": owner, **write_counts(counts)}
            for owner, counts in impact.count_by("owner").items()
        ],
        "by_tier": [
            {"tier": None if tier is None else int(tier), **write_counts(counts)}
            for tier, counts in impact.count_by("tier").items()
        ],
        "unstated_edges": sum(count for _, count in impact.unstated),
        "unstated_by": [{"ref": graph.refs[n], "edges": count} for n, count in impact.unstated],
        "not_followed": impact.not_followed,
        "built_in_edges": impact.built_in,
        "ephemeral": impact.passing,
        "single_points": {
            state: [graph.refs[node] for node in nodes] for state, nodes in impact.passages.items()
        },
        "deepest": None if impact.deepest is None else write_hit(impact, impact.deepest),
        "hits": [write_hit(impact, hit) for hit in hits],
        "next_cursor": next_cursor,
    }


def write_no_impact(ref: str, direction: str) -> dict[str, Any]:
    """Return the same for what has no edges."""
    nothing = write_counts([0] * len(STATES))
    return {
        "root": ref,
        "direction": direction,
        "counts": nothing,
        "by_owner": [],
        "by_tier": [],
        "unstated_edges": 0,
        "unstated_by": [],
        "not_followed": 0,
        "built_in_edges": 0,
        "ephemeral": 0,
        "single_points": {},
        "deepest": None,
        "hits": [],
        "next_cursor": None,
    }


def write_findings(found: Findings) -> dict[str, Any]:
    """Return findings in the shape of FindingsAnswer."""
    graph = found.graph
    names = {
        word or "unstated": count for word, count in zip(STRENGTHS, found.edge_counts, strict=True)
    }

    def tiers(edge: Edge) -> dict[str, Any]:
        ends = (("source_tier", edge.source), ("target_tier", edge.target))
        return {name: write_node(graph, node)["tier"] for name, node in ends}

    def read(name: str, codes: Sequence[int]) -> list[str]:
        return [graph.columns.texts[name].texts[code] for code in codes]

    return {
        "totals": found.totals,
        "edges": names,
        "cycles": [
            {
                "members": [write_node(graph, node) for node in one.nodes],
                "closed_by": one.closed_by,
                "unstated_edges": one.count_unstated(),
                "edges": [write_edge(graph, edge) for edge in one.edges],
            }
            for one in found.cycles
        ],
        "tier_inversions": [{**write_edge(graph, e), **tiers(e)} for e in found.inversions],
        "tier_not_set": [{**write_edge(graph, e), **tiers(e)} for e in found.untiered],
        "shared_databases": [
            {
                "store": write_node(graph, one.node),
                "owners": read("owner", one.owners),
                "systems": read("system", one.systems),
                "dependents": [write_node(graph, node) for node in one.dependents],
            }
            for one in found.shared
        ],
        "single_points": [
            {
                **write_node(graph, one.node),
                "breaks": one.breaks,
                "may_break": one.may_break,
                "owners": one.owners,
                "critical_breaks": one.critical_breaks,
                "critical_may_break": one.critical_may_break,
            }
            for one in found.single_points
        ],
        "unstated": [{"ref": graph.refs[n], "edges": count} for n, count in found.silent],
    }


def write_dependency(one: Dependency) -> dict[str, Any]:
    """Return an edge in the shape of DependencyItem."""
    return {
        "ref": one.ref,
        "type": one.type,
        "stated": one.stated,
        "counts_as": one.counts_as,
        "behind": one.is_behind,
        "built_in": one.is_built_in,
    }
