"""Writes of what people keep at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.models import Star
from portal.catalog.queries.entities import get_entity
from portal.catalog.queries.stars import MOST_STARS
from portal.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

WRITE = "account:star:write"


def set_star(session: Session, actor: Actor, ref: str, *, wanted: bool, now: datetime) -> bool:
    """Star an entity or take the star away; returns whether anything changed."""
    authorise(actor, WRITE, Subject(account_id=actor.account_id))
    account_id = actor.account_id
    if account_id is None:
        raise Conflict("Only somebody who is signed in can star.", fix="Sign in first.")
    entity = get_entity(session, ref)
    held = session.get(Star, (account_id, entity.ref))
    if (held is not None) == wanted:
        return False
    if held is not None:
        session.delete(held)
    else:
        _check_room(session, account_id)
        try:
            with session.begin_nested():
                session.add(Star(account_id=account_id, ref=entity.ref, starred_at=now))
        except IntegrityError:
            return False  # another window of theirs did so at the same moment
    session.flush()
    action = "catalog.star" if wanted else "catalog.unstar"
    record_act(session, actor.name, entity.ref, action=action, now=now)
    return True


def _check_room(session: Session, account_id: int) -> None:
    held = session.scalar(select(func.count()).where(Star.account_id == account_id)) or 0
    if held >= MOST_STARS:
        raise Conflict(
            f"There are {MOST_STARS} stars already.", fix="Take one away that is not needed."
        )
