"""The catalog as JSON."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Response, request

from portal.auth.core import Actor
from portal.catalog.api import editing, impact, links, own_fields, retiring
from portal.catalog.api.blueprint import blueprint, dump
from portal.catalog.api.shapes import (
    EntityDocument,
    EntityItem,
    EntityList,
    FacetList,
    Graph,
    ProblemList,
    write_facets,
    write_graph,
)
from portal.catalog.core.contacts import list_co_owners, list_contacts
from portal.catalog.core.facets import FACETS
from portal.catalog.core.own_columns import spell_count
from portal.catalog.core.records import NOWHERE
from portal.catalog.forms import (
    EntityListQuery,
    FacetQuery,
    GraphQuery,
    ProblemListQuery,
    make_ref,
)
from portal.catalog.forms.extending import extend_form, with_marks
from portal.catalog.forms.history import PastQuery, read_past
from portal.catalog.queries import details, entities, problems
from portal.catalog.queries.columns import get_revision
from portal.catalog.queries.graph import read_judged_neighbourhood
from portal.catalog.queries.history import get_past, list_relations_at
from portal.catalog.queries.lists import cut_page, select_entities
from portal.catalog.queries.marks import count_stale
from portal.catalog.queries.own_fields import (
    draw_fields,
    get_fields,
    list_field_values,
    type_fields,
)
from portal.catalog.queries.personal import narrow_for
from portal.catalog.service.overlays import make_record
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions
from portal.web.caching import answer_versioned, make_etag
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from portal.catalog.core.filters import EntityFilter
    from portal.catalog.core.relations import Relation

__all__ = ["blueprint", "editing", "impact", "links", "own_fields", "retiring"]
ITEM_COLUMNS = [name for name in EntityItem.model_fields if name != "fields"]


def _personal(wanted: EntityFilter) -> tuple[object, ...]:
    """Return what makes an answer one person's own."""
    return (sorted(wanted.owners or ()), wanted.ids)


@blueprint.get("/entities")
@requires("catalog:entity:read")
@declare(
    query=EntityListQuery,
    answer=EntityList,
    extend=lambda gathered: with_marks(EntityListQuery, gathered.mark_names),
)
def list_entities() -> Response:
    """List entities by name, filtered; follow `next_cursor` for more.

    Own fields are filters and orders too: `field.KEY=value`, `sort=field.KEY`.
    """
    session = get_session()
    fields = get_fields(session)
    marks = get_contributions(session).mark_names
    query = parse_arguments(extend_form(EntityListQuery, marks, fields), request.args)
    wanted = narrow_for(session, get_actor(Actor), query.wanted, query.personal)
    after, now = query.after, utc_now()
    stale = count_stale(session, now)
    etag = make_etag(get_revision(session), stale, request.query_string, *_personal(wanted))

    def build() -> str:
        selection = select_entities(session, wanted, sort=query.sort, now=now)
        page = cut_page(session, selection, after=after, limit=query.limit)
        items = [{n: getattr(row, n) for n in ITEM_COLUMNS} for row in page.items]
        values = list_field_values(session, page.items)
        for item in items:
            item["updated_at"] = item["updated_at"].isoformat()
            item["fields"] = type_fields(
                fields, item["kind"], item["entity_class"], values.get(item["ref"], {})
            )
        return dump(
            {
                "items": items,
                "total": page.total,
                "total_is": "exact" if page.is_exact else "at_least",
                "next_cursor": query.next_cursor(page),
            }
        )

    return answer_versioned(etag, build)


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>")
@requires("catalog:entity:read")
@declare(query=PastQuery, answer=EntityDocument)
def show_entity(kind: str, namespace: str, name: str) -> Response:
    """Return the whole entity in Backstage's shape, with its relations both ways and own fields.

    With `at` as it was at that time.
    """
    session = get_session()
    query = parse_arguments(PastQuery, request.args)
    ref = make_ref(kind, namespace, name)
    if query.at is not None:
        at = read_past(query.at, utc_now())
        past = get_past(session, ref, at)
        before = list_relations_at(session, past.ref, at)
        columns = make_record(session, past.document, NOWHERE).columns
        own = draw_fields(session, columns["kind"], columns["entity_class"], past.document)
        shown = SimpleNamespace(document=past.document, version=None)
        return Response(dump(_as_document(shown, before, own)), mimetype="application/json")
    entity = entities.get_document(session, ref)
    relations = details.list_relations(session, ref)
    fields = draw_fields(session, entity.kind, entity.entity_class, entity.document)
    etag = make_etag(entity.digest, entity.updated_at, entity.version, fields, *relations)
    return answer_versioned(etag, lambda: dump(_as_document(entity, relations, fields)))


def _as_document(entity: Any, relations: list[Relation], fields: dict[str, Any]) -> dict[str, Any]:
    document = entity.document
    contacts = [
        {"role": each.role, "form": each.form, "value": each.value}
        for each in list_contacts(document)
    ]
    return {
        **document,
        "metadata": {"namespace": "default", **document["metadata"]},
        "relations": [{"type": r.type, "targetRef": r.target} for r in relations],
        "fields": fields,
        "co_owners": list_co_owners(document),
        "contacts": contacts,
        "version": entity.version,
    }


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/graph")
@requires("catalog:entity:read")
@declare(query=GraphQuery, answer=Graph)
def show_graph(kind: str, namespace: str, name: str) -> Response:
    """Return who stands on whom around an entity, at most 200 nodes, the rest counted."""
    session = get_session()
    query = parse_arguments(GraphQuery, request.args)
    ref = make_ref(kind, namespace, name)
    entities.get_entity(session, ref)
    etag = make_etag("graph", get_revision(session), ref, request.query_string)

    def build() -> str:
        graph = read_judged_neighbourhood(
            session, ref, depth=query.depth, direction=query.direction
        )
        labels = entities.list_labels(session, graph.levels)
        return dump(write_graph(graph, labels, depth=query.depth, direction=query.direction))

    return answer_versioned(etag, build)


@blueprint.get("/facets")
@requires("catalog:entity:read")
@declare(
    query=FacetQuery,
    answer=FacetList,
    extend=lambda gathered: with_marks(FacetQuery, gathered.mark_names),
)
def list_facets() -> Response:
    """Count the values of facets among the entities a list's filters choose.

    Own fields are filters and facets too: `field.KEY=value`, `facet=field.KEY`.
    """
    session = get_session()
    fields = get_fields(session)
    marks = get_contributions(session).mark_names
    query = parse_arguments(extend_form(FacetQuery, marks, fields), request.args)
    wanted = narrow_for(session, get_actor(Actor), query.wanted, query.personal)
    now = utc_now()
    state = (get_revision(session), count_stale(session, now))
    etag = make_etag("facets", *state, request.query_string, *_personal(wanted))

    def build() -> str:
        selection = select_entities(session, wanted, sort=None, now=now)
        own = [each.name for each in fields if each.is_facet]
        names = query.facet or (*FACETS, *marks, *own)
        counted = {
            name: spell_count(
                selection.columns, name, selection.counter.count(name, most=query.limit)
            )
            for name in names
        }
        total = len(selection.rows)
        total_is = "exact" if selection.is_exact else "at_least"
        return dump({"total": total, "total_is": total_is, "facets": write_facets(counted)})

    return answer_versioned(etag, build)


@blueprint.get("/problems")
@requires("catalog:problem:read")
@declare(query=ProblemListQuery, answer=ProblemList)
def list_problems() -> Response:
    """List what is wrong with files and references."""
    session = get_session()
    query = parse_arguments(ProblemListQuery, request.args)
    after = query.after
    etag = make_etag("problems", get_revision(session), request.query_string)

    def build() -> str:
        page = problems.search_problems(
            session, severity=query.severity, source=query.source, after=after, limit=query.limit
        )
        items = [
            {
                "severity": p.severity,
                "rule": p.rule,
                "ref": p.ref,
                "source": p.source,
                "file": p.file,
                "document": p.document_number,
                "line": p.line,
                "path": p.path,
                "message": p.message,
                "fix": p.fix,
            }
            for p in page.items
        ]
        return dump({"items": items, "total": page.total, "next_cursor": query.next_cursor(page)})

    return answer_versioned(etag, build)
