"""Impact, findings and stated dependencies as JSON."""

from __future__ import annotations

from flask import Response, request

from portal.auth.core import Actor
from portal.catalog.api.blueprint import blueprint, dump
from portal.catalog.api.impact_shapes import (
    DependencyList,
    FindingsAnswer,
    ImpactAnswer,
    StatedAnswer,
)
from portal.catalog.api.impact_writing import (
    write_dependency,
    write_findings,
    write_impact,
    write_no_impact,
)
from portal.catalog.core.weak_spots import KINDS
from portal.catalog.forms import make_ref
from portal.catalog.forms.impact import DependenciesBody, FindingsQuery, ImpactQuery
from portal.catalog.queries.columns import get_revision
from portal.catalog.queries.dependencies import list_dependencies, read_said
from portal.catalog.queries.entities import get_entity
from portal.catalog.queries.impact import cut_hits, find_impact, read_findings
from portal.catalog.service.criticality import state_criticalities
from portal.catalog.service.permissions import WRITE
from portal.infra.clock import utc_now
from portal.web.caching import answer_versioned, make_etag
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/impact")
@requires("catalog:entity:read")
@declare(query=ImpactQuery, answer=ImpactAnswer)
def show_impact(kind: str, namespace: str, name: str) -> Response:
    """Return what breaks if an entity stops, or what it stands on; each with the reason."""
    session = get_session()
    query = parse_arguments(ImpactQuery, request.args)
    ref = make_ref(kind, namespace, name)
    after = query.after
    get_entity(session, ref)
    etag = make_etag("impact", get_revision(session), ref, request.query_string)

    def build() -> str:
        impact = find_impact(session, ref, query.direction)
        if impact is None:
            return dump(write_no_impact(ref, query.direction))
        hits, key = cut_hits(impact, query.states, after=after, limit=query.limit)
        return dump(write_impact(impact, hits, query.next_cursor(key)))

    return answer_versioned(etag, build)


@blueprint.get("/findings")
@requires("catalog:entity:read")
@declare(query=FindingsQuery, answer=FindingsAnswer)
def list_findings() -> Response:
    """Return cycles, tier inversions, shared databases, single points and unstated edges."""
    session = get_session()
    query = parse_arguments(FindingsQuery, request.args)
    etag = make_etag("findings", get_revision(session), request.query_string)

    def build() -> str:
        found = read_findings(
            session, kinds=query.kind or KINDS, owner=query.owner_ref, limit=query.limit
        )
        return dump(write_findings(found))

    return answer_versioned(etag, build)


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/dependencies")
@requires("catalog:entity:read")
@declare(answer=DependencyList)
def show_dependencies(kind: str, namespace: str, name: str) -> Response:
    """Return the edges an entity may state a criticality of, and what it states."""
    session = get_session()
    entity = get_entity(session, make_ref(kind, namespace, name))
    items = [write_dependency(one) for one in list_dependencies(session, entity)]
    found = {"ref": entity.ref, "version": entity.revision, "items": items}
    return Response(dump(found), mimetype="application/json")


@blueprint.patch("/entities/<string:kind>/<string:namespace>/<string:name>/dependencies")
@requires(WRITE, by_object=True)
@declare(answer=StatedAnswer)
def change_dependencies(kind: str, namespace: str, name: str) -> Response:
    """State how hard an entity stands on some of its dependencies; null takes it back."""
    session, ref = get_session(), make_ref(kind, namespace, name)
    body = parse_document(DependenciesBody, request)
    version = state_criticalities(
        session,
        get_actor(Actor),
        ref,
        stated=body.criticality,
        version=body.version,
        now=utc_now(),
    )
    stated = read_said(get_entity(session, ref))
    answer = StatedAnswer(ref=ref, version=version, criticality=stated)
    return Response(answer.model_dump_json(), mimetype="application/json")
