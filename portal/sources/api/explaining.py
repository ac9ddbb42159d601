"""Why something is in the catalog or is not, over HTTP."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from flask import Response, request
from pydantic import BaseModel

from portal.infra.clock import utc_now
from portal.sources.api.blueprint import blueprint
from portal.sources.forms import ExplainQuery
from portal.sources.queries.explaining import explain_text
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_extension


class StepItem(BaseModel):
    """One step: `status` is ok, stopped or unknown; `fix` says what to do, `at` when it was so."""

    stage: str
    status: str
    words: str
    fix: str
    at: datetime | None
    source_id: int | None
    source: str
    file: str
    line: int | None
    ref: str
    url: str
    is_here: bool


class ExplainAnswer(BaseModel):
    """`answer` is here, partly, not_here or unknown; the first step that stops is the headline."""

    asked: str
    answer: str
    headline: str
    steps: list[StepItem]
    nearest: list[str]


@blueprint.get("/catalog/explain")
@requires("catalog:source:read")
@declare(query=ExplainQuery, answer=ExplainAnswer)
def explain() -> Response:
    """Tell why an address, a path, a reference or a name is in the catalog or is not."""
    text = parse_arguments(ExplainQuery, request.args).url
    undo = get_extension("undo_time", timedelta)
    found = explain_text(get_session(), text, now=utc_now(), undo=undo)
    body = json.dumps(found.as_json(), ensure_ascii=False)
    return Response(body, mimetype="application/json")
