"""The relations an entity makes: references in its spec, each with its inverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.catalog.core.findings import Finding, show
from portal.catalog.core.kinds import FORWARD, PAIRS, Kind, RelationField, find_kind
from portal.catalog.core.refs import DEFAULT_NAMESPACE, EntityRef, entity_ref, parse_ref


@dataclass(frozen=True, slots=True)
class Relation:
    """`source` stands in relation `type` to `target`; both are canonical references."""

    source: str
    type: str
    target: str

    @property
    def inverse(self) -> Relation:
        """Return the same relation seen from its other end."""
        return Relation(self.target, PAIRS[self.type], self.source)

    @property
    def forward(self) -> Relation:
        """Return this relation in the direction that is stored."""
        return self if self.type in FORWARD else self.inverse


def list_relations(entity: Mapping[str, Any]) -> list[Relation]:
    """Return the relations a checked entity makes, as its fields state them, without repeats.

    Raises ValueError for a reference that cannot be read.
    """
    kind = find_kind(entity["kind"], entity["apiVersion"])
    if kind is None:
        return []
    source = entity_ref(entity).canonical
    found = (
        Relation(source, field.type, parsed.canonical)
        for field, _, text in _list_refs(entity, kind)
        for parsed in (_parse(entity, field, text),)
    )
    return list(dict.fromkeys(found))


def check_refs(entity: Mapping[str, Any], kind: Kind) -> Iterator[Finding]:
    """Check that every reference of an entity can be read."""
    for field, path, text in _list_refs(entity, kind):
        try:
            parsed = _parse(entity, field, text)
        except ValueError as error:
            yield Finding(
                path,
                "reference",
                f"`{path}` is {show(text)}: {error}.",
                f"Write `{(field.default_kind or 'component').lower()}:namespace/name`.",
            )
            continue
        if any(len(part) > 200 for part in (parsed.kind, parsed.namespace, parsed.name)):  # noqa: PLR2004 the number says it best here
            yield Finding(
                path,
                "reference",
                f"`{path}` is {show(text)}: longer than 200 characters.",
                "Refer to an entity by its name.",
            )


def _parse(entity: Mapping[str, Any], field: RelationField, text: Any) -> EntityRef:
    return parse_ref(
        text,
        default_kind=field.default_kind,
        default_namespace=entity["metadata"].get("namespace", DEFAULT_NAMESPACE),
    )


def _list_refs(entity: Mapping[str, Any], kind: Kind) -> Iterator[tuple[RelationField, str, Any]]:
    spec = entity.get("spec")
    if not isinstance(spec, Mapping):
        return
    for field in kind.relations:
        value = spec.get(field.name)
        if not value:
            continue
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield field, f"spec.{field.name}[{index}]", item
        else:
            yield field, f"spec.{field.name}", value
