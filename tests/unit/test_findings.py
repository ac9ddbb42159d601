"""Cycles, single points, tiers and shared stores, against plain searches."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from portal.catalog.core.impact import judge_base
from portal.catalog.core.single_points import estimate_reach, rank_single_points
from portal.catalog.core.spreading import MAYBE, ONLY_HARD
from portal.catalog.core.weak_spots import find_weak_spots
from tests.unit.runtime_graphs import (
    APIS,
    DEPENDS,
    LIBRARY,
    PROVIDES,
    SAID,
    THINGS,
    Naive,
    make_graph,
)


def reach(ahead, start, without=None) -> set[str]:
    found, frontier = {start}, {start}
    while frontier:
        frontier = {end for node in frontier for end in ahead.get(node, ())} - found - {without}
        found |= frontier
    return found


@given(DEPENDS)
def test_single_points_cannot_be_got_round(depends):
    plain = {pair: word for pair, word in depends.items() if pair[1] not in APIS}
    graph = make_graph(plain, set())
    naive = Naive(plain, set(), {})
    for words, name in (({"hard"}, "breaks"), ({"hard", None}, "may_break")):
        ahead: dict[str, set[str]] = {}
        for (one, other), word in naive.edges.items():
            if word in words and one != other:
                ahead.setdefault(one, set()).add(other)
        for root in naive.nodes:
            below = {node: reach(ahead, node) for node in reach(ahead, root)}
            ends = {n for n, reached in below.items() if all(n in below[m] for m in reached)}
            alone = {n for n, reached in below.items() if sum(n in below[m] for m in reached) == 1}
            expected = {
                node
                for node in alone - {root}
                if not ends & (reach(ahead, root, without=node) - {node})
            }
            passages = judge_base(graph, graph.numbers[root]).passages
            found = {graph.refs[n] for n in passages["breaks"]}
            if name == "may_break":
                found |= {graph.refs[n] for n in passages["may_break"]}
                assert expected <= found
            else:
                assert expected == found


@given(DEPENDS, PROVIDES, SAID)
def test_cycles_are_what_leads_back_to_itself(depends, provides, said):
    graph = make_graph(depends, provides, said)
    naive = Naive(depends, provides, said)

    def resolve(words):
        ahead: dict[str, set[str]] = {}
        for (one, other), word in naive.edges.items():
            providers = naive.providers.get(other)
            is_one_of = len(providers or ()) > 1 and word == "hard"
            if (None if is_one_of else word) in words:
                ahead.setdefault(one, set()).update(providers or {other})
        return ahead

    def connect(words):
        ahead = resolve(words)
        below = {node: reach(ahead, node) for node in naive.nodes}
        return {frozenset(m for m in below[n] if n in below[m]) for n in naive.nodes} - {
            frozenset({n}) for n in naive.nodes
        }

    expected = connect({"hard", "soft", "async", None})
    cycles = find_weak_spots(graph).cycles
    assert {frozenset(graph.refs[n] for n in one.nodes) for one in cycles} == expected
    for one in cycles:
        held = {graph.refs[n] for n in one.nodes}
        hard = any(part <= held for part in connect({"hard"}))
        maybe = any(part <= held for part in connect({"hard", None}))
        assert one.closed_by == ("hard" if hard else "unstated" if maybe else "loose")


def test_tiers_owners_and_silence_make_findings():
    a, b, c, d, e, f = *THINGS, "component:default/f"
    graph = make_graph(
        {(a, b): "hard", (a, c): None, (a, d): "soft", (a, e): None, (f, e): "hard", (b, e): None},
        set(),
        tier={a: "0", b: "1", c: "3", d: "3", f: "2"},
        owner={a: "group:default/x", b: "group:default/x", f: "group:default/y"},
        **{"class": {e: "data_store", LIBRARY: "library"}},
    )
    found = find_weak_spots(graph)

    def name(edges):
        return [(graph.refs[one.source], graph.refs[one.target]) for one in edges]

    assert name(found.inversions) == [(a, b), (a, c)]
    # A tier nobody set is never taken for the lowest: these stand apart.
    assert name(found.untiered) == [(a, e), (b, e)]
    (shared,) = found.shared
    assert graph.refs[shared.node] == e
    assert [graph.refs[n] for n in shared.dependents] == [a, b, f]
    assert len(shared.owners) == 2
    assert [(graph.refs[n], count) for n, count in found.silent] == [(a, 2), (b, 1)]
    assert found.edge_counts == (3, 2, 1, 0)
    estimates = (estimate_reach(graph, ONLY_HARD), estimate_reach(graph, MAYBE))
    ranked = rank_single_points(graph, estimates, np.ones(len(graph), np.bool_))
    assert [(graph.refs[p.node], p.breaks, p.may_break) for p in ranked] == [
        (e, 1, 2),
        (b, 1, 0),
        (c, 0, 1),
    ]


def test_reach_is_estimated_well_enough_to_choose_what_is_counted():
    depends = {
        (f"component:default/n{n}", f"component:default/n{n // 2}"): "hard" for n in range(2, 2000)
    }
    graph = make_graph(depends, set())
    estimates = estimate_reach(graph, ONLY_HARD)
    top = graph.numbers["component:default/n1"]
    assert 1000 < estimates[top] < 4000
    ranked = rank_single_points(graph, (estimates, estimates), np.ones(len(graph), np.bool_))
    assert [graph.refs[p.node].rpartition("/")[2] for p in ranked[:3]] == ["n1", "n2", "n3"]
    assert [p.breaks for p in ranked[:3]] == [1998, 1022, 974]
