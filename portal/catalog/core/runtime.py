"""What stands on what while it runs, as arrays: the graph that impact and findings are read from.

Nodes are numbered in the order of their references. An edge leads from what stands to what it
stands on. An API stands on whoever provides it; a library is built in, so its edges are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Codes, Columns, Ints, Mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

UNSTATED, HARD, SOFT, ASYNC = range(4)
STRENGTHS = (None, "hard", "soft", "async")
STRENGTH_CODES = {word: code for code, word in enumerate(STRENGTHS)}
DEPENDS, PROVIDES = range(2)
LIBRARY = "library"
# Of several statements about one edge the one that costs most counts; silence counts least.
_WEIGHTS = np.array([0, 3, 2, 1])
_BY_WEIGHT = np.array([UNSTATED, ASYNC, SOFT, HARD])


@dataclass(frozen=True, slots=True)
class StoredEdges:
    """Relations as they are stored, by codes of `refs`, and what is said of further names.

    `ids` gives the entity of a code; `said` maps an entity to what it states about others.
    """

    revision: int
    loaded_at: datetime
    refs: Codes
    ids: Ints
    declared_by: Ints
    sorts: Ints
    sources: Ints
    targets: Ints
    strengths: Ints
    said: Mapping[int, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Links:
    """Edges grouped by one of their ends: those of node n are `starts[n]` to `starts[n + 1]`."""

    starts: Ints
    ends: Ints
    strengths: Ints

    def follow(self, nodes: Ints) -> tuple[Ints, Ints, Ints]:
        """Return for every edge of `nodes`: the node, its other end, its strength."""
        counts = self.starts[nodes + 1] - self.starts[nodes]
        skipped = np.cumsum(counts) - counts
        places = np.repeat(self.starts[nodes] - skipped, counts) + np.arange(counts.sum())
        return np.repeat(nodes, counts), self.ends[places], self.strengths[places]


@dataclass(frozen=True)
class RuntimeGraph:
    """All edges while things run; `rows` are those of `columns`, ABSENT for what is not there.

    `built_in` are the pairs left out because one end is a library.
    """

    revision: int
    columns: Columns
    refs: Sequence[str]
    rows: Ints
    is_api: Mask
    sources: Ints
    targets: Ints
    strengths: Ints
    providers: Ints
    provided: Ints
    built_in: tuple[Ints, Ints]

    def __len__(self) -> int:
        return len(self.refs)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Return the number of each reference."""
        return {ref: number for number, ref in enumerate(self.refs)}

    @cached_property
    def ahead(self) -> Links:
        """Return what each node stands on."""
        return group(len(self), self.sources, self.targets, self.strengths)

    @cached_property
    def behind(self) -> Links:
        """Return what stands on each node."""
        return group(len(self), self.targets, self.sources, self.strengths)

    @cached_property
    def providers_of(self) -> Links:
        """Return who provides each API."""
        return group(len(self), self.provided, self.providers)

    @cached_property
    def provided_by(self) -> Links:
        """Return the APIs each node provides."""
        return group(len(self), self.providers, self.provided)

    @cached_property
    def provider_counts(self) -> Ints:
        """Return how many provide each node."""
        return np.bincount(self.provided, minlength=len(self))

    @cached_property
    def is_thing(self) -> Mask:
        """Return which nodes count: an API does only where nobody is known to provide it."""
        return ~self.is_api | (self.provider_counts == 0)

    @cached_property
    def is_ephemeral(self) -> Mask:
        """Return which nodes expire by themselves, and so are not counted."""
        found = np.zeros(len(self), np.bool_)
        known = self.rows != ABSENT
        found[known] = self.columns.ephemeral[self.rows[known]]
        return found

    @cached_property
    def is_counted(self) -> Mask:
        """Return which nodes stand in lists and totals."""
        return self.is_thing & ~self.is_ephemeral

    def read(self, name: str) -> Ints:
        """Return a coded column for the nodes, ABSENT where it says nothing."""
        found = np.full(len(self), ABSENT, np.int64)
        known = self.rows != ABSENT
        found[known] = self.columns.codes[name][self.rows[known]]
        return found

    @cached_property
    def tiers(self) -> Ints:
        """Return the tier of each node, ABSENT where it is not set."""
        texts = self.columns.texts["tier"].texts
        return np.array([*map(int, texts), ABSENT], np.int64)[self.read("tier")]


def group(count: int, keys: Ints, ends: Ints, strengths: Ints | None = None) -> Links:
    """Return edges grouped by `keys`; without strengths all are hard."""
    order = np.lexsort((ends, keys))
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=count), out=starts[1:])
    if strengths is None:
        strengths = np.full(len(keys), HARD, np.int64)
    return Links(starts, ends[order], strengths[order])


def build_graph(stored: StoredEdges, columns: Columns) -> RuntimeGraph:
    """Return the graph that stored relations mean, with what `columns` know of its nodes."""
    texts = stored.refs.texts
    codes = np.unique(np.concatenate([stored.sources, stored.targets]))
    codes = np.array(sorted(codes.tolist(), key=texts.__getitem__), np.int64)
    number = np.full(len(texts), ABSENT, np.int64)
    number[codes] = np.arange(len(codes))
    refs = [texts[code] for code in codes.tolist()]
    rows = columns.find_rows(stored.ids[codes])
    is_api = np.array([ref.startswith("api:") for ref in refs], np.bool_)
    sources, targets = number[stored.sources], number[stored.targets]
    is_built_in = _find_built_in(columns, rows)
    left_out = is_built_in[sources] | is_built_in[targets]
    depends = ~left_out & (stored.sorts == DEPENDS)
    provides = ~left_out & (stored.sorts == PROVIDES) & is_api[targets]
    pairs = _merge(sources[depends], targets[depends], stored.strengths[depends])
    provided = np.unique(np.stack([sources[provides], targets[provides]]), axis=1)
    said = {
        (int(number[one]), int(number[other])): strength
        for one, stated in stored.said.items()
        for other, strength in stated.items()
        if number[one] != ABSENT and number[other] != ABSENT
    }
    built_in = np.unique(np.stack([sources[left_out], targets[left_out]]), axis=1)
    return RuntimeGraph(
        stored.revision,
        columns,
        refs,
        rows,
        is_api,
        *_say_by_provider(pairs, is_api, provided, said),
        provided[0],
        provided[1],
        (built_in[0], built_in[1]),
    )


def _find_built_in(columns: Columns, rows: Ints) -> Mask:
    number = columns.texts["class"].find(LIBRARY)
    if number is None:
        return np.zeros(len(rows), np.bool_)
    return (rows != ABSENT) & (columns.codes["class"][rows] == number)


def _merge(sources: Ints, targets: Ints, strengths: Ints) -> tuple[Ints, Ints, Ints]:
    """Return each pair once, with the strongest of what is said about it."""
    order = np.lexsort((-_WEIGHTS[strengths], targets, sources))
    sources, targets, strengths = sources[order], targets[order], strengths[order]
    first = np.ones(len(sources), np.bool_)
    first[1:] = (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
    return sources[first], targets[first], strengths[first]


def _say_by_provider(
    pairs: tuple[Ints, Ints, Ints], is_api: Mask, provided: Ints, said: Mapping[tuple[int, int], int]
) -> tuple[Ints, Ints, Ints]:
    """Let what is said of an API's providers stand for the API, where nothing is said of it."""
    sources, targets, strengths = pairs
    spoken = strengths != UNSTATED
    known = {
        (one, other): strength
        for one, other, strength in zip(
            sources[spoken].tolist(),
            targets[spoken].tolist(),
            strengths[spoken].tolist(),
            strict=True,
        )
    }
    known = {**said, **known}
    speakers = np.array(sorted({one for one, _ in known}), np.int64)
    open_ends = np.flatnonzero(~spoken & is_api[targets] & np.isin(sources, speakers))
    if not len(open_ends):
        return pairs
    providers = group(len(is_api), provided[1], provided[0])
    strengths = strengths.copy()
    for place in open_ends.tolist():
        source = int(sources[place])
        others = providers.follow(targets[place : place + 1])[1].tolist()
        strengths[place] = combine([known.get((source, other), UNSTATED) for other in others])
    return sources, targets, strengths


def combine(strengths: Sequence[int]) -> int:
    """Return what holds when all of several providers stop: silence counts more than soft."""
    for one in (HARD, UNSTATED, SOFT, ASYNC):
        if one in strengths:
            return one
    return UNSTATED
