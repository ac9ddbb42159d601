"""The page of one entity: overview, graph, definition, raw text, and what features add."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for
from markupsafe import Markup

from portal.auth.core import Actor
from portal.catalog.forms import ShowQuery, make_ref
from portal.catalog.forms.history import HistoryQuery
from portal.catalog.queries import details, entities
from portal.catalog.queries.columns import find_domain
from portal.catalog.queries.graph import read_judged_neighbourhood
from portal.catalog.queries.history import check_known
from portal.catalog.queries.links import list_links
from portal.catalog.routes import graphs, presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.changing import present_changing, present_fields, present_people
from portal.catalog.routes.definitions import present_definition
from portal.catalog.routes.history import present_history
from portal.catalog.routes.impacts import NO_IMPACT, present_impact
from portal.catalog.routes.own_values import list_refs, present_lines, read_own
from portal.catalog.routes.past import show_past
from portal.catalog.routes.removed import show_removed
from portal.catalog.routes.retiring import show_retired
from portal.errors import NotFound
from portal.infra.contributions import EntityPanel, PanelSubject, get_contributions
from portal.infra.logs import get_logger
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor, may

if TYPE_CHECKING:
    from flask import Response

    from portal.catalog.core.graph import Neighbourhood
    from portal.catalog.models import Entity

log = get_logger("panels")
BROKEN = "!"
OWN_TABS = (
    "overview",
    "graph",
    "impact",
    "relations",
    "definition",
    "history",
    "fields",
    "raw",
)


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:entity:read")
def show(kind: str, namespace: str, name: str) -> Response | str:
    """Show one entity: overview, graph, relations, definition, history, raw text, or a panel.

    With `at` as it was; what is gone says since when.
    """
    session = get_session()
    query = parse_arguments(ShowQuery, request.args)
    actor = get_actor(Actor)
    ref = make_ref(kind, namespace, name)
    if query.at is not None:
        return show_past(session, ref, query.at)
    held = entities.find_entity_for(session, ref, actor.account_id)
    if held is None:
        check_known(session, ref)
        gone = show_retired(session, ref) or show_removed(session, actor, ref)
        if gone is None:
            raise entities.miss(session, ref)
        return gone
    entity, is_starred = held
    return _show(session, actor, entity, query, is_starred=is_starred)


def _show(
    session: Session, actor: Actor, entity: Entity, query: ShowQuery, *, is_starred: bool
) -> str:
    subject = PanelSubject(entity.ref, entity.kind, entity.source, entity.file, may)
    around = details.read_around(session, entity.ref)
    graph, depth = _read_graph(session, entity, query, around)
    relations = details.see_from(entity.ref, around)
    domain = find_domain(session, entity)
    own = read_own(session, entity)
    refs = {r.target for r in relations} | set(graph.levels if graph else ()) | list_refs(own)
    labels = entities.list_labels(session, refs | {domain} if domain else refs)
    shown = _present_entity(session, entity, relations, labels, domain)
    tabs = _list_tabs(session, entity, subject, shown, query.tab)
    if query.tab not in {tab.name for tab in tabs}:
        raise NotFound(f"This entry has no part called {query.tab}.", fix="Choose one of its tabs.")
    drawn = graph and graphs.present_graph(graph, labels, depth=depth, direction=query.direction)
    return render(
        "catalog/show.html",
        "panel",
        entity=shown,
        tab=query.tab,
        tabs=tabs,
        own=present_lines(own, entity, labels),
        origin=presenting.present_origin(session, entity),
        own_page=presenting.entity_page_url(entity.kind, entity.namespace, entity.name),
        api_url=url_for(
            "catalog_api.show_entity",
            kind=entity.kind,
            namespace=entity.namespace,
            name=entity.name.lower(),
        ),
        graph=drawn,
        changing=present_changing(session, actor, entity),
        star=SimpleNamespace(
            kind=entity.kind,
            is_offered=actor.is_person,
            starred=is_starred,
            url=url_for("catalog.star", **(request.view_args or {})),
            back=request.full_path.rstrip("?"),
        ),
        **_fill_tab(session, entity, subject, query),
    )


def _fill_tab(
    session: Session, entity: Entity, subject: PanelSubject, query: ShowQuery
) -> dict[str, Any]:
    """Return what only the chosen tab needs."""
    found: dict[str, Any] = {
        "panel_html": None,
        "yaml_text": "",
        "json_text": "",
        "definition": None,
        "impact": None,
        "history": None,
        "fields": [],
        "people": None,
    }
    if query.tab == "raw":
        found["yaml_text"] = presenting.write_yaml(entity.document)
        found["json_text"] = presenting.write_json(entity.document)
    elif query.tab == "impact":
        found["impact"] = present_impact(session, entity)
    elif query.tab == "history":
        found["history"] = present_history(session, entity.ref, HistoryQuery())
    elif query.tab == "overview":
        found["people"] = present_people(session, entity)
    elif query.tab == "fields":
        found["fields"] = present_fields(session, entity)
    elif query.tab == "definition":
        found["definition"] = present_definition(entity.document)
    elif query.tab not in OWN_TABS:
        found["panel_html"] = _render_panel(session, subject, query.tab)
    return found


def _read_graph(
    session: Session, entity: Entity, query: ShowQuery, around: Any
) -> tuple[Neighbourhood | None, int]:
    if query.tab not in ("overview", "graph"):
        return None, 0
    depth = query.depth or (2 if query.tab == "graph" else 1)
    graph = read_judged_neighbourhood(
        session, entity.ref, depth=depth, direction=query.direction, around=around
    )
    return graph, depth


def _present_entity(
    session: Session, entity: Entity, relations: Any, labels: Any, domain: str | None
) -> SimpleNamespace:
    return presenting.make_entity(
        entity,
        relations,
        labels,
        domain=domain,
        made=list_links(session, entity.document, entity.entity_class),
        aliases=details.list_aliases(session, entity.ref),
        problems=details.list_problems(session, entity.ref),
    )


def _list_tabs(
    session: Session, entity: Entity, subject: PanelSubject, shown: SimpleNamespace, active: str
) -> list[SimpleNamespace]:
    related = sum(group.total for group in shown.relations)
    has_definition = isinstance((entity.document.get("spec") or {}).get("definition"), str)
    tabs: list[tuple[int, str, str, Any]] = [
        (0, "overview", "Overview", None),
        (20, "graph", "Graph", None),
        (30, "relations", "Relations", related),
        (80, "history", "History", None),
        (85, "fields", "Fields", None),
        (90, "raw", "Raw", None),
    ]
    if entity.kind not in NO_IMPACT:
        tabs.append((25, "impact", "Impact", None))
    if has_definition:
        tabs.append((10, "definition", "Definition", None))
    for panel in get_contributions(session).panels:
        badge = _read_badge(session, panel, subject)
        if badge is not None:
            tabs.append((panel.order, panel.name, panel.title, badge))
    return [
        SimpleNamespace(
            name=name,
            label=label,
            active=name == active,
            badge=badge,
            url=presenting.entity_url(entity.kind, entity.namespace, entity.name, tab=name),
        )
        for _, name, label, badge in sorted(tabs, key=lambda tab: tab[0])
    ]


def _read_badge(session: Session, panel: EntityPanel, subject: PanelSubject) -> str | None:
    try:
        return panel.badge(session, subject)
    except Exception:
        log.exception("panel_failed", panel=panel.name, ref=subject.ref)
        return BROKEN


def _render_panel(session: Session, subject: PanelSubject, name: str) -> Markup | None:
    """Return a panel's HTML; None when it broke, which must not cost the page."""
    panel = next(p for p in get_contributions(session).panels if p.name == name)
    try:
        return Markup(panel.render(session, subject))  # noqa: S704 panels render escaping templates
    except Exception:
        log.exception("panel_failed", panel=name, ref=subject.ref)
        return None
