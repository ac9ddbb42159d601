"""Conditions on the values of entities, joined by all, any and not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.value_columns import ValueColumn

if TYPE_CHECKING:
    from portal.catalog.core.columns import Ints, Mask

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


def list_paths(predicate: Predicate) -> set[str]:
    """Return the paths a predicate asks about."""
    if isinstance(predicate, Not):
        return list_paths(predicate.part)
    if isinstance(predicate, All | Some):
        return set().union(*(list_paths(part) for part in predicate.parts))
    return {*predicate.paths} if isinstance(predicate, Holds) else {predicate.path}


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
