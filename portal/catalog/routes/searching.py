"""Search as you type: a page of hits, and the short list under the search field."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.catalog.core.filters import EntityFilter
from portal.catalog.forms import SearchQuery
from portal.catalog.queries import entities
from portal.catalog.queries.lists import cut_page, select_entities
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.htmx import current_request
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from collections.abc import Mapping

SUGGESTED, LISTED = 8, 50


@blueprint.get("/search")
@requires("catalog:entity:read")
def search() -> str:
    """Answer a question with the best hits, whoever owns the first named beside it."""
    session = get_session()
    question = parse_arguments(SearchQuery, request.args).q.strip()
    is_suggestion = current_request().wants_fragment
    hits: list[SimpleNamespace] = []
    total, is_exact = 0, True
    if question:
        selection = select_entities(session, EntityFilter(q=question), sort=None, now=utc_now())
        limit = SUGGESTED if is_suggestion else LISTED
        page = cut_page(session, selection, after=None, limit=limit)
        refs = [ref for row in page.items for ref in (row.owner, row.system) if ref]
        labels = entities.list_labels(session, refs)
        hits = [make_hit(row, labels) for row in page.items]
        total, is_exact = page.total, page.is_exact
    return render(
        "catalog/search.html",
        "suggestions",
        question=question,
        hits=hits,
        total=total,
        is_exact=is_exact,
        all_url=url_for("catalog.search", q=question),
        list_url=url_for("catalog.index", q=question),
    )


def make_hit(row: Any, labels: Mapping[str, Any]) -> SimpleNamespace:
    """Return a hit as it is listed: what, whose, where."""
    return SimpleNamespace(
        url=presenting.entity_url(row.kind, row.namespace, row.name),
        label=row.title or row.name,
        name=row.name if row.title and row.title.lower() != row.name.lower() else "",
        kind=presenting.say_kind(row.kind),
        type=row.type,
        description=row.description,
        owner=presenting.make_link(row.owner, labels),
        system=presenting.make_link(row.system, labels),
    )
