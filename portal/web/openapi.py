"""OpenAPI 3.1 from the routes themselves, through SpecTree; declarations never validate."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, json
from pydantic import BaseModel
from spectree import Response as Declared
from spectree import SpecTree

from portal.web.exports import LINES
from portal.web.markers import LABELS, public
from portal.web.unit import get_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from portal.infra.contributions import Contributions

spec = SpecTree(
    "flask",
    title="Plumbline",
    version="1",
    openapi_version="3.1.0",
    path="openapi-not-served",  # SpecTree leaves routes below its own path out
    annotations=False,
    mode="strict",
    page_templates={},
)
blueprint = Blueprint("openapi", __name__, url_prefix="/api/v1")


class FieldProblem(BaseModel):
    """One field of an input that breaks a rule."""

    field: str
    rule: str
    message: str
    fix: str


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 shapes it."""

    type: str
    title: str
    status: int
    detail: str
    fix: str | None = None
    errors: list[FieldProblem] | None = None
    request_id: str


class LinesDeclared(Declared):
    """An answer that is one JSON object per line."""

    def generate_spec(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the answers, the good one under its own media type."""
        found = super().generate_spec(*args, **options)
        content = found["200"]["content"]
        content[LINES] = content.pop("application/json")
        return found


def declare(
    *,
    answer: type[BaseModel],
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    extend: Callable[[Contributions], type[BaseModel]] | None = None,
    lines: bool = False,
) -> Callable[[Any], Any]:
    """Declare a route's query, body and answer for openapi.json; `lines` one after the other.

    `extend` returns what the query is once the features have added to it.
    """
    kind = LinesDeclared if lines else Declared
    refusals = {"HTTP_403": ProblemDocument, "HTTP_409": ProblemDocument} if body else {}
    responses = kind(
        HTTP_200=answer,
        **refusals,
        HTTP_404=ProblemDocument,
        HTTP_422=ProblemDocument,
        HTTP_503=ProblemDocument,
    )

    def mark(view: Any) -> Any:
        wrapped = spec.validate(query=query, json=body, resp=responses, skip_validation=True)(view)
        wrapped.extended_query = extend
        for name in LABELS:
            if hasattr(view, name):
                setattr(wrapped, name, getattr(view, name))
        return wrapped

    return mark


def install_openapi(app: Flask) -> None:
    """Let SpecTree find the routes of `app`; the document is served by our own route."""
    spec.app = app


def get_document() -> dict[str, Any]:
    """Return the description of this API as OpenAPI 3.1, with what the features add to it."""
    found = deepcopy(dict(spec.spec))
    for rule in current_app.url_map.iter_rules():
        extend = getattr(current_app.view_functions[rule.endpoint], "extended_query", None)
        if extend is not None:
            operation = found["paths"][str(rule)]["get"]
            _extend_parameters(operation["parameters"], extend(get_database().contributions))
    return found


def _extend_parameters(parameters: list[dict[str, Any]], query: type[BaseModel]) -> None:
    known = {parameter["name"]: parameter for parameter in parameters}
    for name, schema in query.model_json_schema()["properties"].items():
        if name in known:
            known[name]["schema"] = schema
        else:
            parameters.append(
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "description": "",
                    "schema": schema,
                }
            )


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    """Return the description of this API in OpenAPI 3.1."""
    return Response(json.dumps(get_document()), mimetype="application/json")
