"""Conditions on the values of entities, joined by all, any and not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.value_columns import ValueColumn
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from portal.catalog.core.columns import Ints, Mask

MOST_LEAVES = 1000
MOST_PATHS = 100
ReadColumn = Callable[[str], ValueColumn]


@dataclass(frozen=True, slots=True)
class Exists:
    """Something stands at the path."""

    path: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values stands at the path; they are compared in lower case."""

    path: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begins:
    """A value at the path begins so."""

    path: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Holds:
    """A value at one of the paths holds a text."""

    paths: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class All:
    """Every condition holds; without any, always."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one condition holds; without any, never."""

    parts: tuple[Predicate, ...]


Leaf = Exists | OneOf | Begins | Holds
Predicate = Leaf | Not | All | Some


def list_leaves(predicate: Predicate) -> Iterator[Leaf]:
    """Yield every single condition of a predicate."""
    if isinstance(predicate, Not):
        yield from list_leaves(predicate.part)
    elif isinstance(predicate, All | Some):
        for part in predicate.parts:
            yield from list_leaves(part)
    else:
        yield predicate


def list_paths(predicate: Predicate) -> Iterator[str]:
    """Yield every path a predicate asks about, as written."""
    for leaf in list_leaves(predicate):
        yield from leaf.paths if isinstance(leaf, Holds) else (leaf.path,)


def check_size(predicate: Predicate) -> None:
    """Raise InvalidInput for a predicate that asks too much at once."""
    leaves = list(list_leaves(predicate))
    paths = set(list_paths(predicate))
    if len(leaves) > MOST_LEAVES or len(paths) > MOST_PATHS:
        raise InvalidInput(
            f"This asks {len(leaves)} conditions of {len(paths)} paths, "
            f"more than {MOST_LEAVES} of {MOST_PATHS}.",
            fix="Ask for less at once; many values of one path count as one condition.",
        )


def choose(predicate: Predicate, size: int, read: ReadColumn) -> Mask:
    """Return which of `size` rows fit; `read` gives the column of a path in lower case."""
    if isinstance(predicate, Not):
        return ~choose(predicate.part, size, read)
    if isinstance(predicate, All):
        found = np.ones(size, np.bool_)
        for part in predicate.parts:
            found &= choose(part, size, read)
        return found
    found = np.zeros(size, np.bool_)
    if isinstance(predicate, Some):
        for part in predicate.parts:
            found |= choose(part, size, read)
        return found
    for rows in _find(predicate, read):
        found[rows] = True
    return found


def _find(leaf: Leaf, read: ReadColumn) -> list[Ints]:
    if isinstance(leaf, Exists):
        return [read(leaf.path.lower()).rows]
    if isinstance(leaf, OneOf):
        column = read(leaf.path.lower())
        return [column.find_value(value.lower()) for value in leaf.values]
    if isinstance(leaf, Begins):
        return [read(leaf.path.lower()).find_prefix(leaf.prefix.lower())]
    return [read(path.lower()).find_part(leaf.text.lower()) for path in leaf.paths]
