"""Who may change an entity: asked before a form is shown, and again when it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.core import Subject, authorise, decide
from portal.catalog.queries.entities import get_entity
from portal.catalog.service.permissions import WRITE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.models import Entity


def may_edit(actor: Actor, entity: Entity) -> bool:
    """Whether an actor may change an entity."""
    return decide(actor, WRITE, Subject(entity.ref, entity.owner, entity.system)).allowed


def get_for_edit(session: Session, actor: Actor, ref: str) -> Entity:
    """Return an entity to show its form; raises NotFound or Forbidden."""
    entity = get_entity(session, ref)
    authorise(actor, WRITE, Subject(entity.ref, entity.owner, entity.system))
    return entity
