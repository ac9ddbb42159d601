"""The one write of Backstage's API that the portal does: to look at an entity again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.audit.service import record_act
from portal.backstage.core.refusals import Missing
from portal.catalog.service.entities import derive_again
from portal.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor


def refresh(session: Session, actor: Actor, ref: str, *, now: datetime) -> None:
    """Work out anew what follows from what is held of an entity; its file is not read."""
    try:
        is_changed = derive_again(session, actor, ref.lower(), now=now)
    except NotFound:
        raise Missing(f"Entity {ref} not found") from None
    if is_changed:
        record_act(session, actor.name, ref.lower(), action="entity.refresh", now=now)
