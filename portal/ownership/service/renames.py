"""What teams confirmed and handed over follows entities to their new names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from portal.ownership.core.handovers import PENDING
from portal.ownership.models import Confirmation, Handover

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def follow_rename(session: Session, old: str, new: str, now: datetime) -> None:
    """Let confirmations and hand-overs of an entity, or with a team, be those of the new name."""
    del now
    session.execute(delete(Confirmation).where(Confirmation.ref == new))
    session.execute(update(Confirmation).where(Confirmation.ref == old).values(ref=new))
    for column in (Handover.ref, Handover.giver, Handover.receiver):
        session.execute(update(Handover).where(column == old).values({column: new}))


def follow_team(session: Session, old: str, new: str) -> None:
    """Let what a team confirmed, offers and is offered be that of its new name.

    It is the same team: nobody has to confirm or offer anything again.
    """
    session.execute(update(Confirmation).where(Confirmation.owner == old).values(owner=new))
    for column in (Handover.giver, Handover.receiver):
        session.execute(
            update(Handover).where(column == old, Handover.state == PENDING).values({column: new})
        )
