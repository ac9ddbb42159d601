"""Retiring and bringing back over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.api.blueprint import blueprint
from portal.catalog.forms import make_ref
from portal.catalog.forms.retiring import RetireBody, RetiredQuery
from portal.catalog.queries.retired import get_retired, list_retired
from portal.catalog.service.retiring import bring_back, retire_entity
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from portal.catalog.models import RetiredEntity

PATH = "/entities/<string:kind>/<string:namespace>/<string:name>"


class RetiredItem(BaseModel):
    """A thing that was retired: whose it was, when and why."""

    ref: str
    owner: str | None
    source: str
    file: str
    reason: str
    retired_at: str


class RetiredList(BaseModel):
    """One page of what was retired, the latest first; `next_cursor` is null on the last."""

    items: list[RetiredItem]
    next_cursor: str | None


class BroughtBack(BaseModel):
    """What is in the catalog again."""

    ref: str
    status: str


def _write(row: RetiredEntity) -> RetiredItem:
    return RetiredItem(
        ref=row.ref,
        owner=row.owner,
        source=row.source,
        file=row.file,
        reason=row.reason,
        retired_at=row.retired_at.isoformat(),
    )


@blueprint.get("/retired")
@requires("catalog:entity:read")
@declare(query=RetiredQuery, answer=RetiredList)
def list_retired_entities() -> Response:
    """List what was retired, the latest first."""
    query = parse_arguments(RetiredQuery, request.args)
    rows, cursor = query.cut(
        list_retired(get_session(), before=query.before, limit=query.limit + 1)
    )
    answer = RetiredList(items=[_write(row) for row in rows], next_cursor=cursor)
    return Response(answer.model_dump_json(), mimetype="application/json")


@blueprint.post(f"{PATH}/retire")
@requires("catalog:entity:write", by_object=True)
@declare(answer=RetiredItem)
def retire_one(kind: str, namespace: str, name: str) -> Response:
    """Archive a thing and keep its name; 409 while something stands on it, unless that is meant."""
    body = parse_document(RetireBody, request)
    session, ref = get_session(), make_ref(kind, namespace, name)
    retire_entity(
        session,
        get_actor(Actor),
        ref,
        reason=body.reason,
        despite_dependents=body.despite_dependents,
        version=body.version,
        now=utc_now(),
    )
    answer = _write(get_retired(session, ref))
    return Response(answer.model_dump_json(), mimetype="application/json")


@blueprint.post(f"{PATH}/bring-back")
@requires("catalog:entity:write", by_object=True)
@declare(answer=BroughtBack)
def bring_one_back(kind: str, namespace: str, name: str) -> Response:
    """Take a retired thing out of the archive."""
    ref = make_ref(kind, namespace, name)
    bring_back(get_session(), get_actor(Actor), ref, now=utc_now())
    answer = BroughtBack(ref=ref, status="in_the_catalog")
    return Response(answer.model_dump_json(), mimetype="application/json")
