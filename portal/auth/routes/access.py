"""May somebody do something to something, and why; and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.auth.forms import AccessQuery
from portal.auth.queries.access import Asker, answer, get_subject, list_allowed
from portal.auth.routes.blueprint import blueprint
from portal.errors import InvalidInput
from portal.infra.clock import utc_now
from portal.web.cursor import decode_cursor, encode_cursor
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.permissions import check_permission, list_permissions
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_extension

if TYPE_CHECKING:
    from portal.errors import Problem

PAGE = 50


@blueprint.get("/admin/access")
@requires("access:decision:read")
def access() -> str | tuple[str, int]:
    """Answer the question in the address, if it holds one."""
    query = parse_arguments(AccessQuery, request.args)
    if not query.permission:
        return _show(query)
    try:
        check_permission(query.permission)
        return _show(query, **_answer(query), **_list(query))
    except InvalidInput as error:
        return _show(query, problems=error.problems), 422


def _answer(query: AccessQuery) -> dict[str, Any]:
    if not query.actor:
        return {}
    actor, decision = answer(
        get_session(),
        get_extension("asker", Asker),
        query.actor,
        permission=query.permission,
        subject=query.subject,
        now=utc_now(),
    )
    return {"actor": actor, "decision": decision}


def _list(query: AccessQuery) -> dict[str, Any]:
    unit = get_session()
    about = get_subject(unit, query.subject)
    scope = f"access:{query.permission}:{query.subject}"
    after = decode_cursor(scope, query.cursor)[0] if query.cursor else ""
    asker = get_extension("asker", Asker)
    found = list_allowed(
        unit, asker, query.permission, about, after=after, limit=PAGE + 1, now=utc_now()
    )
    next_url = None
    if len(found) > PAGE:
        asked = query.model_dump(exclude={"cursor"}, exclude_defaults=True)
        cursor = encode_cursor(scope, (found[PAGE - 1].account.name,))
        next_url = url_for("auth.access", **asked, cursor=cursor)
    return {"allowed": found[:PAGE], "next_url": next_url, "about": about}


def _show(query: AccessQuery, *, problems: tuple[Problem, ...] = (), **found: Any) -> str:
    values = {"actor": None, "decision": None, "allowed": None, "next_url": None, "about": None}
    return render(
        "auth/access.html",
        query=query,
        permissions=list_permissions(),
        problems=problems,
        **{**values, **found},
    )
