"""The fields of an entity's form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.editable import list_fields
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.catalog.core.editable import FormField
    from portal.catalog.models import Entity


def list_form_fields(session: Session, entity: Entity) -> list[FormField]:
    """Return what people fill in of an entity, in the order of its form."""
    return list_fields(entity.document, get_contributions(session).vocabulary.tiers)
