"""API definitions as pages show them, and the page of the portal's own API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.definitions import LABELS, read_definition
from portal.catalog.core.operations import read_api
from portal.catalog.routes.blueprint import blueprint
from portal.web.highlight import highlight
from portal.web.markdown import render_markdown
from portal.web.markers import public
from portal.web.openapi import get_document
from portal.web.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping


def present_definition(document: Mapping[str, Any]) -> SimpleNamespace:
    """Return the definition of a checked API: operations where they can be read, and its text."""
    spec = document["spec"]
    text = str(spec["definition"])
    found = read_definition(text, spec.get("type"))
    return SimpleNamespace(
        label=LABELS[found.format],
        api=found.api,
        problem=found.problem,
        html=highlight(text, found.language),
        markdown=render_markdown,
    )


@blueprint.get("/api/docs")
@public
def api_docs() -> str:
    """Show what the portal's own API offers."""
    return render("catalog/api_docs.html", api=read_api(get_document()), markdown=render_markdown)
