"""The fields of an entity's form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.catalog.core.editable import list_fields, make_own_field
from portal.catalog.queries.own_fields import get_fields
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.catalog.core.editable import FormField
    from portal.catalog.models import Entity


def list_form_fields(session: Session, entity: Entity) -> list[FormField]:
    """Return what people fill in of an entity, in the order of its form."""
    fields = list_fields(entity.document, get_contributions(session).vocabulary.tiers)
    return [*fields, *_list_own(session, entity)]


def _list_own(session: Session, entity: Entity) -> Iterator[FormField]:
    """Yield the fields that admins declared for entities such as this."""
    for own in get_fields(session):
        if own.applies(entity.kind, entity.entity_class):
            field = make_own_field(own)
            is_asked = own.requires(entity.kind, entity.entity_class, entity.tier)
            words = f"{own.help} It must be filled.".strip() if is_asked else own.help
            yield replace(field, help=words)
