"""The page that tells why something is in the catalog or is not."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import request, url_for

from portal.infra.clock import utc_now
from portal.sources.core.explained import DOCUMENT, STOPPED
from portal.sources.forms import ExplainQuery
from portal.sources.queries.explaining import explain_text
from portal.sources.routes.blueprint import blueprint
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_extension

if TYPE_CHECKING:
    from portal.sources.core.explained import Step

ANSWERS = {
    "here": ("It is here", "ok"),
    "partly": ("Partly here", "warn"),
    "not_here": ("Not here", "bad"),
    "unknown": ("Not known", ""),
}
TITLES = {
    "asked": "What is asked",
    "named": "Who names it",
    "source": "Source",
    "repository": "Repository",
    "read": "Reading",
    "branch": "Branch",
    "path": "Path",
    "file": "File",
    "document": "Document",
    "catalog": "Catalog",
}


@blueprint.get("/catalog/explain")
@requires("catalog:source:read")
def explain() -> str:
    """Tell step by step why what somebody pasted is in the catalog or is not."""
    text = parse_arguments(ExplainQuery, request.args).url.strip()
    found = None
    if text:
        undo = get_extension("undo_time", timedelta)
        found = explain_text(get_session(), text, now=utc_now(), undo=undo)
    word, tone = ANSWERS[found.answer] if found is not None else ("", "")
    return render(
        "sources/explain.html",
        asked=found.asked if found is not None else "",
        found=found,
        word=word,
        tone=tone,
        steps=[present_step(step) for step in found.steps] if found is not None else [],
        nearest=[(ref, make_entity_url(ref)) for ref in found.nearest] if found is not None else [],
    )


def make_entity_url(ref: str) -> str:
    """Return the address of an entity's page."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return url_for("catalog.show", kind=kind, namespace=namespace, name=name)


def present_step(step: Step) -> SimpleNamespace:
    """Return a step with its links: the entity, the file at its host, all of the source."""
    links = []
    if step.is_here and step.ref:
        links.append((step.ref, make_entity_url(step.ref), False))
    if step.url.startswith(("https://", "http://")):
        links.append(("The file at its host", step.url, True))
    if step.source_id is not None and step.stage in ("source", "read", "repository"):
        links.append((step.source, url_for("sources.show", source_id=step.source_id), False))
    if step.source and step.stage in ("source", "named"):
        every = url_for("catalog.index", source=step.source, view="everything")
        links.append(("What came from this source", every, False))
    if step.stage == DOCUMENT and step.status == STOPPED:
        problems = url_for("catalog.problems", source=step.source)
        links.append(("All problems of this source", problems, False))
    return SimpleNamespace(
        title=TITLES[step.stage],
        status=step.status,
        words=step.words,
        fix=step.fix if step.status != "ok" else "",
        at=step.at,
        links=links,
    )
