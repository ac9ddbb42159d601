"""The catalog's pages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, request, url_for

from portal.catalog.forms import EntityListQuery, ProblemListQuery, ShowQuery, make_ref
from portal.catalog.queries import details, entities, problems
from portal.catalog.routes import presenting
from portal.web.forms import parse_arguments
from portal.web.markers import public, requires
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.catalog.core.filters import EntityFilter
    from portal.catalog.models import Entity

blueprint = Blueprint("catalog", __name__)
KIND_LABELS = {"api": "APIs", "airesource": "AI resources"}


@blueprint.get("/")
@public
def home() -> Response:
    """Lead to the catalog, the first page there is."""
    return redirect(url_for("catalog.index"))


@blueprint.get("/catalog")
@requires("catalog:entity:read")
def index() -> str:
    """List entities, filtered and paged."""
    session = get_session()
    query = parse_arguments(EntityListQuery, request.args)
    page = entities.search_entities(
        session, query.wanted, sort=query.sort, after=query.after, limit=query.limit
    )
    kinds, owners = entities.list_choices(session)
    return render(
        "catalog/index.html",
        "rows",
        page=_present_page(session, page, query, is_empty=not kinds),
        kinds=[(kind, KIND_LABELS.get(kind, f"{kind.capitalize()}s")) for kind in kinds],
        owners=owners,
        chips=_list_chips(query.wanted),
    )


def _present_page(session: Any, page: Any, query: Any, *, is_empty: bool) -> SimpleNamespace:
    refs = [ref for row in page.items for ref in (row.owner, row.system) if ref]
    labels = entities.list_labels(session, refs)
    counts = entities.count_problems(session, [row.ref for row in page.items])
    return SimpleNamespace(
        items=[presenting.make_row(row, labels, counts) for row in page.items],
        total=page.total,
        catalog_empty=is_empty,
        **_page_urls(query.next_cursor(page)),
    )


def _page_urls(next_cursor: str | None) -> dict[str, str | None]:
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if name != "cursor" and value
    }
    endpoint = str(request.endpoint)
    return {
        "next_url": url_for(endpoint, **kept, cursor=next_cursor) if next_cursor else None,
        "first_url": url_for(endpoint, **kept) if "cursor" in request.args else None,
    }


def _without(given: dict[str, str], left_out: str) -> str:
    kept: dict[str, Any] = {k: v for k, v in given.items() if k != left_out}
    return url_for("catalog.index", **kept)


def _list_chips(wanted: EntityFilter) -> list[SimpleNamespace]:
    given = wanted.given()
    return [
        SimpleNamespace(
            label=f"{name}: {value}" if name != "q" else f"“{value}”",
            remove_url=_without(given, name),
        )
        for name, value in given.items()
    ]


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:entity:read")
def show(kind: str, namespace: str, name: str) -> str:
    """Show one entity: overview, relations or raw text."""
    session = get_session()
    tab = parse_arguments(ShowQuery, request.args).tab
    entity = entities.get_entity(session, make_ref(kind, namespace, name))
    shown = _present_entity(session, entity)
    return render(
        "catalog/show.html",
        tab,
        entity=shown,
        tab=tab,
        tabs=_list_tabs(entity, shown, tab),
        yaml_text=presenting.write_yaml(entity.document) if tab == "raw" else "",
        json_text=presenting.write_json(entity.document) if tab == "raw" else "",
        api_url=url_for(
            "catalog_api.show_entity",
            kind=entity.kind,
            namespace=entity.namespace,
            name=entity.name.lower(),
        ),
    )


def _present_entity(session: Any, entity: Entity) -> SimpleNamespace:
    relations = details.list_relations(session, entity.ref)
    labels = entities.list_labels(session, (relation.target for relation in relations))
    return presenting.make_entity(
        entity,
        relations,
        labels,
        aliases=details.list_aliases(session, entity.ref),
        problems=details.list_problems(session, entity.ref),
    )


def _list_tabs(entity: Entity, shown: SimpleNamespace, tab: str) -> list[SimpleNamespace]:
    related = sum(len(group.items) for group in shown.relations)
    tabs = (
        ("overview", "Overview", None),
        ("relations", "Relations", related),
        ("raw", "Raw", None),
    )
    return [
        SimpleNamespace(
            label=label,
            active=name == tab,
            badge=badge,
            url=presenting.entity_url(entity.kind, entity.namespace, entity.name, tab=name),
        )
        for name, label, badge in tabs
    ]


@blueprint.get("/catalog/problems", endpoint="problems")
@requires("catalog:problem:read")
def problems_page() -> str:
    """List what is wrong with files and references."""
    session = get_session()
    query = parse_arguments(ProblemListQuery, request.args)
    page = problems.search_problems(
        session, severity=query.severity, source=query.source, after=query.after, limit=query.limit
    )
    labels = entities.list_labels(session, (row.ref for row in page.items if row.ref))
    items = [
        SimpleNamespace(
            severity=row.severity,
            message=row.message,
            fix=row.fix,
            source=row.source,
            file=row.file,
            line=row.line,
            document=row.document_number,
            entity=presenting.make_link(row.ref, labels),
        )
        for row in page.items
    ]
    return render(
        "catalog/problems.html",
        page=SimpleNamespace(items=items, total=page.total, **_page_urls(query.next_cursor(page))),
        sources=[(name, name) for name in problems.list_problem_sources(session)],
    )
