"""All values at one path, in order: what conditions, orders and facets are answered from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.catalog.core.columns import Ints, Mask

LAST_CHARACTER = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """Rows by value and row number, those without a comparable value last.

    `values` are the different values in order; `starts[n]` is where the rows of the n-th begin.
    `originals` are the values as written, `written` their numbers, row by row.
    """

    rows: Ints
    values: Sequence[str]
    starts: Ints
    originals: Sequence[str]
    written: Ints

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def comparable(self) -> Ints:
        """Return the rows that have a value, in order; a row stands once for each of its values."""
        rows: Ints = self.rows[: self.starts[-1]]
        return rows

    def find_value(self, value: str) -> Ints:
        """Return the rows that have this value."""
        number = bisect_left(self.values, value)
        is_there = number < len(self.values) and self.values[number] == value
        return self._slice(number, number + is_there)

    def find_prefix(self, prefix: str) -> Ints:
        """Return the rows that have a value which begins so."""
        first = bisect_left(self.values, prefix)
        last = bisect_right(self.values, prefix + LAST_CHARACTER * 2)
        return self._slice(first, last)

    def find_part(self, text: str) -> Ints:
        """Return the rows that have a value which holds `text`."""
        numbers = [n for n, value in enumerate(self.values) if text in value]
        found = [self._slice(number, number + 1) for number in numbers]
        return np.concatenate(found) if found else self.rows[:0]

    def _slice(self, first: int, last: int) -> Ints:
        rows: Ints = self.rows[self.starts[first] : self.starts[last]]
        return rows

    def find_number(self, place: int) -> int:
        """Return the number of the value that stands at a place of `comparable`."""
        return int(np.searchsorted(self.starts, place, side="right")) - 1

    def find_place(self, value: str, row: int, *, behind: bool) -> int:
        """Return where a value and row stand or would stand; `behind` it when it is there."""
        number = bisect_left(self.values, value)
        start = int(self.starts[number])
        if number == len(self.values) or self.values[number] != value:
            return start
        rows = self._slice(number, number + 1)
        return start + int(np.searchsorted(rows, row, side="right" if behind else "left"))

    def count_written(self, mask: Mask | None) -> list[tuple[str, int]]:
        """Return how often each value as written occurs among the rows of a mask, by value."""
        written = self.written
        if mask is not None:
            written = written[mask[self.comparable]]
        counts = np.bincount(written, minlength=len(self.originals))
        return [(self.originals[n], int(counts[n])) for n in np.flatnonzero(counts).tolist()]


def build_value_column(found: Iterable[tuple[int, str | None, str | None]]) -> ValueColumn:
    """Return the column of (row, value, value as written), given in any order."""
    pairs = list(found)
    valued = [pair for pair in pairs if pair[1] is not None]
    values, codes = _encode([pair[1] for pair in valued])
    originals, written = _encode([pair[2] for pair in valued])
    rows = np.array([pair[0] for pair in valued], np.int64)
    order = np.lexsort((rows, codes))
    bare = np.array(sorted(pair[0] for pair in pairs if pair[1] is None), np.int64)
    counts = np.bincount(codes, minlength=len(values))
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    return ValueColumn(
        np.concatenate((rows[order], bare)), values, starts, originals, written[order]
    )


def _encode(texts: Sequence[Any]) -> tuple[list[str], Ints]:
    """Return the different texts in order, and each text's number."""
    known = sorted(set(texts))
    numbers = {text: number for number, text in enumerate(known)}
    return known, np.array([numbers[text] for text in texts], np.int64)
