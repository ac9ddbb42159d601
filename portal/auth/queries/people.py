"""Reads for whoever looks after accounts: the list, what stands beside each, groups seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from portal.auth.models import Account, AccountTeam, Identity
from portal.auth.queries.actors import is_live

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

ACTIVE, ENDED, DEACTIVATED = "active", "ended", "deactivated"
STATES = (ACTIVE, ENDED, DEACTIVATED)
MOST_IDENTITIES = 5_000
MOST_GROUPS = 200


@dataclass(frozen=True, slots=True)
class Beside:
    """What a list shows beside accounts: how many teams each is in, and its ways in."""

    teams: Mapping[int, int]
    providers: Mapping[int, tuple[str, ...]]


def get_state(account: Account, now: datetime) -> str:
    """Return whether an account may act, and if not, why."""
    if not account.is_active:
        return DEACTIVATED
    return ENDED if account.ends_at is not None and account.ends_at <= now else ACTIVE


def search_people(  # noqa: PLR0913 every filter is named
    session: Session,
    *,
    q: str = "",
    role: str = "",
    state: str = "",
    after: str = "",
    limit: int = 50,
    now: datetime,
) -> Sequence[Account]:
    """Return accounts by name, from the one after `after` on; one more than a page when asked."""
    query = select(Account).where(Account.name > after).order_by(Account.name).limit(limit)
    if q:
        columns = (Account.name, Account.display_name, Account.email)
        query = query.where(
            or_(*(func.lower(column).contains(q.lower(), autoescape=True) for column in columns))
        )
    if role:
        query = query.where(Account.role == role)
    if state == ACTIVE:
        query = query.where(is_live(now))
    elif state == DEACTIVATED:
        query = query.where(Account.is_active.is_(False))
    elif state == ENDED:
        query = query.where(Account.is_active, Account.ends_at <= now)
    return session.scalars(query).all()


def read_beside(session: Session, ids: Iterable[int]) -> Beside:
    """Return what a list shows beside accounts."""
    wanted = sorted(ids)
    teams = session.execute(
        select(AccountTeam.account_id, func.count())
        .where(AccountTeam.account_id.in_(wanted), AccountTeam.is_direct)
        .group_by(AccountTeam.account_id)
    )
    providers: dict[int, tuple[str, ...]] = {}
    rows = session.execute(
        select(Identity.account_id, Identity.provider)
        .where(Identity.account_id.in_(wanted))
        .distinct()
        .order_by(Identity.account_id, Identity.provider)
    )
    for account_id, provider in rows:
        providers[account_id] = (*providers.get(account_id, ()), provider)
    return Beside(dict(teams.all()), providers)


def count_groups_seen(session: Session) -> list[tuple[str, str, int]]:
    """Return provider, group and how many of the people seen last are in it, the most first."""
    rows = session.execute(
        select(Identity.provider, Identity.groups)
        .where(Identity.groups.is_not(None))
        .order_by(Identity.used_at.desc())
        .limit(MOST_IDENTITIES)
    )
    counts = Counter((provider, group) for provider, groups in rows for group in groups)
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(provider, group, count) for (provider, group), count in found[:MOST_GROUPS]]
