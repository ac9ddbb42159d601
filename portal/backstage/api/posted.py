"""What is asked for with a POST, and what changes entities."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.auth.core import Actor
from portal.backstage.api.answers import answer, write_page
from portal.backstage.api.blueprint import blueprint
from portal.backstage.core.fields import parse_fields
from portal.backstage.core.filters import parse_filters
from portal.backstage.core.refusals import READ_ONLY, NotAllowed
from portal.backstage.forms import (
    check_facets,
    check_names,
    read_body,
    read_posted_query,
    read_query,
    read_texts,
)
from portal.backstage.queries.entities import count_facets, read_by_refs
from portal.backstage.service import refresh
from portal.catalog.core.predicates import All
from portal.catalog.core.refs import parse_location
from portal.catalog.core.specs import check_entity
from portal.catalog.core.storable import check_storable
from portal.infra.clock import utc_now
from portal.web.markers import requires
from portal.web.unit import get_reader, get_session
from portal.web.visitor import get_actor


@blueprint.post("/entities/by-query")
@requires("catalog:entity:read")
def query_by_predicate() -> Response:
    """Answer one page by a predicate."""
    return answer(write_page(get_reader(), read_posted_query(request)))


@blueprint.post("/entities/by-refs")
@requires("catalog:entity:read")
def list_by_refs() -> Response:
    """Return an entity for each reference, null where there is none."""
    check_names(request.args, ("filter",))
    kinds = {"entityRefs": list, "fields": list, "query": dict}
    body = read_body(request, kinds, ("entityRefs",))
    refs, fields = read_texts(body, "entityRefs"), parse_fields(read_texts(body, "fields"))
    parts = [parse_filters(request.args.getlist("filter")), read_query(body)]
    asked = tuple(part for part in parts if part is not None)
    found = read_by_refs(get_reader(), refs, All(asked) if asked else None, fields)
    return answer({"items": found})


@blueprint.post("/entity-facets")
@requires("catalog:entity:read")
def query_facets() -> Response:
    """Count the values at paths, among what a predicate asks for."""
    body = read_body(request, {"facets": list, "query": dict}, ("facets",))
    facets = check_facets([facet for facet in read_texts(body, "facets") if facet])
    return answer({"facets": count_facets(get_reader(), facets, read_query(body))})


@blueprint.delete("/entities/by-uid/<string:uid>")
@requires("catalog:entity:write")
def remove_by_uid(uid: str) -> Response:
    """Refuse: an entity stays as long as its file says so."""
    del uid
    raise NotAllowed(READ_ONLY)


@blueprint.post("/refresh")
@requires("catalog:refresh:write", by_object=True)
def refresh_entity() -> Response:
    """Have the source of an entity read again; the answer does not wait for it."""
    kinds = {"entityRef": str, "authorizationToken": str}
    body = read_body(request, kinds, ("entityRef",))
    refresh(get_session(), get_actor(Actor), body["entityRef"], now=utc_now())
    return Response(status=200)


@blueprint.post("/validate-entity")
@requires("catalog:descriptor:read")
def validate_entity() -> Response:
    """Judge an entity; nothing is kept."""
    body = read_body(request, {"entity": dict, "location": str}, ("location", "entity"))
    errors = _judge(body["entity"], body["location"])
    return answer({"errors": errors}, 400) if errors else Response(status=200)


def _judge(entity: dict[str, Any], location: str) -> list[dict[str, str]]:
    found = list(check_storable(entity)) or check_entity(entity)
    errors = [{"name": "InputError", "message": f"{one.message} {one.fix}"} for one in found]
    try:
        is_url = parse_location(location).type == "url"
    except ValueError as error:
        return [*errors, {"name": "TypeError", "message": f"Invalid location: {error}"}]
    if not is_url:
        message = (
            f"Invalid location ref {location}, only 'url:<target>' is supported, "
            "e.g. url:https://host/path"
        )
        errors.append({"name": "TypeError", "message": message})
    return errors
