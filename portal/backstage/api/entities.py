"""Reading entities with GET."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, request

from portal.backstage.api.answers import answer_state, write_list, write_page
from portal.backstage.api.blueprint import PREFIX, blueprint
from portal.backstage.core.refusals import Missing
from portal.backstage.forms import check_names, read_by_query, read_facets, read_listing
from portal.backstage.queries.entities import count_facets, list_stretch, list_whole, read_entities
from portal.catalog.forms import make_ref
from portal.catalog.queries.values import find_id_by_uid, list_ids_by_refs
from portal.web.cursor import encode_open_cursor
from portal.web.markers import requires
from portal.web.unit import get_database, get_session

if TYPE_CHECKING:
    from portal.backstage.forms import Listing


@blueprint.get("/entities")
@requires("catalog:entity:read")
def list_entities() -> Response:
    """List entities, all of them or a stretch; `Link` leads to the next."""
    asked = read_listing(request.args)
    list_ids = list_stretch if asked.is_paged else list_whole
    ids = list_ids(get_session(), asked.asked, asked.orders)
    end = len(ids) if asked.limit is None else asked.offset + asked.limit
    body = write_list(get_database(), ids[asked.offset : end], asked.fields)
    answer = Response(body, mimetype="application/json")
    if end < len(ids):
        answer.headers["Link"] = f'<{_next_address(asked, end)}>; rel="next"'
    return answer


def _next_address(asked: Listing, end: int) -> str:
    """Return where the list goes on, below the API's own prefix, as Backstage writes it."""
    after = encode_open_cursor({"limit": asked.limit, "offset": end})
    kept = [(n, v) for n, v in request.args.items(multi=True) if n not in ("offset", "after")]
    return f"{request.path.removeprefix(PREFIX)}?{urlencode([*kept, ('after', after)])}"


@blueprint.get("/entities/by-query")
@requires("catalog:entity:read")
def query_entities() -> Response:
    """Answer one page by query."""
    asked = read_by_query(request.args)
    session = get_session()
    return answer_state(session, lambda: write_page(session, asked))


@blueprint.get("/entities/by-uid/<string:uid>")
@requires("catalog:entity:read")
def show_by_uid(uid: str) -> Response:
    """Return the entity with a uid."""
    check_names(request.args, ())
    session = get_session()

    def build() -> Any:
        number = find_id_by_uid(session, uid.lower())
        if number is None:
            raise Missing(f"No entity with uid {uid}")
        return read_entities(session, [number])[0]

    return answer_state(session, build)


@blueprint.get("/entities/by-name/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:entity:read")
def show_by_name(kind: str, namespace: str, name: str) -> Response:
    """Return the entity of a name."""
    check_names(request.args, ())
    session = get_session()

    def build() -> Any:
        found = list_ids_by_refs(session, [make_ref(kind, namespace, name)])
        if not found:
            raise Missing(
                f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
            )
        return read_entities(session, list(found.values()))[0]

    return answer_state(session, build)


@blueprint.get("/entities/by-name/<string:kind>/<string:namespace>/<string:name>/ancestry")
@requires("catalog:entity:read")
def show_ancestry(kind: str, namespace: str, name: str) -> Response:
    """Return what made an entity appear: files of a source, so no other entity."""
    check_names(request.args, ())
    session, ref = get_session(), make_ref(kind, namespace, name)

    def build() -> Any:
        found = list_ids_by_refs(session, [ref])
        if not found:
            raise Missing(f"No such entity {ref}")
        [entity] = read_entities(session, list(found.values()))
        return {"rootEntityRef": ref, "items": [{"entity": entity, "parentEntityRefs": []}]}

    return answer_state(session, build)


@blueprint.get("/entity-facets")
@requires("catalog:entity:read")
def list_facets() -> Response:
    """Count the values at paths."""
    facets, asked = read_facets(request.args)
    session = get_session()
    return answer_state(session, lambda: {"facets": count_facets(session, facets, asked)})
