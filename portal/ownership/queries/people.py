"""Accounts that a change of teams concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from portal.auth.models import Account, AccountTeam
from portal.auth.queries.actors import is_live

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def list_concerned(
    session: Session,
    teams: Collection[str],
    users: Collection[str],
    *,
    limit: int,
    now: datetime,
) -> Sequence[Account]:
    """Return the accounts that answer for one of some teams, or are one of some Users."""
    answering = select(AccountTeam.account_id).where(AccountTeam.team.in_(teams))
    return session.scalars(
        select(Account)
        .where(is_live(now), or_(Account.id.in_(answering), Account.user_ref.in_(users)))
        .order_by(Account.display_name, Account.id)
        .limit(limit)
    ).all()


def list_team_rights(session: Session, account_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return the teams of accounts with where each is from."""
    rows = session.execute(
        select(AccountTeam.account_id, AccountTeam.team, AccountTeam.origin).where(
            AccountTeam.account_id.in_(account_ids)
        )
    )
    found: dict[int, dict[str, str]] = {}
    for account_id, team, origin in rows:
        found.setdefault(account_id, {})[team] = origin
    return found
