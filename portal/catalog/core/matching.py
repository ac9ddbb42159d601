"""Ranks what a question found: by how well it matches, then by what people look for most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Columns, Ints
from portal.catalog.core.meaning import RUNNING
from portal.catalog.core.names import Names, build_names, merge_names
from portal.catalog.core.postings import NAME, Postings, gather_postings, merge_postings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.catalog.core.postings import RowWords

# How well something matches, best first.
PASTED, EXACT, ALIAS, PREFIX, NAME_WORDS, PART, STRONG, WEAK, FUZZY = range(9)
MOST_ROWS = 1000
SHORTEST_VOCABULARY = 4
KIND_ORDER = ("component", "api", "system", "group", "resource", "domain", "user")
NO_TIER = 9
# A row's place is one number: stage, distance, then its weight of these parts.
KINDS, TIERS, LENGTHS, DISTANCES = 1 << 4, 1 << 12, 1 << 12, 1 << 12
WEIGHTS = 2 * KINDS * TIERS * LENGTHS
UNFOUND = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one stage and how near each is; 0 is nearest."""

    rows: Ints
    distances: Ints | int = 0


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Everything search looks through, for the columns of one revision, whose ids it keeps.

    `vocabulary` holds the words of names that a misspelt word may mean.
    """

    revision: int
    ids: Ints
    names: Names
    postings: Sequence[Postings]
    vocabulary: Sequence[str]
    weights: Ints


def build_index(columns: Columns, names: Names, postings: Sequence[Postings]) -> SearchIndex:
    """Return the index of a snapshot from its parts."""
    words = postings[NAME].list_used()
    return SearchIndex(
        columns.revision,
        columns.ids,
        names,
        postings,
        [word for word in words if len(word) >= SHORTEST_VOCABULARY],
        weigh_rows(columns),
    )


def gather_index(columns: Columns, entries: Iterable[RowWords]) -> SearchIndex:
    """Return the index of a snapshot from the words of all its rows."""
    return build_index(columns, build_names(columns), gather_postings(entries))


def merge_index(
    held: SearchIndex, columns: Columns, changed: Sequence[int], entries: Iterable[RowWords]
) -> SearchIndex:
    """Return `held` brought to newer columns; `changed` rows have their words in `entries`."""
    places = columns.find_rows(held.ids)
    leave = np.zeros(len(columns) + 1, np.bool_)  # the last is for rows that are gone
    leave[changed] = True
    places[leave[places]] = ABSENT
    fresh = gather_postings(entries)
    return build_index(
        columns,
        merge_names(held.names, places, columns, changed),
        [merge_postings(old, places, new) for old, new in zip(held.postings, fresh, strict=True)],
    )


def weigh_rows(columns: Columns) -> Ints:
    """Return what decides between rows that match equally well: less is better.

    What runs comes first, then the kind, the tier and the length of the name.
    """
    classes, kinds = columns.texts["class"], columns.texts["kind"]
    # The last entry of each table is for what has no value: its code is -1.
    idle = np.ones(len(classes.texts) + 1, np.int64)
    idle[[number for name in RUNNING if (number := classes.find(name)) is not None]] = 0
    by_kind = np.full(len(kinds.texts) + 1, len(KIND_ORDER), np.int64)
    for place, name in enumerate(KIND_ORDER):
        number = kinds.find(name)
        if number is not None:
            by_kind[number] = place
    tiers = np.array([*map(int, columns.texts["tier"].texts), NO_TIER], np.int64)
    lengths = np.fromiter(map(len, columns.names), np.int64, len(columns))
    codes = columns.codes
    weights: Ints = idle[codes["class"]] * KINDS + by_kind[codes["kind"]]
    weights = weights * TIERS + np.clip(tiers, 0, TIERS - 1)[codes["tier"]]
    return weights * LENGTHS + np.minimum(lengths, LENGTHS - 1)


def rank_rows(columns: Columns, weights: Ints, stages: Mapping[int, Found]) -> tuple[Ints, bool]:
    """Return each row once, the best first, at most 1,000, and whether these are all.

    A row stands at its best stage, then by how near it is, by its weight, by its name.
    """
    best = np.full(len(columns), UNFOUND, np.int64)
    for stage in sorted(stages, reverse=True):
        found = stages[stage]
        best[found.rows] = stage * DISTANCES + np.minimum(found.distances, DISTANCES - 1)
    rows = np.flatnonzero(best != UNFOUND)
    keys = best[rows] * WEIGHTS + weights[rows]
    total = len(rows)
    if total > MOST_ROWS:
        # Names are compared only among those that may be shown.
        near = keys <= np.partition(keys, MOST_ROWS - 1)[MOST_ROWS - 1]
        rows, keys = rows[near], keys[near]
    named = map(columns.names.__getitem__, rows.tolist())
    order = sorted(zip(keys.tolist(), named, rows.tolist(), strict=True))
    ranked = np.array([row for _, _, row in order[:MOST_ROWS]], np.int64)
    return ranked, total <= MOST_ROWS
