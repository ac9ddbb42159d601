"""Values of own fields as pages show them: in facets, in cells, on the page of an entity."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.catalog.core.filters import NOT_SET
from portal.catalog.core.own_fields import CHOSEN, REF, URL, Required
from portal.catalog.core.own_values import find_sort_value, read_value, say_allowed, say_value
from portal.catalog.queries.own_fields import get_fields
from portal.catalog.routes.presenting import make_link, say_class, say_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.catalog.core.own_fields import OwnField
    from portal.catalog.core.own_values import Reading
    from portal.catalog.models import Entity
    from portal.web.unit import Session

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


def order_choices(declared: OwnField, counts: dict[str, int]) -> dict[str, int]:
    """Return the counts of values, those of choices in the order they were declared in."""
    if declared.type not in CHOSEN:
        return counts
    return dict(sorted(counts.items(), key=lambda each: find_sort_value(declared, each[0])))


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


def say_read_from(declared: OwnField) -> str:
    """Return which entities a field is read from, in words."""
    classes = _join([say_class(each) or each for each in declared.classes])
    kinds = _join([say_kind(each) for each in declared.kinds])
    return ", ".join(part for part in (classes, kinds) if part) or "every entry"


def lacking_url(declared: OwnField) -> str:
    """Return the address of the list of those that must fill a field and do not."""
    asked = declared.required or Required()
    chosen = {"kind": asked.kinds, "class": asked.classes, "tier": asked.tiers}
    given: dict[str, Any] = {name: [*values] for name, values in chosen.items() if values}
    given[declared.name] = NOT_SET
    return url_for("catalog.index", view="everything", **given)


def read_own(session: Session, entity: Entity) -> list[tuple[OwnField, Reading]]:
    """Return the own fields that are read from an entity, with what its document says."""
    return [
        (declared, read_value(declared, entity.document))
        for declared in get_fields(session)
        if declared.applies(entity.kind, entity.entity_class)
    ]


def list_refs(own: Iterable[tuple[OwnField, Reading]]) -> set[str]:
    """Return the references among the values of an entity."""
    return {ref for declared, found in own if declared.type == REF for ref in found.values}


def present_lines(
    own: Iterable[tuple[OwnField, Reading]], entity: Entity, labels: Mapping[str, Any]
) -> list[SimpleNamespace]:
    """Return the lines of an entity's page about its own fields."""
    return [
        SimpleNamespace(
            title=declared.title,
            help=declared.help,
            place=declared.place,
            value=present_value(declared, found.values, labels, applies=True),
            is_lacking=not found.values
            and declared.requires(entity.kind, entity.entity_class, entity.tier),
            allowed=say_allowed(declared),
        )
        for declared, found in own
    ]
