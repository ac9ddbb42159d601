"""Values of own fields as pages show them: in facets, in cells, on the page of an entity."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.filters import NOT_SET
from portal.catalog.core.own_fields import REF, URL, Required
from portal.catalog.core.own_values import say_value
from portal.catalog.routes.presenting import make_link, say_class, say_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.catalog.core.own_fields import OwnField

Values = dict[str, dict[str, tuple[str, ...]]]


def list_own_refs(
    fields: Mapping[str, OwnField], values: Values, facets: Iterable[SimpleNamespace]
) -> list[str]:
    """Return the references among the values of a page and of its facets."""
    keys = [declared.key for declared in fields.values() if declared.type == REF]
    found = [ref for own in values.values() for key in keys for ref in own.get(key, ())]
    for facet in facets:
        declared = fields.get(facet.name)
        if declared is not None and declared.type == REF:
            found += [each.value for each in facet.values if each.value != NOT_SET]
    return found


def say_own_value(declared: OwnField, value: str, labels: Mapping[str, Any]) -> str:
    """Return a value as people read it, in a filter."""
    if declared.type != REF:
        return say_value(declared, value)
    link = make_link(value, labels)
    return value if link is None else str(link.label)


def present_cells(
    fields: Mapping[str, OwnField],
    row: Any,
    values: Mapping[str, Sequence[str]],
    labels: Mapping[str, Any],
) -> dict[str, SimpleNamespace]:
    """Return the cells of an entity's own fields, by what the columns are called."""
    return {
        name: present_value(
            declared,
            values.get(declared.key, ()),
            labels,
            applies=declared.applies(row.kind, row.entity_class),
        )
        for name, declared in fields.items()
    }


def present_value(
    declared: OwnField, values: Sequence[str], labels: Mapping[str, Any], *, applies: bool
) -> SimpleNamespace:
    """Return a value for `ui.own_value`: links, or texts to read."""
    links = [make_link(value, labels) for value in values] if declared.type == REF else []
    return SimpleNamespace(
        applies=applies,
        links=links,
        url=values[0] if declared.type == URL and values else None,
        texts=[] if declared.type in (REF, URL) else [say_value(declared, v) for v in values],
    )


def say_required(asked: Required | None) -> str:
    """Return who must fill a field, in words; '' for nobody."""
    if asked is None:
        return ""
    parts = [_join([say_class(each) or each for each in asked.classes])]
    parts += [_join([say_kind(each) for each in asked.kinds])]
    parts += [_join([f"tier {tier}" for tier in asked.tiers])]
    return ", ".join(part for part in parts if part) or "everyone it is read from"


def _join(words: Sequence[str]) -> str:
    return " or ".join(words)
