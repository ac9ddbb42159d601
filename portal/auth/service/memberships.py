"""Writes the teams an account answers for; the floor that knows teams decides which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from portal.audit.service import record_act
from portal.auth.models import Account, AccountTeam
from portal.infra.db import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class TeamRight:
    """A team, whether the account is a member itself, and why."""

    team: str
    is_direct: bool
    origin: str


def set_teams(
    session: Session, account_id: int, teams: Sequence[TeamRight], *, now: datetime
) -> bool:
    """Replace an account's teams; returns whether anything changed, which is audited."""
    wanted = {right.team: right for right in teams}
    held = {
        row.team: TeamRight(row.team, row.is_direct, row.origin)
        for row in session.scalars(select(AccountTeam).where(AccountTeam.account_id == account_id))
    }
    if wanted == held:
        return False
    session.execute(delete(AccountTeam).where(AccountTeam.account_id == account_id))
    if wanted:
        session.execute(
            insert(AccountTeam),
            [
                {
                    "account_id": account_id,
                    "team": right.team,
                    "is_direct": right.is_direct,
                    "origin": right.origin,
                }
                for right in wanted.values()
            ],
        )
    if set(wanted) != set(held):
        person = session.get_one(Account, account_id).person
        record_act(
            session,
            "ownership",
            person,
            action="access.change_teams",
            before=sorted(held),
            after=sorted(wanted),
            now=now,
        )
    session.flush()
    return True


def drop_teams(session: Session, account_ids: Sequence[int], origin: str) -> None:
    """Take away what one origin gave to many accounts; working their teams out anew follows."""
    for start in range(0, len(account_ids), BATCH_ROWS):
        session.execute(
            delete(AccountTeam).where(
                AccountTeam.account_id.in_(account_ids[start : start + BATCH_ROWS]),
                AccountTeam.origin.endswith(origin, autoescape=True),
            )
        )
