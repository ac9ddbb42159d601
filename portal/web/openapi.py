"""OpenAPI 3.1 from the routes themselves, through SpecTree; declarations never validate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, json
from pydantic import BaseModel
from spectree import Response as Declared
from spectree import SpecTree

from portal.web.markers import LABELS, public

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

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


def declare(
    *, answer: type[BaseModel], query: type[BaseModel] | None = None
) -> Callable[[Any], Any]:
    """Declare a route's query and answer for openapi.json."""
    responses = Declared(
        HTTP_200=answer,
        HTTP_404=ProblemDocument,
        HTTP_422=ProblemDocument,
        HTTP_503=ProblemDocument,
    )

    def mark(view: Any) -> Any:
        wrapped = spec.validate(query=query, resp=responses, skip_validation=True)(view)
        for name in LABELS:
            if hasattr(view, name):
                setattr(wrapped, name, getattr(view, name))
        return wrapped

    return mark


def install_openapi(app: Flask) -> None:
    """Let SpecTree find the routes of `app`; the document is served by our own route."""
    spec.app = app


def get_document() -> dict[str, Any]:
    """Return the description of this API as OpenAPI 3.1."""
    return dict(spec.spec)


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    """Return the description of this API in OpenAPI 3.1."""
    return Response(json.dumps(get_document()), mimetype="application/json")
