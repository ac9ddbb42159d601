"""Link templates, and the links they make, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.api.blueprint import blueprint, dump
from portal.catalog.forms import make_ref
from portal.catalog.forms.links import LinkTemplateBody
from portal.catalog.queries.entities import get_entity
from portal.catalog.queries.links import list_links, list_templates
from portal.catalog.service.links import add_template, change_template, remove_template
from portal.infra.clock import utc_now
from portal.web.forms import parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from portal.catalog.models import LinkTemplateRow


class LinkTemplateItem(BaseModel):
    """A template: `applies_to` are classes and kinds, everything when empty."""

    id: int
    title: str
    url: str
    applies_to: list[str]
    environments: list[str]
    revision: int
    changed_at: str


class LinkTemplateList(BaseModel):
    """All templates."""

    items: list[LinkTemplateItem]


class MadeLinkItem(BaseModel):
    """A link of an entity; `environment` is null where it is of none.

    `made_from` is `document` or `template`.
    """

    title: str
    url: str
    environment: str | None
    made_from: str


class MadeLinkList(BaseModel):
    """The links of an entity: those of its document first."""

    items: list[MadeLinkItem]


def _write(row: LinkTemplateRow) -> LinkTemplateItem:
    return LinkTemplateItem(
        id=row.id,
        title=row.title,
        url=row.url,
        applies_to=row.applies_to,
        environments=row.environments,
        revision=row.revision,
        changed_at=row.changed_at.isoformat(),
    )


def _answer(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")


@blueprint.get("/link-templates")
@requires("catalog:link:read")
@declare(answer=LinkTemplateList)
def list_link_templates() -> Response:
    """List the templates that give entities their links."""
    rows = list_templates(get_session())
    return _answer(LinkTemplateList(items=[_write(row) for row in rows]))


@blueprint.post("/link-templates")
@requires("catalog:link:write")
@declare(answer=LinkTemplateItem)
def add_link_template() -> Response:
    """Add a template."""
    body = parse_document(LinkTemplateBody, request)
    row = add_template(get_session(), get_actor(Actor), body.template, now=utc_now())
    return _answer(_write(row), 201)


@blueprint.put("/link-templates/<int:template_id>")
@requires("catalog:link:write")
@declare(answer=LinkTemplateItem)
def put_link_template(template_id: int) -> Response:
    """Change a template; 409 when it is no longer at `revision`."""
    body = parse_document(LinkTemplateBody, request)
    row = change_template(
        get_session(),
        get_actor(Actor),
        template_id,
        template=body.template,
        revision=body.revision,
        now=utc_now(),
    )
    return _answer(_write(row))


@blueprint.delete("/link-templates/<int:template_id>")
@requires("catalog:link:write")
@declare(answer=LinkTemplateList)
def delete_link_template(template_id: int) -> Response:
    """Take a template away, and the links it made; those that are left are listed."""
    session = get_session()
    remove_template(session, get_actor(Actor), template_id, now=utc_now())
    return _answer(LinkTemplateList(items=[_write(row) for row in list_templates(session)]))


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/links")
@requires("catalog:entity:read")
@declare(answer=MadeLinkList)
def list_entity_links(kind: str, namespace: str, name: str) -> Response:
    """List an entity's links: its own, then those of templates."""
    session = get_session()
    entity = get_entity(session, make_ref(kind, namespace, name))
    own = [
        {"title": link.get("title") or link["url"], "url": link["url"], "environment": None}
        for link in entity.document["metadata"].get("links") or ()
    ]
    made = list_links(session, entity.document, entity.entity_class)
    items = [{**link, "made_from": "document"} for link in own]
    items += [
        {
            "title": link.title,
            "url": link.url,
            "environment": link.environment or None,
            "made_from": "template",
        }
        for link in made
    ]
    return Response(dump({"items": items}), mimetype="application/json")
