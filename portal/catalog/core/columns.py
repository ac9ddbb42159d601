"""The catalog's lists as integer columns: what facets, totals and sorts are counted from.

One value is one snapshot; nothing in it changes, so threads share it. Text is kept once, as codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portal.catalog.core.own_values import find_sort_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from portal.catalog.core.own_fields import OwnField

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
ABSENT = -1
CODED = (
    "kind",
    "namespace",
    "owner",
    "lifecycle",
    "type",
    "class",
    "tier",
    "system",
    "own_domain",
    "source",
)
VOCABULARY = {"own_domain": "domain"}


class Codes:
    """Texts and their numbers; only ever grows, so older snapshots stay readable."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.texts: list[str] = []

    def encode(self, text: str | None) -> int:
        """Return the number of a text, ABSENT for none."""
        if text is None:
            return ABSENT
        number = self._numbers.get(text)
        if number is None:
            number = len(self.texts)
            self.texts.append(text)
            self._numbers[text] = number
        return number

    def find(self, text: str) -> int | None:
        """Return the number of a text that occurs, else None."""
        return self._numbers.get(text)


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One entity as columns take it; `coded` are texts by the names in CODED."""

    id: int
    name: str
    title: str | None
    updated: float
    tags: Sequence[str]
    coded: Mapping[str, str | None]
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class MarkColumn:
    """One mark over all rows: its value's code, its rank, and when it expires (0: never).

    `version` is how many there are and the latest revision of any, which change with every write.
    """

    values: Ints
    ranks: Ints
    expires: NDArray[np.float64]
    version: tuple[int, int]


@dataclass(frozen=True)
class FieldColumn:
    """One own field over all rows; `rows` and `codes` pair rows with values.

    `first` is the code of each row's first value. `written` holds how values are spelt, by code;
    like the texts it only ever grows.
    """

    declared: OwnField
    texts: Codes
    written: list[str]
    first: Ints
    rows: Ints
    codes: Ints

    @cached_property
    def ranks(self) -> Ints:
        """Return where each row stands by its first value, ABSENT without one."""
        found = np.full(len(self.first), ABSENT, np.int64)
        has_one = self.first != ABSENT
        used, places = np.unique(self.first[has_one], return_inverse=True)
        keys = [find_sort_value(self.declared, self.texts.texts[code]) for code in used.tolist()]
        order = {key: rank for rank, key in enumerate(sorted(set(keys)))}
        found[has_one] = np.array([order[key] for key in keys], np.int64)[places]
        return found

    def read_sort_value(self, row: int) -> str | float | None:
        """Return what a row is sorted by, None without a value."""
        code = int(self.first[row])
        return None if code == ABSENT else find_sort_value(self.declared, self.texts.texts[code])

    def spell(self, value: str) -> str:
        """Return how a compared value is written."""
        code = self.texts.find(value)
        return value if code is None else self.written[code]


@dataclass(frozen=True)
class Columns:
    """All entities by ascending id; `tag_rows` and `tag_codes` pair rows with tags.

    `name_order` holds the rows in the order of their names.
    """

    revision: int
    loaded_at: datetime
    texts: Mapping[str, Codes]
    ids: Ints
    codes: Mapping[str, Ints]
    updated: NDArray[np.float64]
    names: Sequence[str]
    titles: Sequence[str | None]
    tag_rows: Ints
    tag_codes: Ints
    ephemeral: Mask
    problems: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    name_order: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    marks: Mapping[str, MarkColumn] = field(default_factory=dict)
    fields: Mapping[str, FieldColumn] = field(default_factory=dict)
    _counts: dict[str, Ints] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def untagged(self) -> Mask:
        """Return which rows have no tag."""
        found = np.ones(len(self), np.bool_)
        found[self.tag_rows] = False
        return found

    @cached_property
    def lasting(self) -> Mask | None:
        """Return which rows do not expire, None when that is all of them."""
        return ~self.ephemeral if self.ephemeral.any() else None

    def count_whole(self, name: str) -> Ints:
        """Return how often each code of a column occurs in all rows, ABSENT first."""
        found = self._counts.get(name)
        if found is None:
            found = self._counts[name] = np.bincount(self.codes[name] + 1)
        return found

    def find_rows(self, ids: Sequence[int] | Ints) -> Ints:
        """Return the row of each id, ABSENT for ids that are not here."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(self.ids):
            return np.full(len(wanted), ABSENT, np.int64)
        places = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[places] == wanted, places, ABSENT)


def make_texts() -> dict[str, Codes]:
    """Return an empty vocabulary for every coded column, tags and domains included."""
    names = {VOCABULARY.get(name, name) for name in CODED} | {"tag"}
    return {name: Codes() for name in sorted(names)}


def build_columns(
    rows: Iterable[ColumnRow], texts: Mapping[str, Codes], *, revision: int, now: datetime
) -> Columns:
    """Return columns of rows given by ascending id."""
    rows = list(rows)
    tags = texts["tag"]
    pairs = [(place, tags.encode(tag)) for place, row in enumerate(rows) for tag in row.tags]
    paired = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    columns = Columns(
        revision,
        now,
        texts,
        np.array([row.id for row in rows], dtype=np.int64),
        {name: _encode(rows, name, texts[VOCABULARY.get(name, name)]) for name in CODED},
        np.array([row.updated for row in rows], dtype=np.float64),
        [row.name for row in rows],
        [row.title for row in rows],
        paired[:, 0],
        paired[:, 1],
        np.array([row.is_ephemeral for row in rows], dtype=np.bool_),
    )
    return with_domains(columns)


def _encode(rows: Sequence[ColumnRow], name: str, codes: Codes) -> Ints:
    return np.array([codes.encode(row.coded[name]) for row in rows], dtype=np.int64)


def merge_columns(held: Columns, fresh: Columns, gone: Sequence[int]) -> Columns:
    """Return `held` with the rows of `fresh` in place of theirs and without those that are gone."""
    leave = np.isin(held.ids, np.concatenate([fresh.ids, np.array(gone, dtype=np.int64)]))
    kept = np.flatnonzero(~leave)
    order = np.argsort(np.concatenate([held.ids[kept], fresh.ids]), kind="stable")

    def join(old: Any, new: Any) -> Any:
        return np.concatenate([old[kept], new])[order]

    def join_list(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
        joined: list[Any] = join(np.array(old, object), np.array(new, object)).tolist()
        return joined

    place = np.full(len(held) + len(fresh), ABSENT, np.int64)
    place[np.concatenate([kept, np.arange(len(fresh)) + len(held)])[order]] = np.arange(len(order))
    tag_rows = place[np.concatenate([held.tag_rows, fresh.tag_rows + len(held)])]
    tag_codes = np.concatenate([held.tag_codes, fresh.tag_codes])
    merged = replace(
        fresh,
        ids=join(held.ids, fresh.ids),
        codes={name: join(held.codes[name], fresh.codes[name]) for name in held.codes},
        updated=join(held.updated, fresh.updated),
        names=join_list(held.names, fresh.names),
        titles=join_list(held.titles, fresh.titles),
        tag_rows=tag_rows[tag_rows != ABSENT],
        tag_codes=tag_codes[tag_rows != ABSENT],
        ephemeral=join(held.ephemeral, fresh.ephemeral),
    )
    return with_domains(merged)


def merge_order(
    held: Columns, columns: Columns, followed: Sequence[tuple[int, int | None]]
) -> Ints | None:
    """Return the order of names after a change, None when it has to be read as a whole.

    `followed` names what changed and the id that stands behind each, from the last to the first.
    """
    rows = columns.find_rows(held.ids)[held.name_order]
    moved = columns.find_rows([number for number, _ in followed])
    behind = columns.find_rows([ABSENT if after is None else after for _, after in followed])
    is_moved = np.zeros(len(columns) + 1, np.bool_)
    is_moved[moved] = True
    is_moved[ABSENT] = True
    order = rows[~is_moved[rows]]
    places = np.empty(len(columns), np.int64)
    places[order] = np.arange(len(order))
    at: list[int] = []
    for row, next_row, (_, after) in zip(moved, behind, followed, strict=True):
        if row == ABSENT or (next_row == ABSENT and after is not None):
            return None
        places[row] = len(order) if after is None else places[next_row]
        at.append(int(places[row]))
    merged = np.insert(order, at[::-1], moved[::-1])
    return merged if len(merged) == len(columns) else None


def with_domains(columns: Columns) -> Columns:
    """Add `domain`: the one an entity names, else its system's."""
    codes, systems = columns.codes, columns.texts["system"]
    of_system = np.full(len(systems.texts) + 1, ABSENT, np.int64)
    kinds, spaces = columns.texts["kind"], columns.texts["namespace"].texts
    for row in np.flatnonzero(codes["kind"] == (kinds.find("system") or 0)).tolist():
        space = spaces[codes["namespace"][row]]
        number = systems.find(f"system:{space}/{columns.names[row].lower()}")
        if number is not None:
            of_system[number] = codes["own_domain"][row]
    inherited = of_system[codes["system"]]
    domain = np.where(codes["own_domain"] == ABSENT, inherited, codes["own_domain"])
    return replace(columns, codes={**codes, "domain": domain})
