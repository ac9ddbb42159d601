"""Which sources are believed about who is in which team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.service.permissions import PEOPLE_CHANGED
from portal.infra import work
from portal.sources.service.permissions import WRITE

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.sources.models import Source


def set_trust(
    session: Session, actor: Actor, source: Source, *, people: bool, now: datetime
) -> bool:
    """Trust a source for who is in which team, or no more; returns whether anything changed."""
    authorise(actor, WRITE)
    if source.is_people_authority == people:
        return False
    source.is_people_authority = people
    session.flush()
    work.publish(session, PEOPLE_CHANGED, "all", due_at=now)
    record_act(
        session,
        actor.name,
        f"source:{source.name}",
        action="source.trust_for_people" if people else "source.distrust_for_people",
        before={"people": not people},
        after={"people": people},
        now=now,
    )
    return True
