"""What breaks if something stops, judged against a naive reading of the rules and by hand."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given

from portal.catalog.core.impact import STATES, judge_base, judge_stop
from portal.catalog.core.runtime import STRENGTH_CODES
from portal.catalog.queries.runtime import get_runtime_graph, get_weak_spots
from tests.unit.runtime_graphs import DEPENDS, PROVIDES, SAID, Naive, make_graph

CASES = json.loads((Path(__file__).parent.parent / "cases" / "impact.json").read_text())


def read(graph, impact) -> dict[str, str]:
    return {graph.refs[hit]: STATES[impact.states[hit]] for hit in impact.hits.tolist()}


@given(DEPENDS, PROVIDES, SAID)
def test_every_stop_is_judged_as_the_rules_say(depends, provides, said):
    graph = make_graph(depends, provides, said)
    naive = Naive(depends, provides, said)
    assert set(graph.refs) >= naive.nodes
    for ref in naive.nodes:
        impact = judge_stop(graph, graph.numbers[ref])
        assert read(graph, impact) == naive.judge(ref), ref
        far = naive.distance(ref, {"hard", None})
        for hit in impact.hits.tolist():
            assert impact.is_sure[hit] == naive.is_sure(ref, graph.refs[hit])
            if STATES[impact.states[hit]] == "may_break":
                assert impact.distances[hit] == far[graph.refs[hit]]


@given(DEPENDS, PROVIDES, SAID)
def test_what_it_stands_on_is_what_breaks_it_seen_from_the_other_end(depends, provides, said):
    graph = make_graph(depends, provides, said)
    naive = Naive(depends, provides, said)
    stops = {ref: naive.judge(ref) for ref in naive.nodes}
    for ref in naive.nodes:
        if not naive.counts(ref):
            continue
        expected = {
            other: found[ref]
            for other, found in stops.items()
            if ref in found and naive.counts(other)
        }
        assert read(graph, judge_base(graph, graph.numbers[ref])) == expected, ref


@given(DEPENDS, PROVIDES, SAID)
def test_every_hit_is_explained_by_edges_that_are_there(depends, provides, said):
    graph = make_graph(depends, provides, said)
    naive = Naive(depends, provides, said)
    for ref, judge in product(sorted(naive.nodes), (judge_stop, judge_base)):
        root = graph.numbers[ref]
        impact = judge(graph, root)
        for hit in impact.hits.tolist():
            chain = impact.explain(hit)
            ends = (hit, root) if judge is judge_stop else (root, hit)
            assert (chain[0].source, chain[-1].target) == ends
            for step, after in pairwise(chain):
                assert step.target == after.source
            words = []
            for step in chain:
                one, other = graph.refs[step.source], graph.refs[step.target]
                if step.api is not None:
                    assert other in naive.providers[graph.refs[step.api]]
                    other = graph.refs[step.api]
                elif one in naive.providers and other in naive.providers[one]:
                    continue
                words.append(naive.edges[one, other])
                assert STRENGTH_CODES[words[-1]] == step.strength
            state = STATES[impact.states[hit]]
            loose = [word for word in words if word in ("soft", "async")]
            assert loose == {"degrades": ["soft"], "falls_behind": ["async"]}.get(state, [])
            if state == "breaks":
                assert set(words) <= {"hard"}


def shorten(ref: str) -> str:
    return ref.replace("default/", "")


@pytest.mark.parametrize(("part", "judge"), [("impact", judge_stop), ("stands_on", judge_base)])
def test_the_demo_company_by_hand(demo, part, judge):
    with demo.unit(write=False) as session:
        graph = get_runtime_graph(session)
        for case in CASES[part]:
            kind, name = case["entity"].split(":")
            impact = judge(graph, graph.numbers[f"{kind}:default/{name}"])
            for state in STATES[1:]:
                found = [
                    [shorten(graph.refs[hit]), int(impact.distances[hit])]
                    for hit in impact.hits.tolist()
                    if STATES[impact.states[hit]] == state
                ]
                assert sorted(found) == sorted(case[state]), (case["entity"], state)
            for column in ("owner", "tier"):
                expected = case.get(f"{column}s")
                counted = {
                    (value or "-").rpartition("/")[2]: sum(counts)
                    for value, counts in impact.count_by(column).items()
                }
                assert expected is None or counted == expected
        _, spots = get_weak_spots(session)
        cycles = [[shorten(graph.refs[n]) for n in one.nodes] for one in spots.cycles]
        shared = {
            shorten(graph.refs[one.node]): [shorten(graph.refs[n]) for n in one.dependents]
            for one in spots.shared
        }
    assert (cycles, shared) == (CASES["findings"]["cycles"], CASES["findings"]["shared"])
