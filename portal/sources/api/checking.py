"""Checking descriptors over HTTP."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from pydantic import BaseModel

from portal.errors import InvalidInput, Problem
from portal.sources.api.blueprint import blueprint
from portal.sources.flows.checking import Summary, mark_repeats
from portal.sources.flows.reading import check_text
from portal.web.markers import requires
from portal.web.openapi import declare


class CheckAnswer(BaseModel):
    """A verdict for every document, and counts."""

    documents: list[dict[str, Any]]
    summary: dict[str, int]


@blueprint.post("/catalog/check")
@requires("catalog:descriptor:read")
@declare(answer=CheckAnswer)
def check_descriptor() -> Response:
    """Judge the descriptor text in the body; nothing is kept."""
    try:
        text = request.get_data(cache=False).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(
            "The body is not text.",
            (Problem("body", "utf-8", "The body is not UTF-8 text.", "Send YAML or JSON text."),),
        ) from None
    summary = Summary()
    documents = []
    for verdict in sorted(mark_repeats(check_text(text)), key=lambda each: each.document):
        summary.count(verdict)
        documents.append(verdict.as_json())
    body = json.dumps({"documents": documents, "summary": summary.as_json()}, ensure_ascii=False)
    return Response(body, mimetype="application/json")
