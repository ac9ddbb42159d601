"""The catalog as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict

from portal.catalog.forms import EntityListQuery, ProblemListQuery, make_ref
from portal.catalog.queries import details, entities, problems
from portal.catalog.queries.columns import get_revision
from portal.catalog.queries.lists import cut_page, select_entities
from portal.infra.clock import utc_now
from portal.web.caching import answer_versioned, make_etag
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session

if TYPE_CHECKING:
    from portal.catalog.core.relations import Relation

blueprint = Blueprint("catalog_api", __name__, url_prefix="/api/v1")


class EntityItem(BaseModel):
    """An entity in a list: what it is, whose, what its words mean, where it was read."""

    ref: str
    kind: str
    namespace: str
    name: str
    title: str | None
    description: str | None
    type: str | None
    entity_class: str | None
    lifecycle: str | None
    stage: str | None
    tier: int | None
    owner: str | None
    system: str | None
    tags: list[str]
    source: str
    file: str
    line: int
    updated_at: str


class EntityList(BaseModel):
    """One page of entities; `next_cursor` is null on the last.

    `total_is` is `exact`, or `at_least` when a question finds more than 1,000.
    """

    items: list[EntityItem]
    total: int
    total_is: str
    next_cursor: str | None


class EntityDocument(BaseModel):
    """An entity as Backstage writes it, with its relations."""

    model_config = ConfigDict(extra="allow")

    apiVersion: str  # noqa: N815 the format's own name
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any] | None = None
    relations: list[dict[str, str]]


class ProblemItem(BaseModel):
    """Something wrong, where it stands and how to mend it."""

    severity: str
    rule: str
    ref: str | None
    source: str
    file: str
    document: int
    line: int
    path: str
    message: str
    fix: str


class ProblemList(BaseModel):
    """One page of problems; `next_cursor` is null on the last."""

    items: list[ProblemItem]
    total: int
    next_cursor: str | None


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@blueprint.get("/entities")
@requires("catalog:entity:read")
@declare(query=EntityListQuery, answer=EntityList)
def list_entities() -> Response:
    """List entities by name, filtered; follow `next_cursor` for more."""
    session = get_session()
    query = parse_arguments(EntityListQuery, request.args)
    after = query.after
    etag = make_etag(get_revision(session), request.query_string)

    def build() -> str:
        selection = select_entities(session, query.wanted, sort=query.sort, now=utc_now())
        page = cut_page(session, selection, after=after, limit=query.limit)
        items = [{n: getattr(row, n) for n in EntityItem.model_fields} for row in page.items]
        for item in items:
            item["updated_at"] = item["updated_at"].isoformat()
        return _dump(
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
@declare(answer=EntityDocument)
def show_entity(kind: str, namespace: str, name: str) -> Response:
    """Return the whole entity in Backstage's shape, with its relations both ways."""
    session = get_session()
    entity = entities.get_entity(session, make_ref(kind, namespace, name))
    relations = details.list_relations(session, entity.ref)
    etag = make_etag(entity.digest, entity.updated_at, *relations)
    return answer_versioned(etag, lambda: _dump(_as_document(entity.document, relations)))


def _as_document(document: dict[str, Any], relations: list[Relation]) -> dict[str, Any]:
    metadata = {"namespace": "default", **document["metadata"]}
    listed = [{"type": r.type, "targetRef": r.target} for r in relations]
    return {**document, "metadata": metadata, "relations": listed}


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
        return _dump({"items": items, "total": page.total, "next_cursor": query.next_cursor(page)})

    return answer_versioned(etag, build)
