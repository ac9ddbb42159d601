"""Predicates as JSON: `$all`, `$any`, `$not`, and `$exists`, `$in`, `$contains`, `$hasPrefix`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.backstage.core.refusals import Refused
from portal.catalog.core.predicates import All, Begins, Exists, Not, OneOf, Predicate, Some
from portal.catalog.core.values import write_scalar

DEEPEST = 40
SCALARS = (str, int, float, bool)


def parse_query(value: Any, depth: int = 0) -> Predicate:
    """Return the predicate a JSON value stands for; raises Refused for anything else."""
    if depth > DEEPEST:
        raise Refused(f"Invalid query: nested deeper than {DEEPEST}")
    if not isinstance(value, Mapping):
        raise Refused("Invalid query: Validation error: expected an object")
    operators = [key for key in value if key.startswith("$")]
    if not operators:
        return All(tuple(_parse_field(path, wanted) for path, wanted in value.items()))
    if len(value) != 1:
        raise Refused("Invalid query: an operator stands alone in its object")
    [(operator, inner)] = value.items()
    if operator == "$not":
        return Not(parse_query(inner, depth + 1))
    if operator in ("$all", "$any") and isinstance(inner, list):
        parts = tuple(parse_query(part, depth + 1) for part in inner)
        return All(parts) if operator == "$all" else Some(parts)
    raise Refused("Invalid query: operators are $all or $any with an array, and $not")


def _parse_field(path: str, wanted: Any) -> Predicate:
    if isinstance(wanted, SCALARS):
        return OneOf(path, (write_scalar(wanted),))
    if not isinstance(wanted, Mapping):
        raise _refuse_value(path)
    if isinstance(wanted.get("$exists"), bool):
        return Exists(path) if wanted["$exists"] else Not(Exists(path))
    if "$in" in wanted:
        return OneOf(path, _read_list(path, wanted["$in"]))
    if isinstance(wanted.get("$hasPrefix"), str):
        return Begins(path, wanted["$hasPrefix"])
    if "$contains" in wanted:
        return _parse_contains(path, wanted["$contains"])
    raise _refuse_value(path)


def _read_list(path: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, SCALARS) for value in values):
        raise _refuse_value(path)
    return tuple(write_scalar(value) for value in values)


def _parse_contains(path: str, target: Any) -> Predicate:
    if isinstance(target, SCALARS):
        return OneOf(path, (write_scalar(target),))
    if not isinstance(target, Mapping):
        raise _refuse_value(path)
    if path.lower() != "relations":
        raise Refused(f'Object form of $contains is not supported for field "{path.lower()}"')
    return _parse_relation(target)


def _parse_relation(target: Mapping[str, Any]) -> Predicate:
    given: dict[str, Any] = {}
    for name, value in target.items():
        if name.lower() in given:
            raise Refused(f'Duplicate key "{name}" in $contains for "relations"')
        given[name.lower()] = value
    unknown = given.keys() - {"type", "targetref"}
    if unknown:
        raise Refused(
            f'Unsupported key "{min(unknown)}" in $contains for "relations". '
            'Only "type" and "targetRef" are supported'
        )
    if not (isinstance(given.get("type"), str) and given["type"]):
        raise Refused('The $contains operator for "relations" requires a "type" string property')
    path = f"relations.{given['type']}"
    return OneOf(path, _read_targets(given["targetref"])) if "targetref" in given else Exists(path)


def _read_targets(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    values = value.get("$in") if isinstance(value, Mapping) and len(value) == 1 else None
    if not (isinstance(values, list) and values and all(isinstance(v, str) for v in values)):
        raise Refused(
            'Unsupported value in $contains for "relations": expected a string or '
            '{ "$in": [strings] }'
        )
    return tuple(values)


def _refuse_value(path: str) -> Refused:
    return Refused(
        f'Invalid query: at "{path}", expected a primitive value, '
        "$exists, $in, $hasPrefix, or $contains"
    )


def write_query(predicate: Predicate) -> dict[str, Any]:
    """Return a predicate as the JSON that `parse_query` reads."""
    match predicate:
        case Not(part):
            found: dict[str, Any] = {"$not": write_query(part)}
        case All(parts):
            found = {"$all": [write_query(part) for part in parts]}
        case Some(parts):
            found = {"$any": [write_query(part) for part in parts]}
        case Exists(path):
            found = {path: {"$exists": True}}
        case Begins(path, prefix):
            found = {path: {"$hasPrefix": prefix}}
        case OneOf(path, values):
            found = {path: {"$in": list(values)}}
        case _:
            raise TypeError("a text search is no query")
    return found
