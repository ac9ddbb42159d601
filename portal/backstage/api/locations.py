"""Locations: the sources of the portal, listed, tried, declared, changed and removed."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request

from portal.auth.core import Actor
from portal.backstage.api.answers import answer
from portal.backstage.api.blueprint import blueprint
from portal.backstage.core.places import make_place
from portal.backstage.core.refusals import Refused
from portal.backstage.core.targets import check_type, declare_target
from portal.backstage.flows import try_declaration
from portal.backstage.forms import check_names, read_body, read_query
from portal.backstage.queries.locations import (
    find_location,
    find_locations,
    get_location,
    get_location_of,
    list_locations,
    write_trial,
)
from portal.backstage.service import add_location, change_location, remove_location
from portal.catalog.forms import make_ref
from portal.infra.clock import utc_now
from portal.sources.flows.opening import Tools
from portal.web.cursor import decode_open_cursor, encode_open_cursor
from portal.web.markers import requires
from portal.web.unit import get_database, get_reader, get_session
from portal.web.visitor import get_actor, get_box, get_extension

FIELDS = {"type": str, "target": str}
STRATEGIES = ("refresh", "reject")
YES = re.compile(r"y|yes|true|1|on", re.IGNORECASE)
DEFAULT_LIMIT = 1000


@blueprint.get("/locations")
@requires("catalog:location:read")
def list_all() -> Response:
    """List locations."""
    check_names(request.args, ())
    found = list_locations(get_session(), now=utc_now())
    return answer([{"data": location.write()} for location in found])


@blueprint.post("/locations/by-query")
@requires("catalog:location:read")
def query_locations() -> Response:
    """Answer one page of locations, by id."""
    body = read_body(request, {"cursor": str, "limit": int, "query": dict}, ())
    if "cursor" in body:
        body = decode_open_cursor(body["cursor"]) or {}
        if "after" not in body:
            raise Refused("Malformed cursor, unknown encoding")
    limit, after = body.get("limit", DEFAULT_LIMIT), body.get("after", "")
    if not isinstance(limit, int) or limit < 1:
        raise Refused("Limit must be a positive integer >= 1")
    found = find_locations(get_reader(), read_query(body), now=utc_now())
    rest = [location for location in found if location.id > after]
    page, info = rest[:limit], {}
    if len(rest) > limit:
        query = {"query": body["query"]} if "query" in body else {}
        held = {"limit": limit, "after": page[-1].id, **query}
        info["nextCursor"] = encode_open_cursor(held)
    items = [location.write() for location in page]
    return answer({"items": items, "totalItems": len(found), "pageInfo": info})


@blueprint.get("/locations/<string:number>")
@requires("catalog:location:read")
def show(number: str) -> Response:
    """Return one location."""
    return answer(get_location(get_session(), number, now=utc_now()).write())


@blueprint.get("/locations/by-entity/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:location:read")
def show_by_entity(kind: str, namespace: str, name: str) -> Response:
    """Return the location an entity was read from."""
    ref = make_ref(kind, namespace, name)
    return answer(get_location_of(get_session(), ref, now=utc_now()).write())


@blueprint.post("/locations")
@requires("sources:source:write")
def add() -> Response:
    """Declare a source; as a trial, say what it would bring and keep nothing."""
    check_names(request.args, ("dryRun", "onConflict"))
    strategy = request.args.get("onConflict", "reject")
    if strategy not in STRATEGIES:
        allowed = ", ".join(STRATEGIES)
        raise Refused(
            f"request/query/onConflict must be equal to one of the allowed values: {allowed}"
        )
    kind, target = _read_target()
    if YES.fullmatch(request.args.get("dryRun", "")):
        return answer(_try(kind, target), 201)
    location = add_location(
        get_session(),
        get_actor(Actor),
        kind,
        target,
        box=get_box(),
        refreshes=strategy == "refresh",
        now=utc_now(),
    )
    return answer({"location": location.write(), "entities": []}, 201)


def _read_target() -> tuple[str, str]:
    body = read_body(request, FIELDS, ("target", "type"))
    return body["type"], body["target"]


def _try(kind: str, target: str) -> dict[str, Any]:
    """Return what a source would bring; no unit is open while its address is asked."""
    check_type(kind)
    declaration = declare_target(target)
    with get_database().unit(write=False) as session:
        is_there = find_location(session, kind, target, now=utc_now()) is not None
    seen = try_declaration(get_extension("source_tools", Tools), declaration)
    place = make_place("", declaration.kind, target, "")
    return write_trial(place, [one.entity for one in seen], is_there=is_there)


@blueprint.put("/locations/<string:number>")
@requires("sources:source:write")
def change(number: str) -> Response:
    """Let a source read another target."""
    kind, target = _read_target()
    location = change_location(
        get_session(),
        get_actor(Actor),
        number,
        kind=kind,
        target=target,
        box=get_box(),
        now=utc_now(),
    )
    return answer(location.write())


@blueprint.delete("/locations/<string:number>")
@requires("sources:source:write")
def remove(number: str) -> Response:
    """Remove a source with what it brought, in the background."""
    remove_location(get_session(), get_actor(Actor), number, now=utc_now())
    return Response(status=204)
