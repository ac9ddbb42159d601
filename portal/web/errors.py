"""Errors as a page, a fragment or problem+json; never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import (
    Response,
    current_app,
    g,
    json,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal.errors import (
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    InvalidInput,
    Moved,
    NotFound,
    PortalError,
    Taken,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from portal.infra.db import explain_database_error
from portal.infra.logs import get_logger
from portal.infra.outbound.errors import OutboundError
from portal.web.htmx import current_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

NO_MEMBERS: Mapping[str, int | str] = {}
API_PREFIX = "/api/"
SCIM_PREFIX = "/scim/"
SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
STATUS = {
    InvalidInput: 422,
    NotFound: 404,
    Unauthenticated: 401,
    Forbidden: 403,
    Conflict: 409,
    TooLarge: 413,
    TooMany: 429,
    Unavailable: 503,
    OutboundError: 502,
}
WORDS = {
    404: ("Nothing is at this address", "No page has it; what was here may have been renamed."),
}
FIXES = {
    400: "Check the address and what was sent.",
    404: "Check the address, or search the catalog for the name.",
    405: "Use one of the methods named in the Allow header.",
    429: "Wait as many seconds as the header Retry-After says.",
    413: "Send less than 6 MB.",
}
log = get_logger("errors")


def install_errors(app: Flask) -> None:
    """Answer every error of `app` in the shape its caller reads."""
    app.extensions["error_shapes"] = {}
    app.register_error_handler(PortalError, _on_portal_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(OperationalError, _on_database_error)
    app.register_error_handler(Exception, _on_surprise)


def shape_errors(app: Flask, prefix: str, make: Callable[[int, str, str], Response]) -> None:
    """Let `make` answer the errors below a prefix; it is given status, detail and fix."""
    app.extensions["error_shapes"][prefix] = make


def make_problem(
    status: int,
    title: str,
    detail: str,
    *,
    fix: str = "",
    problems: tuple[Any, ...] = (),
    members: Mapping[str, int | str] = NO_MEMBERS,
) -> Response:
    """Return a problem+json answer (RFC 9457); `errors` names field, rule, message and fix.

    `members` are told besides.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if fix:
        body["fix"] = fix
    if problems:
        body["errors"] = [
            {"field": p.field, "rule": p.rule, "message": p.message, "fix": p.fix} for p in problems
        ]
    body |= members
    body["request_id"] = g.get("request_id", "")
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def make_scim_error(status: int, detail: str, scim_type: str | None = None) -> Response:
    """Return an error as RFC 7644, section 3.12 shapes it."""
    body = {"schemas": [SCIM_ERROR], "status": str(status), "detail": detail}
    if scim_type:
        body["scimType"] = scim_type
    return Response(json.dumps(body), status, mimetype="application/scim+json")


def _make_scim_error(error: PortalError, status: int, detail: str) -> Response:
    if isinstance(error, InvalidInput):
        return make_scim_error(400, detail, "invalidValue")
    return make_scim_error(status, detail, "uniqueness" if isinstance(error, Taken) else None)


def _answer(
    status: int,
    title: str,
    detail: str,
    *,
    fix: str,
    problems: tuple[Any, ...],
    members: Mapping[str, int | str] = NO_MEMBERS,
) -> Response:
    for prefix, make in current_app.extensions["error_shapes"].items():
        if request.path.startswith(prefix):
            return make_response(make(status, detail, fix))
    if request.path.startswith(SCIM_PREFIX):
        return make_scim_error(status, f"{title}. {detail}".rstrip())
    if request.path.startswith(API_PREFIX):
        return make_problem(status, title, detail, fix=fix, problems=problems, members=members)
    template = "error_fragment.html" if current_request().wants_fragment else "error.html"
    page = render_template(
        template,
        status=status,
        title=title,
        detail=detail,
        fix=fix or None,
        problems=problems,
        request_id=g.get("request_id", ""),
        path=request.path,
    )
    return make_response(page, status)


def _lead_on(error: Moved) -> Response | None:
    """Return the way to where the same thing is now, for who only reads it."""
    held = request.view_args or {}
    changed = {name: part for name, part in error.parts.items() if name in held}
    if request.method not in ("GET", "HEAD") or not changed:
        return None
    asked: dict[str, Any] = request.args.to_dict(flat=False)
    url = url_for(str(request.endpoint), **{**asked, **held, **changed})
    return make_response(redirect(url, 308))


def _on_portal_error(error: PortalError) -> Response:
    leading = _lead_on(error) if isinstance(error, Moved) else None
    if leading is not None:
        return leading
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    problems = error.problems if isinstance(error, InvalidInput) else ()
    detail, fix = error.detail, error.fix
    if isinstance(error, DatabaseUnavailable):
        log.error("database_unavailable", reason=error.detail)
        detail, fix = "The database does not answer.", "Try again in a moment; the log says why."
    if isinstance(error, OutboundError):  # who may know more is told by the view that asked
        detail, fix = error.summary, ""
    if request.path.startswith(SCIM_PREFIX):
        answer = _make_scim_error(error, status, f"{detail} {fix}".rstrip())
    else:
        answer = _answer(
            status, error.title, detail, fix=fix, problems=problems, members=error.members
        )
    if isinstance(error, Unavailable):
        g.retry_after = 5
    if isinstance(error, TooMany):
        g.retry_after = error.seconds
    if isinstance(error, Unauthenticated):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="plumbline"'
    return answer


def _on_http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004 the number says it best here
        return make_response(error.get_response())
    title, detail = WORDS.get(error.code, (error.name.capitalize(), error.description or ""))
    answer = _answer(error.code, title, detail, fix=FIXES.get(error.code, ""), problems=())
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _on_database_error(error: OperationalError) -> Response:
    return _on_portal_error(explain_database_error(error))


def _on_surprise(error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return _answer(
        500,
        "Something went wrong here",
        "The portal met an error it did not expect; nothing was changed.",
        fix="Try again; if it stays, give the request id to whoever runs the portal.",
        problems=(),
    )
