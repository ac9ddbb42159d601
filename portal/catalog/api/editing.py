"""Making, changing and removing entities over HTTP, and where their fields come from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request, url_for
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.api.blueprint import blueprint
from portal.catalog.core.document_fields import MISSING
from portal.catalog.forms import make_ref
from portal.catalog.forms.editing import ChangesBody, NewEntityBody, OverlayQuery, VersionQuery
from portal.catalog.queries.entities import get_entity
from portal.catalog.queries.history import list_overlays
from portal.catalog.queries.origins import list_origins
from portal.catalog.service.editing import (
    create_entity,
    delete_entity,
    edit_entity,
    remove_overlays,
)
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

PATH = "/entities/<string:kind>/<string:namespace>/<string:name>"


class EntityVersion(BaseModel):
    """An entity and the version it is at; changes name the version they were made from."""

    ref: str
    version: int


class FieldItem(BaseModel):
    """A field by JSON Pointer: its value, absent where it was taken away, and its origin.

    `origin` is file, overlay (set in the portal over its file) or portal (made here); `by` is who
    set it, `file_value` what the file says below an overlay.
    """

    pointer: str
    value: Any = None
    origin: str
    by: str | None = None
    since: datetime | None = None
    file_value: Any = None


class FieldList(BaseModel):
    """Every field of an entity, and the place its file has."""

    ref: str
    version: int
    source: str
    file: str
    line: int
    fields: list[FieldItem]


class Removed(BaseModel):
    """What is gone."""

    ref: str
    status: str


def _json(model: BaseModel, status: int = 200) -> Response:
    body = model.model_dump_json(exclude_unset=True)
    return Response(body, status, mimetype="application/json")


@blueprint.post("/entities")
@requires("catalog:entity:write", by_object=True)
@declare(body=NewEntityBody, answer=EntityVersion)
def add_entity() -> Response:
    """Make an entity in the portal from a document in Backstage's shape."""
    body = parse_document(NewEntityBody, request)
    session = get_session()
    document = body.model_dump(exclude_unset=True)
    ref = create_entity(session, get_actor(Actor), document, now=utc_now())
    entity = get_entity(session, ref)
    answer = _json(EntityVersion(ref=ref, version=entity.revision), 201)
    answer.headers["Location"] = url_for(
        "catalog_api.show_entity",
        kind=entity.kind,
        namespace=entity.namespace,
        name=entity.name.lower(),
    )
    return answer


@blueprint.patch(PATH)
@requires("catalog:entity:write", by_object=True)
@declare(body=ChangesBody, answer=EntityVersion)
def change_entity(kind: str, namespace: str, name: str) -> Response:
    """Change fields; those of an entity from a file are laid over it.

    With `version`, 409 when somebody changed it since; the answer names the present version.
    """
    body = parse_document(ChangesBody, request)
    ref = make_ref(kind, namespace, name)
    version = edit_entity(
        get_session(),
        get_actor(Actor),
        ref,
        changes=body.list_changes(),
        version=body.version,
        now=utc_now(),
    )
    return _json(EntityVersion(ref=ref, version=version))


@blueprint.delete(PATH)
@requires("catalog:entity:write", by_object=True)
@declare(query=VersionQuery, answer=Removed)
def remove_entity(kind: str, namespace: str, name: str) -> Response:
    """Remove an entity that was made in the portal; 409 for one from a file."""
    query = parse_arguments(VersionQuery, request.args)
    ref = make_ref(kind, namespace, name)
    delete_entity(get_session(), get_actor(Actor), ref, version=query.version, now=utc_now())
    return _json(Removed(ref=ref, status="removed"))


@blueprint.get(f"{PATH}/fields")
@requires("catalog:entity:read")
@declare(answer=FieldList)
def list_entity_fields(kind: str, namespace: str, name: str) -> Response:
    """List every field with its value and where that comes from."""
    session = get_session()
    entity = get_entity(session, make_ref(kind, namespace, name))
    items = []
    for origin in list_origins(session, entity):
        found = {"value": origin.value, "file_value": origin.said}
        given = {part: value for part, value in found.items() if value is not MISSING}
        items.append(
            FieldItem(
                pointer=origin.pointer,
                origin=origin.kind,
                by=origin.by or None,
                since=origin.since,
                **given,
            )
        )
    return _json(
        FieldList(
            ref=entity.ref,
            version=entity.revision,
            source=entity.source,
            file=entity.file,
            line=entity.line,
            fields=items,
        )
    )


@blueprint.delete(f"{PATH}/overlays")
@requires("catalog:entity:write", by_object=True)
@declare(query=OverlayQuery, answer=EntityVersion)
def take_away(kind: str, namespace: str, name: str) -> Response:
    """Let the file say again what overlays at `pointer` said; without one, all of them."""
    query = parse_arguments(OverlayQuery, request.args)
    session, ref = get_session(), make_ref(kind, namespace, name)
    pointers = query.pointer or tuple(each.pointer for each in list_overlays(session, ref))
    version = remove_overlays(
        session,
        get_actor(Actor),
        ref,
        pointers=pointers,
        version=query.version,
        now=utc_now(),
    )
    return _json(EntityVersion(ref=ref, version=version))
