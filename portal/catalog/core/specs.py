"""Checks of `spec` by kind, and hints about fields that are silently ignored."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from portal.catalog.core.contacts import check_contacts
from portal.catalog.core.envelope import (
    FILLED,
    break_rule,
    check_envelope,
    missing,
    wrong_shape,
)
from portal.catalog.core.fields import is_safe_link
from portal.catalog.core.findings import Finding, show
from portal.catalog.core.kinds import KINDS, Field, Kind, find_kind
from portal.catalog.core.relations import check_refs

MCP_SERVER = "mcp-server"
SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda v: isinstance(v, str) and v != "", "text that is not empty"),
    "any text": (lambda v: isinstance(v, str), "text"),
    "text or boolean": (lambda v: isinstance(v, str | bool), "text, true or false"),
    "texts": (lambda v: isinstance(v, list), "a list of texts"),
    "object": (lambda v: isinstance(v, Mapping), "an object"),
    "objects": (lambda v: isinstance(v, list), "a list of objects"),
    "object or objects": (
        lambda v: isinstance(v, Mapping | list),
        "an object or a list of objects",
    ),
}


def check_entity(entity: Mapping[str, Any]) -> list[Finding]:
    """Return everything wrong with an entity, empty when it may enter the catalog."""
    found = list(check_envelope(entity))
    if found:
        return found
    kind = find_kind(entity["kind"], entity["apiVersion"])
    if kind is None:
        return []
    found = list(_check_spec(entity, kind))
    return found or list(check_refs(entity, kind))


def _check_spec(entity: Mapping[str, Any], kind: Kind) -> Iterator[Finding]:
    if "spec" not in entity:
        yield missing("spec", f"{kind.name} needs it")
        return
    spec = entity["spec"]
    for field in (*kind.fields, *kind.by_type.get(str(spec.get("type")), ())):
        if kind.name == "API" and field.name == "definition" and _is_mcp_server(spec):
            yield from _check_remotes(spec)
        else:
            yield from _check_field(spec, field, "spec", kind.groups)


def _check_field(
    owner: Mapping[str, Any], field: Field, above: str, groups: Mapping[str, tuple[Field, ...]]
) -> Iterator[Finding]:
    path = f"{above}.{field.name}"
    fits, words = SHAPES[field.shape]
    if field.name not in owner:
        if field.required:
            yield missing(path, words)
        return
    value = owner[field.name]
    if not fits(value):
        yield wrong_shape(path, value, words)
    elif field.choices and value not in field.choices:
        yield wrong_shape(path, value, " or ".join(f"`{choice}`" for choice in field.choices))
    elif field.shape == "texts":
        for index, item in enumerate(value):
            if not (isinstance(item, str) and item):
                yield break_rule(f"{path}[{index}]", FILLED, item)
    else:
        yield from _check_inside(value, path, field.name, groups)


def _check_inside(
    value: Any, path: str, name: str, groups: Mapping[str, tuple[Field, ...]]
) -> Iterator[Finding]:
    for part in groups.get(name, ()):
        if isinstance(value, Mapping):
            yield from _check_field(value, part, path, {})
            continue
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                yield wrong_shape(f"{path}[{index}]", item, "an object")
            else:
                yield from _check_field(item, part, f"{path}[{index}]", {})


def _is_mcp_server(spec: Mapping[str, Any]) -> bool:
    return spec.get("type") == MCP_SERVER and "definition" not in spec


def _check_remotes(spec: Mapping[str, Any]) -> Iterator[Finding]:
    remotes = spec.get("remotes")
    if not isinstance(remotes, list) or not remotes:
        yield missing(
            "spec.remotes", "an API of type mcp-server names at least one, with `type` and `url`"
        )
        return
    for index, remote in enumerate(remotes):
        if not isinstance(remote, Mapping):
            yield wrong_shape(f"spec.remotes[{index}]", remote, "an object with `type` and `url`")
            continue
        for name in ("type", "url"):
            yield from _check_field(
                remote, Field(name, required=True), f"spec.remotes[{index}]", {}
            )


def list_hints(entity: Mapping[str, Any]) -> list[Finding]:
    """Return what is allowed but likely a mistake: misspelt fields, links nobody can click."""
    hints: list[Finding] = []
    kind = find_kind(entity["kind"], entity["apiVersion"])
    if kind is None and entity["kind"] in KINDS:
        versions = ", ".join(KINDS[entity["kind"]].versions)
        hints.append(
            Finding(
                "apiVersion",
                "unknown-version",
                f"{entity['kind']} is not known under {show(entity['apiVersion'])}; "
                "it is kept as a generic entity.",
                f"Write one of: {versions}.",
            )
        )
    spec = entity.get("spec") or {}
    hints.extend(_hint_misspelt(spec, kind) if kind else ())
    for index, link in enumerate(entity["metadata"].get("links") or ()):
        if not is_safe_link(link["url"]):
            hints.append(
                Finding(
                    f"metadata.links[{index}].url",
                    "unsafe-link",
                    f"{show(link['url'])} is shown as text, not as a link.",
                    "Only http, https and mailto links can be clicked.",
                )
            )
    return [*hints, *check_contacts(entity)]


def _hint_misspelt(spec: Mapping[str, Any], kind: Kind) -> Iterator[Finding]:
    known = {field.name for field in kind.fields} | {field.name for field in kind.relations}
    relations = {field.name for other in KINDS.values() for field in other.relations}
    folded = {name.lower(): name for name in known}
    for name in spec:
        if not isinstance(name, str) or name in known:
            continue
        close = folded.get(name.lower()) or next(
            iter(difflib.get_close_matches(name, known, n=1, cutoff=0.84)), None
        )
        if close:
            yield Finding(
                f"spec.{name}",
                "misspelt-field",
                f"`spec.{name}` is not read; `{close}` is.",
                f"Rename it to `{close}`.",
            )
        elif name in relations:
            yield Finding(
                f"spec.{name}",
                "ignored-field",
                f"`spec.{name}` makes no relation for a {kind.name}.",
                "State the relation on the entity at its other end, or delete it.",
            )
