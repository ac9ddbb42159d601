"""What Okta and Entra write differently, brought into the RFC's shape before it is read."""

from __future__ import annotations

import re
from typing import Any

ACTIVE = re.compile(r"^(?:urn:ietf:params:scim:schemas:core:2\.0:User:)?active$", re.IGNORECASE)
MEMBERS = re.compile(r"^(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members$", re.IGNORECASE)
# emails[type eq "work"].value eq "x": no grammar allows it, Entra asks it.
SELECTED = re.compile(r'^\s*(\w+)\[([^\[\]]+)\]\.(\w+)\s+(\w+)\s+("(?:[^"\\]|\\.)*"|\w+)\s*$')


def straighten_filter(text: str) -> str:
    """Return a filter with a comparison behind a selection moved into it."""
    return SELECTED.sub(r"\1[(\2) and \3 \4 \5]", text)


def straighten_patch(body: Any) -> Any:
    """Return a PATCH body whose values have the shapes of their attributes."""
    operations = body.get("Operations") if isinstance(body, dict) else None
    if not isinstance(operations, list):
        return body
    return {**body, "Operations": [_straighten(operation) for operation in operations]}


def _straighten(operation: Any) -> Any:
    if not isinstance(operation, dict):
        return operation
    path, value = operation.get("path"), operation.get("value")
    if isinstance(path, str) and ACTIVE.match(path):
        return {**operation, "value": _unwrap(value)}
    if isinstance(path, str) and MEMBERS.match(path) and isinstance(value, dict | list):
        members = value if isinstance(value, list) else [value]
        return {**operation, "value": [_strip(member) for member in members]}
    if not path and isinstance(value, dict):
        return {**operation, "value": _straighten_object(value)}
    return operation


def _straighten_object(value: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, item in value.items():
        if ACTIVE.match(name):
            found[name] = _unwrap(item)
        elif MEMBERS.match(name) and isinstance(item, list):
            found[name] = [_strip(member) for member in item]
        else:
            found[name] = item
    return found


def _unwrap(value: Any) -> Any:
    """Return the truth value inside a list, an object or a text."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    return (
        {"true": True, "false": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


def _strip(member: Any) -> Any:
    """Return a member by what identifies it; names and empty references beside it say nothing."""
    if not isinstance(member, dict):
        return member
    return {
        name: item
        for name, item in member.items()
        if item is not None and name.lower() in ("value", "$ref", "type")
    }
