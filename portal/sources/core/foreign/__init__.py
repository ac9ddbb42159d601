"""Descriptors of other products, told apart by what they hold and never by their name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sources.core.foreign import compass, cortex, datadog, opslevel
from portal.sources.core.foreign.notes import Notes

if TYPE_CHECKING:
    from portal.sources.core.foreign.draft import Draft
    from portal.sources.core.foreign.members import Member
    from portal.sources.core.foreign.notes import Path

PRODUCTS = {
    "opslevel": opslevel.NAME,
    "cortex": cortex.NAME,
    "datadog": datadog.NAME,
    "compass": compass.NAME,
}
# One of these is at the top of every document that any product would claim.
TOP_KEYS = frozenset(
    ("service", "component", "repository", "info", "dd-service", "schema-version", "id")
) | {"configVersion"}
TOP = r"(?m)^[{\"']*"
INSIDE = r"(?m)^[ \t{\"']+"
END = r"[\"']?[ \t]*:"
BROKEN = (
    (
        "opslevel",
        TOP + "version" + END + r"[ \t]*[\"']?1\b",
        TOP + "(?:service|component)" + END,
        INSIDE + "(?:name|owner|lifecycle|tier|product|aliases|tools)" + END,
    ),
    ("cortex", TOP + "info" + END, INSIDE + "x-cortex-[a-z-]+" + END),
    ("datadog", TOP + "dd-service" + END),
    ("datadog", TOP + "info" + END, INSIDE + "dd-service" + END),
    ("compass", TOP + "id" + END + r"[ \t]*[\"']?ari:cloud:compass:"),
    ("compass", TOP + "configVersion" + END, TOP + "(?:typeId|ownerId|customFields)" + END),
)
"""What a text that could not be read has to hold to be meant for a product."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What one document became: entities, what they ask of others in the file, and notes."""

    entities: tuple[Mapping[str, Any], ...]
    members: tuple[Member, ...]
    notes: Notes
    kind: str


def detect(value: Any) -> str | None:
    """Return the product whose descriptor a document is; None for Backstage's and all others."""
    if not isinstance(value, Mapping):
        return None
    version = value.get("apiVersion")
    if version is not None:
        return "datadog" if version == "v3" and datadog.detect(value) else None
    if TOP_KEYS.isdisjoint(value):
        return None
    for product, module in (("cortex", cortex), ("datadog", datadog), ("compass", compass)):
        if module.detect(value):
            return product
    return "opslevel" if opslevel.detect(value) else None


def translate(product: str, value: Mapping[str, Any], text: str) -> Translation:
    """Return what a document, written as `text`, becomes; raises Refusal or NoEntity."""
    notes = Notes()
    drafts: list[Draft]
    if product == "cortex":
        drafts = cortex.translate(value, notes, text)
    else:
        module = {"opslevel": opslevel, "datadog": datadog, "compass": compass}[product]
        drafts = [module.translate(value, notes)]
    entities = tuple(draft.build() for draft in drafts)
    members = tuple(member for draft in drafts for member in draft.members)
    return Translation(entities, members, notes, drafts[0].kind)


def find_name(product: str, value: Mapping[str, Any]) -> tuple[Path, Any]:
    """Return where the name of a document's entity stands, and what stands there."""
    path: Path = ()
    if product == "opslevel":
        path = tuple(r for r in opslevel.ROOTS if isinstance(value.get(r), Mapping))[:1]
    elif product == "cortex" or (product == "datadog" and "info" in value):
        path = ("info",)
    elif "apiVersion" in value:
        path = ("metadata",)
    key = {"cortex": "x-cortex-tag", "datadog": "dd-service"}.get(product, "name")
    inside: Any = value.get(str(path[0])) if path else value
    key = "name" if "apiVersion" in value else key
    return (*path, key), inside.get(key) if isinstance(inside, Mapping) else None


def find_broken(text: str) -> str | None:
    """Return the product a text that could not be read was meant for."""
    return next(
        (
            product
            for product, *patterns in BROKEN
            if all(re.search(pattern, text) for pattern in patterns)
        ),
        None,
    )
