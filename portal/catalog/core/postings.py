"""Words of all entities in memory: which rows have a word, found by how it begins."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.catalog.core.columns import Ints

# Rows are kept small: a word of every entity has as many of them.
SmallInts = NDArray[np.int32]
Levels = NDArray[np.int8]
# How much a word counts: of the name, of what it is and whose, of anything.
NAME, STRONG, WEAK, ABSENT_LEVEL = range(4)
AFTER_ALL = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class RowWords:
    """The words of one row, each at the level where it counts most."""

    row: int
    levels: tuple[Iterable[str], ...]


@dataclass(frozen=True, slots=True)
class Postings:
    """Sorted words; the rows of `words[n]` are `rows[starts[n] : starts[n + 1]]`."""

    words: Sequence[str]
    starts: Ints
    rows: SmallInts

    def find(self, beginning: str) -> SmallInts:
        """Return the rows that have a word beginning like this; a row may stand there twice."""
        first = bisect_left(self.words, beginning)
        last = bisect_left(self.words, beginning + AFTER_ALL, first)
        return self.rows[self.starts[first] : self.starts[last]]

    def list_used(self) -> list[str]:
        """Return the words that any row has."""
        used = (self.starts[1:] > self.starts[:-1]).tolist()
        return [word for word, is_used in zip(self.words, used, strict=True) if is_used]


class _Gathering:
    """Postings in the making: words are numbered as they come."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._flat = array("i")
        self._rows = array("i")
        self._sizes = array("i")

    def add(self, row: int, words: Iterable[str]) -> None:
        before = len(self._flat)
        self._flat.extend(map(self._numbers.__getitem__, words))
        self._rows.append(row)
        self._sizes.append(len(self._flat) - before)

    def finish(self) -> Postings:
        words = sorted(self._numbers)
        places = np.empty(len(words), np.int32)
        places[[self._numbers[word] for word in words]] = np.arange(len(words))
        numbers = places[np.asarray(self._flat, np.int32)]
        rows = np.repeat(np.asarray(self._rows, np.int32), np.asarray(self._sizes))
        sizes = np.bincount(numbers, minlength=len(words))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return Postings(words, starts, rows[np.argsort(numbers, kind="stable")])


def gather_postings(entries: Iterable[RowWords]) -> tuple[Postings, ...]:
    """Return the postings of every level."""
    gatherings = [_Gathering() for _ in range(ABSENT_LEVEL)]
    for entry in entries:
        for gathering, words in zip(gatherings, entry.levels, strict=True):
            gathering.add(entry.row, words)
    return tuple(gathering.finish() for gathering in gatherings)


def merge_postings(held: Postings, places: Ints, fresh: Postings) -> Postings:
    """Return `held` with its rows moved to `places`, negative ones dropped, and `fresh` added."""
    rows = places.astype(np.int32)[held.rows]
    kept = rows >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[held.starts]
    rows = rows[kept]
    known = set(held.words)
    new = [word for word in fresh.words if word not in known]
    words = held.words
    if new:
        at = [bisect_left(held.words, word) for word in new]
        words = sorted([*held.words, *new])
        starts = np.insert(starts, at, starts[at])
    sizes = np.diff(fresh.starts)
    numbers = np.array([bisect_left(words, word) for word in fresh.words], np.int64)
    rows = np.insert(rows, np.repeat(starts[numbers + 1], sizes), fresh.rows)
    added = np.zeros(len(words) + 1, np.int64)
    added[numbers + 1] = sizes
    return Postings(words, starts + np.cumsum(added), rows)


def match_words(postings: Sequence[Postings], beginnings: Iterable[str], size: int) -> Levels:
    """Return for each of `size` rows the level at which it has all of the words."""
    found = np.zeros(size, np.int8)
    for beginning in beginnings:
        level = np.full(size, ABSENT_LEVEL, np.int8)
        for number in (WEAK, STRONG, NAME):
            level[postings[number].find(beginning)] = number
        np.maximum(found, level, out=found)
    return found
