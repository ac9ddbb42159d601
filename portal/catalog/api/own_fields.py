"""Own fields as JSON: which there are, and declaring, changing, ordering, deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from flask import Response, request, url_for
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.api.blueprint import blueprint
from portal.catalog.forms.own_fields import ChangedFieldBody, NewFieldBody, VersionQuery
from portal.catalog.queries.declared import make_field
from portal.catalog.queries.own_fields import count_usage, find_progress, get_fields
from portal.catalog.service.own_fields import (
    change_field,
    declare_field,
    delete_field,
    move_field,
)
from portal.catalog.service.permissions import FIELDS
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from portal.catalog.core.own_fields import OwnField
    from portal.catalog.queries.own_fields import Usage


class ChoiceItem(BaseModel):
    """A value to choose, and what people read for it where that differs."""

    value: str
    label: str


class RequiredItem(BaseModel):
    """Who must fill it: whoever fits every list that is not empty."""

    kinds: list[str]
    classes: list[str]
    tiers: list[int]


class UsageItem(BaseModel):
    """How many entities it is read from, and have, must have but lack, or got wrong a value."""

    applies: int
    filled: int
    lacking: int
    wrong: int


class FieldItem(BaseModel):
    """An own field: `path` lies below `spec`, or is the key of an annotation."""

    key: str
    title: str
    help: str
    type: str
    choices: list[ChoiceItem]
    location: str
    path: str
    kinds: list[str]
    classes: list[str]
    required_for: RequiredItem | None
    is_facet: bool
    is_column: bool
    position: int
    version: int
    usage: UsageItem | None = None


class ReadingItem(BaseModel):
    """How far all entities are read again since a declaration changed."""

    done: int
    total: int


class FieldList(BaseModel):
    """All own fields in their order; `reading` is null when every entity was read since."""

    items: list[FieldItem]
    reading: ReadingItem | None


class DeletedField(BaseModel):
    """The own field that is gone; documents keep what stands in them."""

    key: str
    status: Literal["deleted"] = "deleted"


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")


def _write(declared: OwnField, usage: Usage | None = None) -> FieldItem:
    found: dict[str, Any] = declared.as_json()
    if usage is not None:
        found["usage"] = UsageItem(
            applies=usage.applies, filled=usage.filled, lacking=usage.lacking, wrong=usage.wrong
        )
    return FieldItem.model_validate(found)


@blueprint.get("/fields")
@requires("catalog:field:read")
@declare(answer=FieldList)
def list_fields() -> Response:
    """List the own fields in their order, and how they are used."""
    session = get_session()
    usage, progress = count_usage(session), find_progress(session)
    return _json(
        FieldList(
            items=[_write(each, usage.get(each.key)) for each in get_fields(session)],
            reading=progress and ReadingItem(done=progress.done, total=progress.total),
        )
    )


@blueprint.post("/fields")
@requires(FIELDS)
@declare(answer=FieldItem)
def add_field() -> Response:
    """Declare an own field; all entities are read again in the background."""
    body = parse_document(NewFieldBody, request)
    declared = body.make_field(body.key)
    row = declare_field(get_session(), get_actor(Actor), declared, now=utc_now())
    answer = _json(_write(make_field(row)), 201)
    answer.headers["Location"] = url_for("catalog_api.put_field", key=row.key)
    return answer


@blueprint.put("/fields/<string:key>")
@requires(FIELDS)
@declare(answer=FieldItem)
def put_field(key: str) -> Response:
    """Change an own field; `version` is the one that was looked at."""
    body = parse_document(ChangedFieldBody, request)
    session, actor, now = get_session(), get_actor(Actor), utc_now()
    row = change_field(session, actor, body.make_field(key), was=body.version, now=now)
    if body.position is not None:
        move_field(session, actor, key, body.position, now=now)
    return _json(_write(make_field(row)))


@blueprint.delete("/fields/<string:key>")
@requires(FIELDS)
@declare(query=VersionQuery, answer=DeletedField)
def remove_field(key: str) -> Response:
    """Delete an own field; what stands in documents stays there."""
    version = parse_arguments(VersionQuery, request.args).version
    delete_field(get_session(), get_actor(Actor), key, was=version, now=utc_now())
    return _json(DeletedField(key=key))
