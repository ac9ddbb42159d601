"""Runtime graphs for tests, and a naive reading of the rules to compare the real one with."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from portal.catalog.core.columns import ABSENT, CODED, Codes, ColumnRow, build_columns, make_texts
from portal.catalog.core.runtime import STRENGTH_CODES, StoredEdges
from portal.catalog.core.runtime_building import build_graph

NOW = datetime(2026, 3, 1, tzinfo=UTC)
THINGS = [f"component:default/{letter}" for letter in "abcde"]
LIBRARY = "component:default/library"
APIS = [f"api:default/{number}" for number in "12"]
WORDS = st.sampled_from([None, "hard", "hard", None, "soft", "async"])
# APIs and their providers come often, for several providers make the hardest rules.
TARGETS = st.sampled_from([*THINGS, *APIS, *APIS, LIBRARY])
PAIRS = st.tuples(st.sampled_from(THINGS), TARGETS)
DEPENDS = st.dictionaries(PAIRS, WORDS, min_size=4, max_size=14)
PROVIDES = st.sets(
    st.tuples(st.sampled_from([*THINGS[1:4], LIBRARY]), st.sampled_from(APIS)),
    min_size=2,
    max_size=6,
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
        self.stated = (depends, said)
        self.edges = {
            (one, other): self.state(one, other) or self.say_by_provider(one, other)
            for one, other in depends
            if LIBRARY not in (one, other)
        }
        self.nodes = {end for pair in self.edges for end in pair}
        self.nodes |= {end for p, a in provides if p != LIBRARY for end in (p, a)}

    def state(self, one, other):
        """Return what is stated of a pair, the costliest where it is stated twice."""
        words = {stated.get((one, other)) for stated in self.stated} - {None}
        return min(words, key=["hard", "soft", "async"].index, default=None)

    def say_by_provider(self, one, api):
        words = [self.state(one, p) for p in self.providers.get(api, ())]
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

    def is_sure(self, root, ref):
        """Whether a soft or async edge leads to what surely stops; what breaks surely does."""
        breaks, state = self.stop(root, {"hard"}, all), self.judge(root)[ref]
        word = {"degrades": "soft", "falls_behind": "async"}.get(state)
        return state == "breaks" or any(
            word and (s, said) == (ref, word) and t in breaks for (s, t), said in self.edges.items()
        )

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
