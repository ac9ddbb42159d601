"""What follows a change of teams and people: who may do what is worked out anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.service.permissions import PEOPLE_CHANGED
from portal.infra import work

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

PEOPLE = ("group:", "user:")


def follow_people(session: Session, refs: Iterable[str], *, now: datetime) -> None:
    """Ask for rights to be worked out anew where teams or people are among what changed."""
    if any(ref.startswith(PEOPLE) for ref in refs):
        work.publish(session, PEOPLE_CHANGED, "all", due_at=now)
