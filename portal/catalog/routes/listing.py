"""The list of entities: facets, columns, order, pages."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.auth.core import Actor
from portal.catalog.core.facets import FACETS
from portal.catalog.core.filters import NOT_SET, REF_KINDS
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.forms import CatalogQuery
from portal.catalog.forms.extending import extend_form
from portal.catalog.queries import entities
from portal.catalog.queries.lists import Selection, cut_page, select_entities
from portal.catalog.queries.marks import list_marks
from portal.catalog.queries.own_fields import get_fields, list_field_values
from portal.catalog.queries.personal import narrow_for
from portal.catalog.routes import presenting
from portal.catalog.routes.addresses import current_url, list_hidden, page_urls, without_value
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.ordering import list_columns, list_sorts
from portal.catalog.routes.own_values import (
    list_own_refs,
    order_choices,
    present_cells,
    say_own_value,
)
from portal.catalog.routes.views import list_views
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.catalog.core.facets import FacetCount
    from portal.infra.contributions import Mark

SHOWN, SHOWN_MORE = 6, 300
# Own fields stand behind these facets and before the others.
LEADING = FACETS[:3]
TITLES = {
    "kind": "Kind",
    "tier": "Tier",
    "owner": "Owner",
    "lifecycle": "Lifecycle",
    "class": "Class",
    "system": "System",
    "domain": "Domain",
    "tag": "Tag",
    "namespace": "Namespace",
    "problems": "Problems",
}


@blueprint.get("/catalog")
@requires("catalog:entity:read")
def index() -> str:
    """List entities: what runs unless something else is asked for."""
    session = get_session()
    marks = get_contributions(session).marks
    form = extend_form(CatalogQuery, get_contributions(session).mark_names, get_fields(session))
    query = parse_arguments(form, request.args)
    wanted = narrow_for(session, get_actor(Actor), query.wanted, query.personal)
    selection = select_entities(session, wanted, sort=query.sort, now=utc_now())
    page = cut_page(session, selection, after=query.after, limit=query.limit)
    facets = list(_count_facets(selection, query, marks))
    values = list_field_values(session, page.items)
    refs = [*_list_refs(page.items, facets), *list_own_refs(query.own_fields, values, facets)]
    labels = entities.list_labels(session, refs)
    return render(
        "catalog/index.html",
        "browse",
        page=_present_page(session, selection, page, query, labels, values),
        facets=[_present_facet(facet, selection, labels) for facet in facets],
        views=list_views(selection, query),
        chips=_list_chips(selection, query, labels, marks),
        columns=list_columns(query),
        hidden=list_hidden("columns"),
        sorts=list_sorts(session, query),
    )


def _count_facets(
    selection: Selection, query: CatalogQuery, marks: tuple[Mark, ...]
) -> Iterator[SimpleNamespace]:
    # Kinds are counted beyond what runs: choosing one leaves the services.
    everything = selection.counter.without_base() if query.is_running else selection.counter
    titles = _list_titles(query, marks)
    # What was declared or deleted at this moment is in one of the two only.
    own = [name for name in query.own_fields if name in selection.columns.fields]
    for name in (*query.mark_names, *LEADING, *own, *FACETS[len(LEADING) :]):
        chosen = [query.normalise(name, value) for value in request.args.getlist(name) if value]
        if not chosen and not _is_facet(query, name):
            continue
        most = SHOWN_MORE if query.more == name else SHOWN
        counter = everything if name == "kind" else selection.counter
        found = counter.count(name, most=most)
        if name == "namespace" and len(found.values) + found.more < 2 and not chosen:  # noqa: PLR2004 one is no choice
            continue
        if name in query.mark_names and not found.values and not chosen:
            continue
        yield SimpleNamespace(
            name=name,
            title=titles[name],
            values=_list_values(selection, name, found, chosen),
            more=found.more,
            more_url=current_url(more=name) + f"#facet-{name}",
        )


def _is_facet(query: CatalogQuery, name: str) -> bool:
    """Whether a facet is shown though nothing is chosen of it; an own one is where it says so."""
    if "." not in name:
        return True
    return name in query.own_fields and query.own_fields[name].is_facet


def _list_titles(query: CatalogQuery, marks: tuple[Mark, ...]) -> dict[str, str]:
    own = {name: declared.title for name, declared in query.own_fields.items()}
    return TITLES | {mark.name: mark.title for mark in marks} | own


def _list_values(
    selection: Selection, name: str, found: FacetCount, chosen: list[str]
) -> list[SimpleNamespace]:
    shown = {value.value: value.count for value in found.values}
    for value in chosen:
        if value not in shown and value != NOT_SET:
            shown[value] = selection.counter.count_value(name, value)
    if name == "tier":
        shown = dict(sorted(shown.items()))
    elif name in selection.columns.fields:
        shown = order_choices(selection.columns.fields[name].declared, shown)
    if found.not_set or NOT_SET in chosen:
        shown[NOT_SET] = found.not_set
    return [
        SimpleNamespace(value=value, count=count, chosen=value in chosen)
        for value, count in shown.items()
        if count or value in chosen
    ]


def _list_refs(rows: tuple[Any, ...], facets: list[SimpleNamespace]) -> list[str]:
    found = [ref for row in rows for ref in (row.owner, row.system, row.domain) if ref]
    for facet in facets:
        if facet.name in REF_KINDS:
            found += [value.value for value in facet.values if value.value != NOT_SET]
    return found


def _present_facet(
    facet: SimpleNamespace, selection: Selection, labels: Mapping[str, Any]
) -> SimpleNamespace:
    for value in facet.values:
        value.label = _say(selection, facet.name, value.value, labels)
    return facet


def _say(selection: Selection, facet: str, value: str, labels: Mapping[str, Any]) -> str:
    column = selection.columns.fields.get(facet)
    if column is None or value == NOT_SET:
        return say_value(facet, value, labels)
    return say_own_value(column.declared, column.spell(value), labels)


def say_value(facet: str, value: str, labels: Mapping[str, Any]) -> str:
    """Return a filter's value as people read it."""
    if value == NOT_SET:
        return "not set"
    if facet == "tier":
        return TIER_LABELS.get(int(value), value) if value.isdigit() else value
    if facet == "problems":
        return "has problems"
    if facet in REF_KINDS:
        link = presenting.make_link(value, labels)
        return value if link is None else str(link.label)
    return presenting.say_kind(value) if facet == "kind" else value.replace("_", " ")


def _list_chips(
    selection: Selection,
    query: CatalogQuery,
    labels: Mapping[str, Any],
    marks: tuple[Mark, ...],
) -> list[SimpleNamespace]:
    found = []
    titles = _list_titles(query, marks)
    if query.q:
        found.append(SimpleNamespace(label=f"“{query.q}”", remove_url=current_url(q=None)))
    if query.mine:
        found.append(SimpleNamespace(label="My teams", remove_url=current_url(mine=None)))
    if query.ephemeral:
        found.append(SimpleNamespace(label="Ephemeral", remove_url=current_url(ephemeral=None)))
    if query.starred:
        found.append(SimpleNamespace(label="Starred", remove_url=current_url(starred=None)))
    for name, values in query.wanted.chosen.items():
        given_values = [given for given in request.args.getlist(name) if given]
        for given, value in zip(given_values, values, strict=False):
            label = _say(selection, name, value, labels)
            title = titles.get(name, name.capitalize())
            found.append(
                SimpleNamespace(
                    label=label if name == "problems" else f"{title}: {label}",
                    remove_url=without_value(name, given),
                )
            )
    return found


def _present_page(
    session: Any,
    selection: Selection,
    page: Any,
    query: CatalogQuery,
    labels: Mapping[str, Any],
    values: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> SimpleNamespace:
    rows = selection.columns.find_rows([row.id for row in page.items]).tolist()
    counts = {
        row.ref: int(selection.columns.problems[place])
        for row, place in zip(page.items, rows, strict=True)
    }
    marks = get_contributions(session).marks
    found = list_marks(session, [row.ref for row in page.items], now=utc_now())
    items = [presenting.make_row(row, labels, counts) for row in page.items]
    for item, row in zip(items, page.items, strict=True):
        item.marks = [found.get((item.ref, mark.name)) for mark in marks]
        item.own = present_cells(query.own_fields, row, values.get(row.ref, {}), labels)
    return SimpleNamespace(
        items=items,
        total=page.total,
        is_exact=page.is_exact,
        noun=("service", "services") if query.is_running else ("entry", "entries"),
        marks=marks,
        catalog_empty=not len(selection.columns),
        changed_at=_find_last_change(selection),
        export_urls={
            kind: current_url("catalog.export", format=kind, limit=None, more=None)
            for kind in ("csv", "json")
        },
        clear_url=url_for("catalog.index", view=query.view, sort=query.sort, columns=query.columns),
        **page_urls(query.next_cursor(page)),
    )


def _find_last_change(selection: Selection) -> datetime | None:
    updated = selection.columns.updated
    return datetime.fromtimestamp(float(updated.max()), UTC) if len(updated) else None
