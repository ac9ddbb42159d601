"""Finds names in memory, from the exact one to the misspelt, and ranks what was found."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from portal.catalog.core.columns import ABSENT, Columns
from portal.catalog.core.meaning import RUNNING
from portal.catalog.core.words import squash

# How well something matches, best first.
PASTED, EXACT, ALIAS, PREFIX, NAME_WORDS, PART, STRONG, WEAK, FUZZY = range(9)
Found = Mapping[int, int]
MOST_ROWS = 1000
SHORTEST_FUZZY = 4
LONG_WORD = 6
SHORTEST_PART = 3
KIND_ORDER = ("component", "api", "system", "group", "resource", "domain", "user")
NO_TIER = 9
SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Names and titles without separators, sorted, each with its row; words of all names.

    `by_length` maps the length of a name to its places among the keys.
    """

    revision: int
    keys: Sequence[str]
    rows: Sequence[int]
    by_length: Mapping[int, Sequence[int]]
    words: Sequence[str]

    def find_beginning(self, text: str) -> tuple[list[int], list[int]]:
        """Return rows named exactly like `text`, and rows whose name begins with it."""
        start = bisect_left(self.keys, text)
        exact: list[int] = []
        longer: list[int] = []
        for place in range(start, min(start + MOST_ROWS, len(self.keys))):
            if not self.keys[place].startswith(text):
                break
            (exact if self.keys[place] == text else longer).append(self.rows[place])
        return exact, longer

    def find_part(self, text: str) -> list[int]:
        """Return rows whose name holds `text` anywhere."""
        found = (place for place, key in enumerate(self.keys) if text in key)
        return [self.rows[place] for place, _ in zip(found, range(MOST_ROWS), strict=False)]

    def find_alike(self, text: str) -> dict[int, int]:
        """Return rows whose whole name is `text` with a few letters wrong, with how many."""
        allowed = _allow(text)
        near = [
            place
            for length in range(len(text) - allowed, len(text) + allowed + 1)
            for place in self.by_length.get(length, ())
        ]
        found = process.extract(
            text,
            [self.keys[place] for place in near],
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=20,
        )
        return {self.rows[near[at]]: int(distance) for _, distance, at in reversed(found)}

    def correct(self, word: str) -> list[str]:
        """Return words of names that `word` may be a misspelling of, the nearest first."""
        found = process.extract(
            word, self.words, scorer=OSA.distance, score_cutoff=_allow(word), limit=3
        )
        return [match for match, _, _ in found]


def _allow(word: str) -> int:
    """Return how many letters may be wrong."""
    return 2 if len(word) >= LONG_WORD else 1


def build_name_index(columns: Columns) -> NameIndex:
    """Return the index of all names and titles of a snapshot."""
    pairs: list[tuple[str, int]] = []
    words: set[str] = set()
    for row, (name, title) in enumerate(zip(columns.names, columns.titles, strict=True)):
        key = squash(name)
        pairs.append((key, row))
        words.update(SEPARATORS.split(name.lower()))
        if title:
            words.update(SEPARATORS.split(title.lower()))
            other = squash(title)
            if other != key:
                pairs.append((other, row))
    pairs.sort()
    long_enough = sorted(word for word in words if len(word) >= SHORTEST_FUZZY)
    by_length: dict[int, list[int]] = {}
    for place, (key, _) in enumerate(pairs):
        by_length.setdefault(len(key), []).append(place)
    keys, rows = [key for key, _ in pairs], [row for _, row in pairs]
    return NameIndex(columns.revision, keys, rows, by_length, long_enough)


def rank_rows(columns: Columns, stages: Mapping[int, Found]) -> list[int]:
    """Return each row once, by its best stage, then how near, what runs, kind, tier and name.

    `stages` maps each stage to its rows, and each row to how near it is; 0 is nearest.
    """
    best: dict[int, tuple[int, int]] = {}
    for stage in sorted(stages):
        for row, distance in stages[stage].items():
            best.setdefault(row, (stage, distance))
    weights = _Weights(columns)
    return sorted(best, key=lambda row: (*best[row], *weights.of(row)))


class _Weights:
    """What decides between rows that match equally well."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        classes, kinds = columns.texts["class"], columns.texts["kind"]
        self._running = {classes.find(name) for name in RUNNING} - {None}
        self._kinds = {kinds.find(name): place for place, name in enumerate(KIND_ORDER)}

    def of(self, row: int) -> tuple[int, int, int, int, str]:
        codes = self._columns.codes
        tier = codes["tier"][row]
        name = self._columns.names[row]
        return (
            int(codes["class"][row] not in self._running),
            self._kinds.get(int(codes["kind"][row]), len(KIND_ORDER)),
            NO_TIER if tier == ABSENT else int(self._columns.texts["tier"].texts[tier]),
            len(name),
            name,
        )
