"""What the page of an entity shows of being changed: who may, what was set here, what is next."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.catalog.core.contacts import ENTITY, list_co_owners, list_contacts, list_named
from portal.catalog.core.records import HELD_BY_HAND, PORTAL
from portal.catalog.queries.entities import list_labels
from portal.catalog.queries.origins import list_origins
from portal.catalog.routes import presenting
from portal.catalog.routes.filling import find_proposals
from portal.catalog.routes.origins import find_marks, present_origins
from portal.catalog.service.edit_rights import may_edit
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portal.auth.core import Actor
    from portal.catalog.models import Entity
    from portal.web.unit import Session


def present_changing(session: Session, actor: Actor, entity: Entity) -> SimpleNamespace:
    """Return what the head and the overview of an entity show of being changed."""
    parts: dict[str, Any] = {
        "kind": entity.kind,
        "namespace": entity.namespace,
        "name": entity.name.lower(),
    }
    is_offered = may_edit(actor, entity)
    is_made_here = entity.source == PORTAL
    is_held = entity.read_as == HELD_BY_HAND
    return SimpleNamespace(
        is_offered=is_offered,
        is_made_here=is_made_here,
        is_held=is_held,
        version=entity.revision,
        edit_url=url_for("catalog.edit", **parts),
        remove_url=url_for("catalog.show_removal", **parts) if is_made_here or is_held else None,
        propose_url=find_proposals(session, entity) if is_offered and entity.base else None,
        take_away_url=url_for("catalog.take_away", **parts),
        marks=find_marks(session, entity),
        claim=_find_claim(session, entity, parts) if is_made_here else None,
        steps=list(_list_steps(entity, parts)) if is_made_here and is_offered else [],
    )


def present_people(session: Session, entity: Entity) -> SimpleNamespace:
    """Return the co-owners and contacts of an entity."""
    named = list_named(entity.document)
    labels: Mapping[str, Any] = list_labels(session, named) if named else {}
    return SimpleNamespace(
        co_owners=[presenting.make_link(ref, labels) for ref in list_co_owners(entity.document)],
        contacts=[
            SimpleNamespace(
                label=contact.label,
                key=f"/metadata/annotations/plumbline.dev~1contact-{contact.role}",
                link=presenting.make_link(contact.value, labels)
                if contact.form == ENTITY
                else None,
                url=contact.url,
                text=contact.value,
            )
            for contact in list_contacts(entity.document)
        ],
    )


def present_fields(session: Session, entity: Entity) -> list[SimpleNamespace]:
    """Return where every field of an entity comes from."""
    return present_origins(session, entity, list_origins(session, entity))


def _find_claim(session: Session, entity: Entity, parts: dict[str, Any]) -> SimpleNamespace | None:
    """Return the file that would take an entity that was made in the portal."""
    for part in get_contributions(session).claims:
        claim = part.find(session, entity.ref)
        if claim is not None:
            return SimpleNamespace(
                source=claim.source,
                file=claim.file,
                line=claim.line,
                file_url=claim.url,
                is_read=claim.is_read,
                url=url_for(part.endpoint, **parts),
            )
    return None


def _list_steps(entity: Entity, parts: dict[str, Any]) -> Iterator[SimpleNamespace]:
    """Yield what is missing of an entity that somebody registered, what helps most first."""
    spec, metadata = entity.document.get("spec") or {}, entity.document["metadata"]
    edit = url_for("catalog.edit", **parts)
    if not entity.description:
        yield SimpleNamespace(text="Say in a sentence what it does", url=f"{edit}#about")
    if not list_contacts(entity.document):
        yield SimpleNamespace(
            text="Name whom to turn to: on-call, product, security", url=f"{edit}#ownership"
        )
    if entity.kind == "component" and not (spec.get("dependsOn") or spec.get("consumesApis")):
        yield SimpleNamespace(text="Say what it stands on", url=f"{edit}#place")
    if not metadata.get("links"):
        yield SimpleNamespace(text="Link its runbook and dashboards", url=f"{edit}#links")
    yield SimpleNamespace(
        text="Keep it in its repository: put this into a catalog-info.yaml there",
        url=url_for("catalog.show", **parts, tab="raw"),
    )
