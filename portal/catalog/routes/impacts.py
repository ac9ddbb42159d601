"""Impact as its tab shows it: who breaks, who may, of which teams and tiers, and why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.impact import STANDING, STATES, STOPPING, judge_base, judge_stop
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.core.runtime import STRENGTHS
from portal.catalog.queries.entities import list_labels
from portal.catalog.queries.runtime import get_runtime_graph
from portal.catalog.routes import presenting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.catalog.core.impact import Impact, Step
    from portal.catalog.core.runtime import RuntimeGraph
    from portal.catalog.core.weak_spots import Edge
    from portal.catalog.models import Entity
    from portal.web.unit import Session

SHOWN, SHOWN_TEAMS, SHOWN_STEPS, SHOWN_SILENT = 50, 12, 8, 12
NO_IMPACT = frozenset({"group", "user", "domain", "system", "location", "template"})
WORDS = {
    STOPPING: ("breaks", "may break", "keeps running, loses something", "late, not lost"),
    STANDING: ("stops it", "may stop it", "it copes without", "makes it late"),
}
TONES = ("bad", "warn", "", "")


def present_impact(session: Session, entity: Entity) -> SimpleNamespace:
    """Return both halves of the tab: what breaks if an entity stops, and what it stands on."""
    graph = get_runtime_graph(session)
    root = graph.numbers.get(entity.ref)
    if root is None:
        return SimpleNamespace(halves=[], is_library=entity.entity_class == "library")
    both = [judge_stop(graph, root), judge_base(graph, root)]
    labels = list_labels(session, _list_refs(both))
    return SimpleNamespace(
        halves=[_present_half(one, labels, entity) for one in both],
        is_library=entity.entity_class == "library",
    )


def _list_refs(impacts: Sequence[Impact]) -> set[str]:
    """Return every reference the tab names, so that one query labels all."""
    found: set[str] = set()
    for impact in impacts:
        graph = impact.graph
        nodes = [*impact.hits[:SHOWN].tolist(), *(n for n, _ in impact.unstated[:SHOWN_SILENT])]
        nodes += [node for group in impact.passages.values() for node in group]
        if impact.deepest is not None:
            nodes.append(impact.deepest)
        for node in impact.hits[:SHOWN].tolist():
            steps = impact.explain(node)
            nodes += [end for step in steps for end in (step.source, step.target)]
            nodes += [step.api for step in steps if step.api is not None]
        found |= {graph.refs[node] for node in nodes}
        found |= {owner for owner in impact.count_by("owner") if owner}
    return found


def _present_half(impact: Impact, labels: Mapping[str, Any], entity: Entity) -> SimpleNamespace:
    graph, counts = impact.graph, impact.count()
    words = WORDS[impact.direction]
    kind, namespace, name = entity.kind, entity.namespace, entity.name.lower()
    return SimpleNamespace(
        is_stopping=impact.direction == STOPPING,
        total=len(impact.hits),
        counts=list(zip(words, counts[1:], TONES, strict=True)),
        heads={
            title: [(title[3:].capitalize(), "first")]
            + [(word, "num") for word, count in zip(words, counts[1:], strict=True) if count]
            for title in ("By team", "By tier")
        },
        teams=[
            SimpleNamespace(
                team=presenting.make_link(owner, labels),
                counts=dict(zip(words, found[1:], strict=True)),
            )
            for owner, found in list(impact.count_by("owner").items())[:SHOWN_TEAMS]
        ],
        more_teams=max(0, len(impact.count_by("owner")) - SHOWN_TEAMS),
        tiers=[
            SimpleNamespace(
                label=TIER_LABELS.get(int(tier)) if tier else None,
                counts=dict(zip(words, found[1:], strict=True)),
            )
            for tier, found in sorted(
                impact.count_by("tier").items(), key=lambda item: item[0] or "9"
            )
        ],
        rows=[_present_hit(impact, hit, labels) for hit in impact.hits[:SHOWN].tolist()],
        more=max(0, len(impact.hits) - SHOWN),
        silent=[
            SimpleNamespace(
                node=presenting.make_link(graph.refs[node], labels),
                count=count,
                url=dependencies_url(graph.refs[node]),
            )
            for node, count in impact.unstated[:SHOWN_SILENT]
        ],
        silent_total=sum(count for _, count in impact.unstated),
        more_silent=max(0, len(impact.unstated) - SHOWN_SILENT),
        not_followed=impact.not_followed,
        built_in=impact.built_in,
        passing=impact.passing,
        points=[
            (state, [presenting.make_link(graph.refs[node], labels) for node in nodes])
            for state, nodes in impact.passages.items()
            if nodes
        ],
        deepest=None if impact.deepest is None else int(impact.distances[impact.deepest]),
        farthest=_find_farthest(impact, labels),
        dependencies_url=dependencies_url(entity.ref),
        json_url=url_for(
            "catalog_api.show_impact",
            kind=kind,
            namespace=namespace,
            name=name,
            direction=impact.direction,
        ),
    )


def _find_farthest(impact: Impact, labels: Mapping[str, Any]) -> SimpleNamespace | None:
    if impact.deepest is None:
        return None
    return presenting.make_link(impact.graph.refs[impact.deepest], labels)


def _present_hit(impact: Impact, hit: int, labels: Mapping[str, Any]) -> SimpleNamespace:
    graph, state = impact.graph, int(impact.states[hit])
    node = present_node(graph, hit, labels)
    chain = impact.explain(hit)
    word = WORDS[impact.direction][state - 1]
    if STATES[state] in ("degrades", "falls_behind") and not impact.is_sure[hit]:
        word = f"perhaps: {word}"
    return SimpleNamespace(
        node=node.link,
        owner=node.owner,
        tier_label=node.tier_label,
        word=word,
        tone=TONES[state - 1],
        distance=int(impact.distances[hit]),
        chain=[present_step(graph, step, labels) for step in chain[:SHOWN_STEPS]],
        start=presenting.make_link(graph.refs[chain[0].source], labels),
        more_steps=max(0, len(chain) - SHOWN_STEPS),
    )


def present_node(graph: RuntimeGraph, node: int, labels: Mapping[str, Any]) -> SimpleNamespace:
    """Return a thing as links, with its team and tier."""
    row, tier = int(graph.rows[node]), int(graph.tiers[node])
    code = ABSENT if row == ABSENT else int(graph.columns.codes["owner"][row])
    owner = None if code == ABSENT else graph.columns.texts["owner"].texts[code]
    return SimpleNamespace(
        link=presenting.make_link(graph.refs[node], labels),
        owner=presenting.make_link(owner, labels),
        tier_label=None if tier == ABSENT else TIER_LABELS[tier],
    )


def present_step(
    graph: RuntimeGraph, step: Step | Edge, labels: Mapping[str, Any]
) -> SimpleNamespace:
    """Return an edge: how hard, on what, by which API."""
    api = None if step.api is None else graph.refs[step.api]
    return SimpleNamespace(
        strength=STRENGTHS[step.strength] or "unstated",
        target=presenting.make_link(graph.refs[step.target], labels),
        api=None if api is None else presenting.make_link(api, labels),
        choices=step.choices,
    )


def dependencies_url(ref: str) -> str:
    """Return the address of the page that states how hard an entity stands on things."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return url_for("catalog.dependencies", kind=kind, namespace=namespace, name=name)
