"""The columns a list can show and the orders it can stand in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from portal.catalog.routes.addresses import current_url
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portal.catalog.core.own_fields import OwnField
    from portal.catalog.forms import CatalogQuery
    from portal.web.unit import Session

COLUMNS = {
    "kind": "Kind",
    "type": "Type",
    "class": "Class",
    "owner": "Owner",
    "system": "System",
    "domain": "Domain",
    "lifecycle": "Lifecycle",
    "tier": "Tier",
    "tags": "Tags",
    "namespace": "Namespace",
    "problems": "Problems",
    "source": "Source",
    "updated": "Changed",
}
DEFAULT_COLUMNS = ("type", "owner", "system", "tier", "lifecycle", "problems")
SORTABLE = {"kind", "type", "owner", "system", "lifecycle", "tier", "problems", "updated"}
OFFERED = ("name", "-name", "-updated", "tier", "owner", "lifecycle", "-problems")
ORDERS = {
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
    "-kind": "Kind, Z to A",
    "-type": "Type, Z to A",
    "-owner": "Owner, Z to A",
    "-system": "System, Z to A",
    "-lifecycle": "Lifecycle, Z to A",
    "-tier": "Tier, 3 to 0",
    "-updated": "Last changed",
    "updated": "Longest unchanged",
    "-problems": "Most problems",
    "problems": "Fewest problems",
}


def list_columns(query: CatalogQuery) -> list[SimpleNamespace]:
    """Return every column there is, own fields last, and which are shown."""
    own = {name: declared.title for name, declared in query.own_fields.items()}
    shown = query.columns or [*DEFAULT_COLUMNS, *list_shown(query.own_fields.values())]
    sort = query.sort or "name"
    found = []
    for name, title in {**COLUMNS, **own}.items():
        key = name if name in SORTABLE or name in own else None
        turned = f"-{name}" if sort == name else name
        state = {name: "ascending", f"-{name}": "descending"}.get(sort, "none")
        found.append(
            SimpleNamespace(
                name=name,
                title=title,
                shown=name in shown,
                sort_url=current_url(sort=turned) if key else None,
                state=state,
            )
        )
    return found


def list_sorts(session: Session, query: CatalogQuery) -> list[tuple[str, str]]:
    """Return the orders to choose from, and the one that a heading or an address asked for."""
    marks = {mark.name: mark.title for mark in get_contributions(session).marks}
    own = {name: declared.title for name, declared in query.own_fields.items()}
    offered = [*OFFERED, *(f"-{name}" for name in marks), *list_shown(query.own_fields.values())]
    active = [query.sort] if query.sort and query.sort not in offered else []
    found = [(sort, _say_order(sort, marks, own)) for sort in (*offered, *active)]
    # Without a question an address says nothing about the order by name.
    return [("", "Best match"), *found] if query.q else [("", found[0][1]), *found[1:]]


def list_shown(fields: Iterable[OwnField]) -> list[str]:
    """Return what the own fields are called that lists show unless told otherwise."""
    return [declared.name for declared in fields if declared.is_column]


def _say_order(sort: str, marks: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return an order as people call it; marks usually stand with the best on top."""
    name = sort.removeprefix("-")
    if name in marks:
        return marks[name] if sort.startswith("-") else f"{marks[name]}, turned around"
    if name in own:
        return f"{own[name]}, turned around" if sort.startswith("-") else own[name]
    return ORDERS.get(sort) or COLUMNS[name]
