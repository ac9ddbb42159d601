"""The values of an entity by path, as Backstage indexes them: what its filters and facets read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from portal.catalog.core.refs import DEFAULT_NAMESPACE

LONGEST = 200
"""Longer paths are not kept; of longer values only that there is one."""
NOT_KEPT = frozenset(
    (
        "attachments",
        "relations",
        "status",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.etag",
    )
)
SORTED = (
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
)
# One for all portals: a reference has the same uid wherever and whenever it is read.
UIDS = uuid.UUID("6f1d0c0e-5c39-5e0a-9a4e-6d1f5a3b7c21")
LARGEST_EXACT = 2**53
LARGEST_PLAIN = 1e21
SMALLEST_PLAIN = 1e-6


class Value(NamedTuple):
    """A path and what stands there, both in lower case; `original` as it was written.

    Both texts are empty where there is a path but nothing to compare.
    """

    path: str
    value: str | None
    original: str | None


def make_uid(ref: str) -> str:
    """Return the uid of a canonical reference."""
    return str(uuid.uuid5(UIDS, ref))


def sort_lists(entity: dict[str, Any]) -> dict[str, Any]:
    """Return an entity with the references in its spec in order, as Backstage sorts them."""
    spec = entity.get("spec")
    if not isinstance(spec, Mapping):
        return entity
    ordered = {
        name: sorted(spec[name])
        for name in SORTED
        if isinstance(spec.get(name), list) and all(isinstance(x, str) for x in spec[name])
    }
    return {**entity, "spec": {**spec, **ordered}}


def list_values(entity: Mapping[str, Any]) -> list[Value]:
    """Return the values of a checked entity without repeats; relations are not among them."""
    metadata = entity["metadata"]
    found = [
        *_walk("", entity, set()),
        ("metadata.name", metadata["name"]),
        ("metadata.namespace", metadata.get("namespace", DEFAULT_NAMESPACE)),
    ]
    unique: dict[tuple[str, str | None], Value] = {}
    for path, value in found:
        row = make_value(path, value)
        if row is not None:
            unique.setdefault(row[:2], row)
    return list(unique.values())


def _walk(path: str, value: Any, seen: set[str]) -> Iterator[tuple[str, Any]]:
    if path in NOT_KEPT:
        return
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(f"{path}.{name}" if path else str(name), part, seen)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(path, item, seen)
            # A text in a list is a path too, so that `metadata.tags.java` asks for the tag.
            if isinstance(item, str) and (key := f"{path}.{item}").lower() not in seen:
                seen.add(key.lower())
                yield key, True
    else:
        yield path, value


def make_value(path: str, value: Any) -> Value | None:
    """Return what is kept of a value, None for a path that is too long."""
    if len(path) > LONGEST:
        return None
    text = None if value is None else write_scalar(value)
    if text is None or len(text) > LONGEST:
        return Value(path.lower(), None, None)
    return Value(path.lower(), text.lower(), text)


def write_scalar(value: Any) -> str:
    """Return a scalar as JavaScript writes it as text, for that is what filters are compared to."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) <= LARGEST_EXACT:
        return str(value)
    return _write_number(float(value)) if isinstance(value, int | float) else str(value)


def _write_number(value: float) -> str:
    if value.is_integer() and abs(value) < LARGEST_PLAIN:
        return str(int(value))
    text = repr(value)
    mantissa, marked, exponent = text.partition("e")
    if marked:
        power = int(exponent)
        if abs(value) >= SMALLEST_PLAIN and power < 0:
            return f"{value:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"
        return f"{mantissa.removesuffix('.0')}e{power:+d}"
    return text
