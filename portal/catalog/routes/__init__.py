"""The catalog's pages."""

from __future__ import annotations

from types import SimpleNamespace

from flask import request

from portal.catalog.forms import ProblemListQuery
from portal.catalog.queries import entities, problems
from portal.catalog.routes import (
    changes,
    definitions,
    dependencies,
    editing,
    entity,
    exporting,
    findings,
    history,
    links,
    listing,
    own_fields,
    personal,
    presenting,
    registering,
    removed,
    removing,
    renaming,
    retiring,
    searching,
    setup,
)
from portal.catalog.routes.addresses import page_urls
from portal.catalog.routes.blueprint import blueprint
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session

__all__ = [
    "blueprint",
    "changes",
    "definitions",
    "dependencies",
    "editing",
    "entity",
    "exporting",
    "findings",
    "history",
    "links",
    "listing",
    "own_fields",
    "personal",
    "registering",
    "removed",
    "removing",
    "renaming",
    "retiring",
    "searching",
    "setup",
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
        page=SimpleNamespace(items=items, total=page.total, **page_urls(query.next_cursor(page))),
        sources=[(name, name) for name in problems.list_problem_sources(session)],
    )
