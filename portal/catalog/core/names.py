"""Names and titles in memory, found whole, by their beginning, by any part, or misspelt."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from portal.catalog.core.words import squash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.catalog.core.columns import Columns, Ints

MOST_PARTS = 1000
SHORTEST_FUZZY = 4
LONG_WORD = 6
MOST_ALIKE = 20
AFTER_ALL = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Names:
    """Names and titles without separators, sorted, each with its row.

    `joined` holds the keys as lines, each ending at its place in `ends`: one search through it
    takes a fraction of one through every key.
    """

    keys: Sequence[str]
    rows: Ints
    lengths: Ints
    joined: str
    ends: Ints

    def find_beginning(self, text: str) -> tuple[Ints, Ints]:
        """Return rows named exactly like `text`, and rows whose name begins with it."""
        first = bisect_left(self.keys, text)
        middle = bisect_right(self.keys, text, first)
        last = bisect_left(self.keys, text + AFTER_ALL, middle)
        return self.rows[first:middle], self.rows[middle:last]

    def find_part(self, text: str) -> Ints:
        """Return rows whose name holds `text` anywhere, of the first names that do."""
        ends: list[int] = []
        at = self.joined.find(text)
        while at >= 0 and len(ends) < MOST_PARTS:
            end = self.joined.index("\n", at)
            ends.append(end)
            at = self.joined.find(text, end)
        return self.rows[np.searchsorted(self.ends, ends)]

    def find_alike(self, text: str) -> dict[int, int]:
        """Return rows whose whole name is `text` with a few letters wrong, with how many."""
        allowed = _allow(text)
        near = np.flatnonzero(np.abs(self.lengths - len(text)) <= allowed).tolist()
        found = process.extract(
            text,
            [self.keys[place] for place in near],
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=MOST_ALIKE,
        )
        return {int(self.rows[near[at]]): int(distance) for _, distance, at in reversed(found)}


def correct(word: str, vocabulary: Sequence[str]) -> str:
    """Return the word that `word` is most likely a misspelling of, else the word itself."""
    if len(word) < SHORTEST_FUZZY:
        return word
    found = process.extractOne(word, vocabulary, scorer=OSA.distance, score_cutoff=_allow(word))
    return str(found[0]) if found else word


def _allow(word: str) -> int:
    """Return how many letters may be wrong."""
    return 2 if len(word) >= LONG_WORD else 1


def build_names(columns: Columns) -> Names:
    """Return all names and titles of a snapshot."""
    pairs = sorted(_list_pairs(columns, range(len(columns))))
    keys = [key for key, _ in pairs]
    rows = np.array([row for _, row in pairs], np.int64)
    return _join(keys, rows, np.fromiter(map(len, keys), np.int64, len(keys)))


def merge_names(held: Names, places: Ints, columns: Columns, changed: Sequence[int]) -> Names:
    """Return `held` with rows moved to `places`, negative ones dropped, `changed` rows added."""
    rows = places[held.rows]
    kept = rows >= 0
    keys = list(compress(held.keys, kept.tolist()))
    pairs = sorted(_list_pairs(columns, changed))
    at = np.array([bisect_left(keys, key) for key, _ in pairs], np.int64)
    for place, (key, _) in zip(at[::-1].tolist(), reversed(pairs), strict=True):
        keys.insert(place, key)
    new_rows = np.array([row for _, row in pairs], np.int64)
    new_lengths = np.array([len(key) for key, _ in pairs], np.int64)
    return _join(
        keys,
        np.insert(rows[kept], at, new_rows),
        np.insert(held.lengths[kept], at, new_lengths),
    )


def _list_pairs(columns: Columns, rows: Iterable[int]) -> Iterable[tuple[str, int]]:
    for row in rows:
        title = columns.titles[row]
        key = squash(columns.names[row])
        yield key, row
        if title and (other := squash(title)) != key:
            yield other, row


def _join(keys: Sequence[str], rows: Ints, lengths: Ints) -> Names:
    return Names(keys, rows, lengths, "\n".join([*keys, ""]), np.cumsum(lengths + 1) - 1)
