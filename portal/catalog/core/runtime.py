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
class Names:
    """Which nodes there are, by their codes, in the order of their references."""

    codes: Ints
    refs: Sequence[str]
    is_api: Mask

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Return the number of each reference."""
        return {ref: number for number, ref in enumerate(self.refs)}


@dataclass(frozen=True)
class RuntimeGraph:
    """All edges while things run; `rows` are those of `columns`, ABSENT for what is not there.

    `built_in` are the pairs left out because one end is a library.
    """

    revision: int
    columns: Columns
    names: Names
    rows: Ints
    sources: Ints
    targets: Ints
    strengths: Ints
    providers: Ints
    provided: Ints
    built_in: tuple[Ints, Ints]

    def __len__(self) -> int:
        return len(self.names.refs)

    @property
    def refs(self) -> Sequence[str]:
        """Return the reference of each node."""
        return self.names.refs

    @property
    def numbers(self) -> Mapping[str, int]:
        """Return the number of each reference."""
        return self.names.numbers

    def find_strength(self, source: str, target: str) -> str | None:
        """Return how hard one thing stands on another, None when nobody says."""
        one, other = self.numbers.get(source), self.numbers.get(target)
        if one is None or other is None:
            return None
        _, ends, strengths = self.ahead.follow(np.array([one]))
        place = np.flatnonzero(ends == other)
        return STRENGTHS[int(strengths[place[0]])] if len(place) else None

    @property
    def is_api(self) -> Mask:
        """Return which nodes are APIs."""
        return self.names.is_api

    @cached_property
    def built_in_pairs(self) -> frozenset[tuple[int, int]]:
        """Return the pairs of which one end is a library."""
        return frozenset(zip(self.built_in[0].tolist(), self.built_in[1].tolist(), strict=True))

    def is_built_in(self, source: str, target: str) -> bool:
        """Whether an edge is one of building, since one of its ends is a library."""
        pair = (self.numbers.get(source, ABSENT), self.numbers.get(target, ABSENT))
        return pair in self.built_in_pairs

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
        found: Mask = ~self.is_api | (self.provider_counts == 0)
        return found

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
