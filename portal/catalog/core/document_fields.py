"""Fields of a document by RFC 6901 JSON Pointer: read, set, taken away, compared.

A pointer leads through maps only; a list is one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """What one field is to hold, or that it is to go."""

    pointer: str
    value: Any = None
    is_removal: bool = False


class Blocked(Exception):  # noqa: N818 reads as what happened
    """A field cannot be set because something above it is no map; the text is its pointer."""


def join_pointer(*keys: str) -> str:
    """Return the pointer that leads through `keys`."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


def split_pointer(pointer: str) -> list[str]:
    """Return the keys a pointer leads through; raises ValueError for what is no pointer."""
    if not pointer.startswith("/"):
        raise ValueError("a JSON Pointer begins with a slash")
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer[1:].split("/")]


def read_field(document: Mapping[str, Any], pointer: str) -> Any:
    """Return what stands at `pointer`, MISSING when nothing does."""
    value: Any = document
    for key in split_pointer(pointer):
        if not isinstance(value, Mapping) or key not in value:
            return MISSING
        value = value[key]
    return value


def apply_changes(document: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return a document with its changes made; what they do not touch is shared with the old one.

    Maps above a field are made where they are missing, and go when a removal empties them. Raises
    Blocked.
    """
    changed = dict(document)
    for change in changes:
        *above, last = split_pointer(change.pointer)
        if change.is_removal:
            _remove(changed, above, last)
        else:
            _set(changed, above, last, change)
    return changed


def _set(root: dict[str, Any], above: list[str], last: str, change: Change) -> None:
    place = root
    for depth, key in enumerate(above):
        below = place.get(key, {})
        if below is None:
            below = {}
        if not isinstance(below, Mapping):
            raise Blocked(join_pointer(*above[: depth + 1]))
        place[key] = dict(below)
        place = place[key]
    place[last] = change.value


def _remove(root: dict[str, Any], above: list[str], last: str) -> None:
    places = [root]
    for key in above:
        below = places[-1].get(key)
        if not isinstance(below, Mapping):
            return
        places[-1][key] = dict(below)
        places.append(places[-1][key])
    if places[-1].pop(last, MISSING) is MISSING:
        return
    for depth in range(len(above), 1, -1):  # what stands at the root stays, though empty
        if places[depth]:
            break
        del places[depth - 1][above[depth - 1]]


def list_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the pointers of fields that differ between two documents, in order."""
    return sorted(_compare((), before, after))


def _compare(above: tuple[str, ...], before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before.keys() | after.keys():
            yield from _compare(
                (*above, str(key)), before.get(key, MISSING), after.get(key, MISSING)
            )
    elif type(before) is not type(after) or before != after:
        yield join_pointer(*above)


def list_leaves(document: Mapping[str, Any]) -> list[str]:
    """Return the pointers of all values of a document, in order; a list is one value."""

    def walk(above: tuple[str, ...], value: Any) -> Iterator[str]:
        if isinstance(value, Mapping) and value:
            for key, below in value.items():
                yield from walk((*above, str(key)), below)
        elif above:
            yield join_pointer(*above)

    return sorted(walk((), document))


def is_within(pointer: str, above: str) -> bool:
    """Whether a pointer leads to what is at another one or below it."""
    return f"{pointer}/".startswith(f"{above}/")


def find_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the changes that make `after` of `before`."""
    return [
        Change(pointer, None if value is MISSING else value, is_removal=value is MISSING)
        for pointer in list_changed(before, after)
        for value in (read_field(after, pointer),)
    ]
