"""Locations: read as sources of the portal; registering is not permitted."""

from __future__ import annotations

from flask import Response, request

from portal.backstage.api.answers import answer
from portal.backstage.api.blueprint import blueprint
from portal.backstage.core.refusals import READ_ONLY, NotAllowed, Refused
from portal.backstage.core.repositories import analyze
from portal.backstage.forms import check_names, read_body, read_query
from portal.backstage.queries import (
    find_locations,
    get_location,
    get_location_of,
    list_locations,
)
from portal.catalog.forms import make_ref
from portal.web.cursor import decode_open_cursor, encode_open_cursor
from portal.web.markers import requires
from portal.web.unit import get_reader, get_session

FIELDS = {"type": str, "target": str}
DEFAULT_LIMIT = 1000


@blueprint.get("/locations")
@requires("catalog:location:read")
def list_all() -> Response:
    """List locations."""
    check_names(request.args, ())
    return answer([{"data": found.write()} for found in list_locations(get_session())])


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
    found = find_locations(get_reader(), read_query(body))
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
    return answer(get_location(get_session(), number).write())


@blueprint.get("/locations/by-entity/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:location:read")
def show_by_entity(kind: str, namespace: str, name: str) -> Response:
    """Return the location an entity was read from."""
    return answer(get_location_of(get_session(), make_ref(kind, namespace, name)).write())


@blueprint.post("/locations")
@requires("catalog:location:write")
def add() -> Response:
    """Refuse: sources are not registered here."""
    check_names(request.args, ("dryRun", "onConflict"))
    read_body(request, FIELDS, ("target", "type"))
    raise NotAllowed(READ_ONLY)


@blueprint.put("/locations/<string:number>")
@requires("catalog:location:write")
def change(number: str) -> Response:
    """Refuse: sources are not registered here."""
    del number
    read_body(request, FIELDS, ("type", "target"))
    raise NotAllowed(READ_ONLY)


@blueprint.delete("/locations/<string:number>")
@requires("catalog:location:write")
def remove(number: str) -> Response:
    """Refuse: sources are not registered here."""
    del number
    raise NotAllowed(READ_ONLY)


@blueprint.post("/analyze-location")
@requires("catalog:location:read")
def analyze_location() -> Response:
    """Suggest a descriptor for a repository by its address, which is not asked."""
    body = read_body(request, {"location": dict, "catalogFileName": str}, ("location",))
    for name in FIELDS:
        if not isinstance(body["location"].get(name), str):
            raise Refused(f"request/body/location must have required property '{name}'")
    return answer(analyze(body["location"]["target"]))
