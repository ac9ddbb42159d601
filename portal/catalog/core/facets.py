"""Filters, counts and orders over columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portal.catalog.core.columns import ABSENT, Codes, Columns, Ints, Mask
from portal.catalog.core.filters import NOT_SET
from portal.catalog.core.meaning import RUNNING
from portal.catalog.core.own_fields import CHOICES

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from portal.catalog.core.columns import FieldColumn
    from portal.catalog.core.own_fields import OwnField

STALE = "stale"
FACETS = (
    "kind",
    "tier",
    "owner",
    "lifecycle",
    "class",
    "system",
    "domain",
    "tag",
    "namespace",
    "problems",
)
FILTERS = (*FACETS, "type", "source")
SORTS = ("name", "updated", "kind", "type", "owner", "system", "lifecycle", "tier", "problems")
Chosen = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and how many entries have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class FacetCount:
    """The most frequent values, how many entries have none, and how many values are left out."""

    values: tuple[FacetValue, ...]
    not_set: int
    more: int


def select_running(columns: Columns) -> Mask:
    """Return which rows run: services, websites, jobs and workers."""
    return _match_codes(columns.codes["class"], columns.texts["class"], RUNNING)


def _match_codes(codes: Ints, texts: Codes, values: Iterable[str]) -> Mask:
    """Return which codes stand for one of the values."""
    # A table of all codes, whose last entry is for ABSENT, costs a tenth of comparing each value.
    wanted = np.zeros(len(texts.texts) + 1, np.bool_)
    for value in values:
        number = ABSENT if value == NOT_SET else texts.find(value)
        if number is not None:
            wanted[number] = True
    return wanted.take(codes)


def select_lifetime(columns: Columns, *, ephemeral: bool) -> Mask | None:
    """Return which rows last, or which are ephemeral; None where that is all of them."""
    return columns.ephemeral if ephemeral else columns.lasting


def join_masks(*masks: Mask | None) -> Mask | None:
    """Return which rows every mask holds; None stands for all of them."""
    given = [mask for mask in masks if mask is not None]
    joined: Mask | None = np.logical_and.reduce(given) if given else None
    return joined


def select_personal(
    columns: Columns, owners: Collection[str] | None, ids: Sequence[int] | None
) -> Mask | None:
    """Return which rows some teams own and which are among some ids; None when neither is asked.

    What is ephemeral is nobody's own.
    """
    masks: list[Mask] = [] if columns.lasting is None else [columns.lasting]
    if owners is None and ids is None:
        return None
    if owners is not None:
        numbers = [columns.texts["owner"].find(owner) for owner in owners]
        known = [number for number in numbers if number is not None]
        masks.append(np.isin(columns.codes["owner"], known))
    if ids is not None:
        rows = columns.find_rows(ids)
        mask = np.zeros(len(columns), np.bool_)
        mask[rows[rows != ABSENT]] = True
        masks.append(mask)
    found: Mask = np.logical_and.reduce(masks)
    return found


class Counter:
    """Answers about the rows that have all chosen values.

    A facet's own choice is left out of its counts, so that more of its values can be chosen.
    `base` narrows what is counted by the view, `found` by a question.
    """

    def __init__(
        self,
        columns: Columns,
        chosen: Chosen,
        base: Mask | None,
        now: datetime,
        found: Mask | None = None,
    ) -> None:
        self.columns = columns
        self._chosen = chosen
        self._at = now
        self._now = now.timestamp()
        self._base = base
        self._found = found
        self._masks = {name: self._match(name, values) for name, values in chosen.items() if values}
        self._rows: dict[str, Ints | None] = {}

    def without_base(self) -> Counter:
        """Return the same counter over every view, not only over the one it was based on."""
        return Counter(self.columns, self._chosen, None, self._at, self._found)

    def select(self, *without: str) -> Mask:
        """Return which rows have every chosen value, the facets `without` left out."""
        mask = np.ones(len(self.columns), np.bool_) if self._base is None else self._base.copy()
        if self._found is not None:
            mask &= self._found
        for name, chosen in self._masks.items():
            if name not in without:
                mask &= chosen
        return mask

    def count_views(self) -> tuple[int, int]:
        """Return how many rows run and how many there are, whatever kind or class is chosen."""
        mask = self.without_base().select("kind", "class")
        running = int(np.count_nonzero(mask & select_running(self.columns)))
        return running, int(np.count_nonzero(mask))

    def _select_rows(self, without: str) -> Ints | None:
        """Return the rows of `select`, None for all of them: most facets share one selection."""
        key = without if without in self._masks else ""
        if key not in self._rows:
            is_whole = self._base is self._found is None and not self._masks.keys() - {key}
            self._rows[key] = None if is_whole else np.flatnonzero(self.select(key))
        return self._rows[key]

    def count(self, facet: str, *, most: int) -> FacetCount:
        """Return how often the values of a facet occur, the `most` frequent ones."""
        rows = self._select_rows(facet)
        if facet == "tag":
            return self._count_tags(rows, most)
        if facet in self.columns.fields:
            return self._count_field(self.columns.fields[facet], rows, most)
        if facet == "problems":
            with_problems = int(np.count_nonzero(_pick(self.columns.problems, rows)))
            return FacetCount((FacetValue("yes", with_problems),), 0, 0)
        if "." in facet:  # an own field that was declared or deleted at this moment
            return FacetCount((), 0, 0)
        codes, texts = self._coded(facet)
        if rows is None and facet in self.columns.codes:
            counts = self.columns.count_whole(facet)
        else:
            counts = np.bincount(_pick(codes, rows) + 1)
        return _rank(texts.texts, counts[1:], int(counts[0]) if len(counts) else 0, most)

    def count_value(self, facet: str, value: str) -> int:
        """Return how many rows have one value, whether it is frequent or not."""
        return int(np.count_nonzero(self.select(facet) & self._match(facet, (value,))))

    def _count_tags(self, rows: Ints | None, most: int) -> FacetCount:
        columns = self.columns
        counts = self._count_pairs(columns.tag_rows, columns.tag_codes, rows)
        untagged = int(np.count_nonzero(_pick(columns.untagged, rows)))
        return _rank(columns.texts["tag"].texts, counts, untagged, most)

    def _count_pairs(self, places: Ints, codes: Ints, rows: Ints | None) -> Ints:
        if rows is not None:
            mask = np.zeros(len(self.columns), np.bool_)
            mask[rows] = True
            codes = codes.take(np.flatnonzero(mask.take(places)))
        return np.bincount(codes)

    def _count_field(self, column: FieldColumn, rows: Ints | None, most: int) -> FacetCount:
        if column.declared.type == CHOICES:
            counts = self._count_pairs(column.rows, column.codes, rows)
        else:
            counts = np.bincount(_pick(column.first, rows) + 1)[1:]
        bare = int(np.count_nonzero(_pick(select_bare(self.columns, column), rows)))
        return _rank(column.texts.texts, counts, bare, most)

    def _coded(self, facet: str) -> tuple[Ints, Codes]:
        if facet in self.columns.codes:
            return self.columns.codes[facet], self.columns.texts[facet]
        mark = self.columns.marks[facet]
        texts = self.columns.texts[f"mark:{facet}"]
        stale = (mark.expires > 0) & (mark.expires < self._now)
        return np.where(stale, texts.encode(STALE), mark.values), texts

    def _match(self, name: str, values: Sequence[str]) -> Mask:
        columns = self.columns
        if name == "problems":
            return columns.problems > 0
        if name == "tag":
            return self._match_tags(values)
        if name in columns.fields:
            return _match_field(columns, columns.fields[name], values)
        if "." in name:  # an own field that was declared or deleted at this moment
            return np.zeros(len(columns), np.bool_)
        codes, texts = self._coded(name)
        return _match_codes(codes, texts, values)

    def _match_tags(self, values: Sequence[str]) -> Mask:
        columns = self.columns
        found = np.zeros(len(columns), np.bool_)
        wanted = _match_codes(columns.tag_codes, columns.texts["tag"], values)
        found[columns.tag_rows[wanted]] = True
        if NOT_SET in values:
            found |= columns.untagged
        return found


def select_bare(columns: Columns, column: FieldColumn) -> Mask:
    """Return which rows have no value of an own field that is read from them."""
    bare: Mask = column.first == ABSENT
    return bare & select_applying(columns, column.declared)


def select_applying(columns: Columns, declared: OwnField) -> Mask:
    """Return which rows an own field is read from."""
    return _select_all_of(columns, kind=declared.kinds, class_=declared.classes)


def select_required(columns: Columns, declared: OwnField) -> Mask:
    """Return which rows must fill an own field, should it be read from them."""
    asked = declared.required
    if asked is None:
        return np.zeros(len(columns), np.bool_)
    tiers = [str(tier) for tier in asked.tiers]
    return _select_all_of(columns, kind=asked.kinds, class_=asked.classes, tier=tiers)


def _select_all_of(columns: Columns, **allowed: Sequence[str]) -> Mask:
    found: Mask = np.ones(len(columns), np.bool_)
    for given, values in allowed.items():
        name = given.rstrip("_")
        if values:
            found &= _match_codes(columns.codes[name], columns.texts[name], values)
    return found


def _match_field(columns: Columns, column: FieldColumn, values: Sequence[str]) -> Mask:
    if column.declared.type != CHOICES:
        named = [value for value in values if value != NOT_SET]
        found: Mask = _match_codes(column.first, column.texts, named)
    else:
        found = np.zeros(len(columns), np.bool_)
        found[column.rows[_match_codes(column.codes, column.texts, values)]] = True
    if NOT_SET in values:
        found |= select_bare(columns, column)
    return found


def _pick(column: NDArray[Any], rows: Ints | None) -> NDArray[Any]:
    # Taking rows by number costs a seventh of taking them by a mask.
    return column if rows is None else column.take(rows)


def _rank(texts: Sequence[str], counts: Ints, absent: int, most: int) -> FacetCount:
    """Rank by count, then by text; only as many are sorted as are asked for."""
    occurring = np.flatnonzero(counts)
    if len(occurring) > most:
        lowest = np.partition(counts[occurring], -most)[-most]
        shown = occurring[counts[occurring] >= lowest].tolist()
    else:
        shown = occurring.tolist()
    found = sorted((-int(counts[number]), texts[number]) for number in shown)[:most]
    return FacetCount(
        tuple(FacetValue(text, -negative) for negative, text in found),
        absent,
        max(0, len(occurring) - most),
    )
