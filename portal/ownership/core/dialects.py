"""What Okta and Entra write differently, brought into the RFC's shape before it is read."""

from __future__ import annotations

import re
from typing import Any

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LONGEST_ID = 64
ACTIVE = re.compile(r"^(?:urn:ietf:params:scim:schemas:core:2\.0:User:)?active$", re.IGNORECASE)
MEMBERS = re.compile(r"^(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members$", re.IGNORECASE)
ONE_MEMBER = re.compile(r'^members\[\s*value\s+eq\s+"([\w.-]{1,64})"\s*\]$', re.IGNORECASE)
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


def read_member_changes(body: Any) -> tuple[set[str], set[str]] | None:
    """Return whom a straightened PATCH adds and removes; None when it does anything else.

    Most changes of groups are such, and need no look at the other members.
    """
    operations = body.get("Operations")
    if body.get("schemas") != [PATCH] or not isinstance(operations, list) or not operations:
        return None
    added: set[str] = set()
    removed: set[str] = set()
    for operation in operations:
        change = _read_members(operation) if isinstance(operation, dict) else None
        if change is None:
            return None
        is_added, named = change
        into, out_of = (added, removed) if is_added else (removed, added)
        into |= named
        out_of -= named
    return added, removed


def _read_members(operation: dict[str, Any]) -> tuple[bool, set[str]] | None:
    """Return whether one operation adds, and whom; None when it is no such operation."""
    act, path, value = (operation.get(name) for name in ("op", "path", "value"))
    act = act.lower() if isinstance(act, str) else ""
    if act not in ("add", "remove") or not isinstance(path, str):
        return None
    one = ONE_MEMBER.match(path)
    if one is not None and act == "remove" and value is None:
        return False, {one[1]}
    if not MEMBERS.match(path) or not isinstance(value, list) or not value:
        return None
    named = {_name_of(member) for member in value}
    return None if None in named else (act == "add", {name for name in named if name})


def _name_of(member: Any) -> str | None:
    """Return a member's id when nothing but it, its address or its type is said."""
    found = member.get("value") if isinstance(member, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_ID else None
