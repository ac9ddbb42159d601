"""What breaks if something stops, judged against a naive reading of the rules and by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalog.core.columns import ABSENT, CODED, Codes, ColumnRow, build_columns, make_texts
from portal.catalog.core.impact import STATES, judge_base, judge_stop
from portal.catalog.core.runtime import STRENGTH_CODES, StoredEdges
from portal.catalog.core.runtime_building import build_graph
from portal.catalog.core.single_points import estimate_reach, rank_single_points
from portal.catalog.core.spreading import MAYBE, ONLY_HARD
from portal.catalog.core.weak_spots import find_weak_spots
from portal.catalog.queries.runtime import get_runtime_graph, get_weak_spots

CASES = json.loads((Path(__file__).parent.parent / "cases" / "impact.json").read_text())
NOW = datetime(2026, 3, 1, tzinfo=UTC)
THINGS = [f"component:default/{letter}" for letter in "abcdef"]
LIBRARY = "component:default/library"
APIS = [f"api:default/{number}" for number in "12"]
WORDS = st.sampled_from([None, None, "hard", "hard", "soft", "async"])
TARGETS = st.sampled_from([*THINGS, *APIS, LIBRARY])
DEPENDS = st.dictionaries(st.tuples(st.sampled_from(THINGS), TARGETS), WORDS, max_size=14)
PROVIDES = st.sets(
    st.tuples(st.sampled_from([*THINGS, LIBRARY]), st.sampled_from(APIS)), max_size=4
)
SAID = st.dictionaries(
    st.tuples(st.sampled_from(THINGS), st.sampled_from(THINGS)), WORDS, max_size=4
)


def make_graph(depends, provides, said=(), **columns):
    """Return a runtime graph; `columns` map a column to what it says of references."""
    refs = Codes()
    named = {end for pair in [*depends, *provides] for end in pair}
    everything = sorted({*THINGS, *APIS, LIBRARY, *named})
    rows = []
    for number, ref in enumerate(everything, 1):
        kind, _, rest = ref.partition(":")
        coded = dict.fromkeys(CODED) | {"kind": kind, "namespace": "default"}
        coded["class"] = "library" if ref == LIBRARY else "service"
        coded |= {name: known.get(ref, coded[name]) for name, known in columns.items()}
        rows.append(ColumnRow(number, rest.partition("/")[2], None, 0.0, (), coded))
    codes = [refs.encode(ref) for ref in everything]
    stated = {**depends, **dict(said)}
    edges = [(s, 0, s, t, word) for (s, t), word in depends.items()]
    edges += [(s, 1, s, t, None) for s, t in sorted(provides)]
    table = np.array(
        [
            (refs.encode(by), sort, refs.encode(s), refs.encode(t), STRENGTH_CODES[word])
            for by, sort, s, t, word in edges
        ],
        np.int64,
    ).reshape(-1, 5)
    spoken: dict[int, dict[int, int]] = {}
    for (one, other), word in stated.items():
        if word:
            spoken.setdefault(refs.encode(one), {})[refs.encode(other)] = STRENGTH_CODES[word]
    ids = np.full(len(refs.texts), ABSENT, np.int64)
    ids[codes] = np.arange(1, len(codes) + 1)
    stored = StoredEdges(1, NOW, refs, ids, *table.T, said=spoken)
    return build_graph(stored, build_columns(rows, make_texts(), revision=1, now=NOW))


class Naive:
    """The rules read once more, with sets and repetition and no thought for speed."""

    def __init__(self, depends, provides, said) -> None:
        self.providers = {api: {p for p, a in provides if a == api} - {LIBRARY} for api in APIS}
        self.edges = {}
        for (one, other), word in depends.items():
            # An edge to itself says nothing of others.
            if LIBRARY in (one, other):
                continue
            own = word or said.get((one, other))
            self.edges[one, other] = own or self.say(one, other, depends, said)
        self.nodes = {end for pair in self.edges for end in pair}
        self.nodes |= {end for p, a in provides if p != LIBRARY for end in (p, a)}

    def say(self, one, api, depends, said):
        words = [depends.get((one, p)) or said.get((one, p)) for p in self.providers.get(api, ())]
        if "hard" in words:
            return "hard"
        if None in words or not words:
            return None
        return "soft" if "soft" in words else "async"

    def stop(self, root, words, every):
        """Return what stops with `root` over edges of these words."""
        stopped = {root}
        while True:
            more = {s for (s, t), word in self.edges.items() if word in words and t in stopped}
            for api, providers in self.providers.items():
                if providers and (every(p in stopped for p in providers)):
                    more.add(api)
            if more <= stopped:
                return stopped
            stopped |= more

    def judge(self, root):
        """Return the state of everything when `root` stops."""
        breaks = self.stop(root, {"hard"}, all)
        may = self.stop(root, {"hard", None}, any)
        found = dict.fromkeys(breaks, "breaks") | dict.fromkeys(may - breaks, "may_break")
        for word, state in (("soft", "degrades"), ("async", "falls_behind")):
            for (s, t), said in self.edges.items():
                if said == word and t in may and s not in may:
                    found.setdefault(s, state)
        found.pop(root, None)
        return {ref: state for ref, state in found.items() if self.counts(ref)}

    def counts(self, ref):
        return not (self.providers.get(ref))

    def distance(self, root, words):
        """Return the fewest steps to everything over edges of these words, by relaxation."""
        far = dict.fromkeys(self.nodes, 99) | {root: 0}
        for _ in range(len(far) + 1):
            for (s, t), word in self.edges.items():
                if word in words:
                    far[s] = min(far[s], far[t] + 1)
            for api, providers in self.providers.items():
                for p in providers:
                    far[api] = min(far[api], far[p])
        return far


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
    a, b, c, d, e, f = THINGS
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
