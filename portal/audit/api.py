"""The trail as JSON, and as a stream of lines for whoever collects such things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request
from pydantic import BaseModel

from portal.audit.flows import check_place, stream_entries
from portal.audit.forms import AuditQuery, StreamQuery
from portal.audit.queries.entries import describe_entry, list_entries, list_names
from portal.web.exports import answer_lines
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_database, get_session
from portal.web.visitor import check_whole

if TYPE_CHECKING:
    from flask import Response

READ = "audit:entry:read"
blueprint = Blueprint("audit_api", __name__, url_prefix="/api/v1")


class AuditItem(BaseModel):
    """One act. `position` and `seal` are null until it is chained."""

    id: int
    at: str
    actor: str
    actor_name: str | None
    action: str
    outcome: str
    subject: str
    subject_name: str | None
    before: Any
    after: Any
    request_id: str | None
    address: str | None
    position: int | None
    seal: str | None


class AuditList(BaseModel):
    """A page of the trail."""

    items: list[AuditItem]
    next_cursor: str | None


@blueprint.get("/audit")
@requires(READ)
@declare(query=AuditQuery, answer=AuditList)
def entries() -> Response:
    """List acts, the newest first; follow `next_cursor` for older ones."""
    check_whole(READ)
    session = get_session()
    query = parse_arguments(AuditQuery, request.args)
    found = list_entries(session, query.choose(session), before=query.before, limit=query.limit + 1)
    shown, cursor = query.cut(found)
    names = list_names(session, shown)
    return jsonify(items=[describe_entry(e, names) for e in shown], next_cursor=cursor)


@blueprint.get("/audit/stream")
@requires(READ)
@declare(query=StreamQuery, answer=AuditItem, lines=True)
def stream() -> Response:
    """Send sealed acts as JSON lines in the order of the chain, behind the one with id `after`.

    The answer stays open up to `wait` seconds for what is sealed meanwhile.
    """
    check_whole(READ)
    query = parse_arguments(StreamQuery, request.args)
    database = get_database()
    check_place(database, query.after)
    return answer_lines(stream_entries(database, query.after, wait=query.wait))
