"""What is to change in a document: values at JSON Pointers, cut into the smallest steps."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portal.catalog.core.document_fields import Change

MOST_CHANGES = 100
LONGEST_POINTER = 1000
DEEPEST = 40
APPEND = "-"
SET, INSERT, REMOVE = "set", "insert", "remove"
Path = tuple[str | int, ...]


class CannotPatch(InvalidInput):
    """A document cannot be changed as asked; says which pointer, and why."""

    def __init__(self, pointer: str, rule: str, message: str, fix: str = "") -> None:
        super().__init__(message, (Problem(pointer, rule, message, fix),), fix=fix)


@dataclass(frozen=True, slots=True)
class Step:
    """One edit: `path` names what is set, put before, or removed."""

    kind: str
    path: Path
    value: Any = None


def parse_pointer(pointer: str) -> tuple[str, ...]:
    """Return the parts of a pointer; raises CannotPatch."""
    if not pointer.startswith("/") or len(pointer) > LONGEST_POINTER:
        raise CannotPatch(
            pointer[:100],
            "pointer",
            f"`{pointer[:100]}` is no JSON Pointer to a field.",
            "Write it like `/spec/owner`; `~1` stands for a slash within a name, `~0` for `~`.",
        )
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def write_pointer(path: Path) -> str:
    """Return the pointer to a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def clean(value: Any, pointer: str, depth: int = 0) -> Any:
    """Return a JSON value as a descriptor's reader would give it; raises CannotPatch."""
    if depth > DEEPEST:
        raise CannotPatch(pointer, "depth", "The value is nested too deeply.", "Make it flatter.")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CannotPatch(pointer, "number", "The value holds a number JSON cannot write.")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, list):
        return [clean(item, pointer, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(key): clean(item, pointer, depth + 1) for key, item in value.items()}
    return value


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are written alike; to Python, 1 equals true."""
    return _write(one) == _write(other)


def _write(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def apply_change(value: Any, change: Change) -> Any:
    """Return the document's value with a change made; raises CannotPatch."""
    root = deepcopy(value)
    for step in plan_steps(root, change):
        *parents, last = step.path
        place = root
        for part in parents:
            place = place[part]
        if step.kind == REMOVE:
            del place[last]
        elif step.kind == INSERT:
            place.insert(last, deepcopy(step.value))
        else:
            place[last] = deepcopy(step.value)
    return root


def plan_steps(root: Any, change: Change) -> list[Step]:
    """Return the smallest steps that make a change, in order; raises CannotPatch."""
    parts = parse_pointer(change.pointer)
    value = clean(change.value, change.pointer)
    path: list[str | int] = []
    place = root
    for depth, part in enumerate(parts):
        found = _find_key(place, part, change.pointer)
        is_last = depth + 1 == len(parts)
        if found is None or found == APPEND or (place[found] is None and not is_last):
            return _plan_missing(change, place, found, path, parts[depth:], value)
        path.append(found)
        if is_last:
            break
        place = place[found]
    if change.is_removal:
        return _plan_removal(place, tuple(path))
    return list(_expand(place[path[-1]], value, tuple(path)))


def _find_key(place: Any, part: str, pointer: str) -> str | int | None:
    """Return the key or index of a part; None where a mapping lacks it."""
    if isinstance(place, dict):
        return part if part in place else None
    if isinstance(place, list):
        if part == APPEND:
            return APPEND
        is_index = part.isascii() and part.isdigit() and str(int(part[:9])) == part
        if is_index and int(part) < len(place):
            return int(part)
        raise CannotPatch(
            pointer,
            "pointer",
            f"`{pointer}`: the list has no entry {part[:20]}.",
            "`-` appends one.",
        )
    raise CannotPatch(
        pointer,
        "pointer",
        f"`{pointer}` leads through a plain value, which has no fields.",
        "Set the field above it.",
    )


def _plan_missing(
    change: Change,
    place: Any,
    found: str | int | None,
    path: Sequence[str | int],
    rest: Sequence[str],
    value: Any,
) -> list[Step]:
    """Return the step that makes what is not there yet, with everything in between."""
    if change.is_removal:
        raise CannotPatch(
            change.pointer, "pointer", f"There is nothing at `{change.pointer}` to remove."
        )
    for part in reversed(rest[1:]):
        value = [value] if part == APPEND else {part: value}
    if path and not place:  # `{}` or `[]`, which is written anew
        return [Step(SET, tuple(path), [value] if found == APPEND else {rest[0]: value})]
    if found == APPEND:
        return [Step(INSERT, (*path, len(place)), value)]
    return [Step(SET, (*path, rest[0] if found is None else found), value)]


def _plan_removal(place: Any, path: Path) -> list[Step]:
    """Return the removal; the last one out leaves an empty map or list behind."""
    if len(place) == 1 and len(path) > 1:
        return [Step(SET, path[:-1], type(place)())]
    return [Step(REMOVE, path)]


def _expand(old: Any, new: Any, path: Path) -> Iterator[Step]:
    """Yield what turns one value into another and leaves alone what both have."""
    if is_same(old, new):
        return
    if old and new and isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            if key in old:
                yield from _expand(old[key], value, (*path, key))
            else:
                yield Step(SET, (*path, key), value)
        yield from (Step(REMOVE, (*path, key)) for key in old if key not in new)
    elif old and new and isinstance(old, list) and isinstance(new, list):
        yield from _expand_lists(old, new, path)
    else:
        yield Step(SET, path, new)


def _expand_lists(old: list[Any], new: list[Any], path: Path) -> Iterable[Step]:
    """Yield the steps between two lists from the end, so that places before stay as they were."""
    matcher = SequenceMatcher(None, [_write(i) for i in old], [_write(i) for i in new], False)  # noqa: FBT003 its own order
    late: list[Step] = []
    for tag, a1, a2, b1, b2 in reversed(matcher.get_opcodes()):
        if tag == "equal":
            continue
        both = min(a2 - a1, b2 - b1)
        late += [Step(INSERT, (*path, a1 + both), item) for item in reversed(new[b1 + both : b2])]
        late += [Step(REMOVE, (*path, place)) for place in range(a2 - 1, a1 + both - 1, -1)]
        for place in range(both - 1, -1, -1):
            late += _expand(old[a1 + place], new[b1 + place], (*path, a1 + place))
    return late
