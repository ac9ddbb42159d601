"""Writes down which teams an account answers for: those it is in, and all below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.auth.core.membership import Membership, choose_memberships, map_groups
from portal.auth.models import Account
from portal.auth.queries.accounts import list_group_rules, list_identities
from portal.auth.service.memberships import TeamRight, set_teams
from portal.infra.contributions import get_contributions
from portal.ownership.core import list_below
from portal.ownership.queries.trusted import list_teams_of, read_parents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

BATCH = 200


def refresh_account(session: Session, account_id: int, now: datetime) -> None:
    """Work out the teams of one account anew."""
    account = session.get_one(Account, account_id)
    _refresh(session, account, read_parents(session), now)


def refresh_all(session: Session, subject: str, now: datetime) -> None:
    """Work out the teams of every account anew, after people or teams changed."""
    del subject
    parents = read_parents(session)
    for account in session.scalars(select(Account).order_by(Account.id).limit(100_000)):
        _refresh(session, account, parents, now)


def _refresh(session: Session, account: Account, parents: Mapping[str, str], now: datetime) -> None:
    files = [
        Membership(team, f"source {source}")
        for team, source in (
            list_teams_of(session, account.user_ref) if account.user_ref is not None else ()
        )
    ]
    chosen = choose_memberships(None, _read_claims(session, account), files)
    set_teams(session, account.id, _with_below(chosen, parents), now=now)


def _read_claims(session: Session, account: Account) -> list[Membership] | None:
    """Return what the groups of an account's identities stand for; None when none names any."""
    found: list[Membership] | None = None
    mapped = get_contributions(session).group_teams
    for identity in list_identities(session, account.id):
        if identity.groups is None or identity.provider not in mapped:
            continue  # a provider that the settings name no more vouches for nobody
        ruled = {
            r.group_name: r.team for r in list_group_rules(session, identity.provider) if r.team
        }
        teams = {**mapped[identity.provider], **ruled}
        found = [*(found or ()), *map_groups(identity.groups, teams, identity.provider)]
    return found


def _with_below(memberships: list[Membership], parents: Mapping[str, str]) -> list[TeamRight]:
    """Return the teams themselves and, as what their members answer for, every team below."""
    rights: dict[str, TeamRight] = {}
    for membership in memberships:
        rights.setdefault(membership.team, TeamRight(membership.team, True, membership.origin))  # noqa: FBT003 the field is named in its class
    for membership in memberships:
        for below in list_below(membership.team, parents):
            origin = f"below {membership.team}, {membership.origin}"
            rights.setdefault(below, TeamRight(below, False, origin))  # noqa: FBT003 same
    return list(rights.values())
