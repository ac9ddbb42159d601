"""Writes down which teams an account answers for: those it is in, and all below them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.auth.core.membership import Membership, choose_memberships, map_groups
from portal.auth.models import Account
from portal.auth.queries.accounts import list_group_rules, list_identities
from portal.auth.queries.providers import find_rules
from portal.auth.service.memberships import TeamRight, set_teams
from portal.auth.service.roles import take_role
from portal.infra.contributions import get_contributions
from portal.infra.db import BATCH_ROWS
from portal.infra.work import publish
from portal.ownership.core import list_below
from portal.ownership.queries.managed import has_groups, list_group_names, list_managed
from portal.ownership.queries.trusted import list_teams_of, read_parents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

SCIM_CHANGED = "ownership.scim_changed"


def refresh_account(session: Session, account_id: int, now: datetime) -> None:
    """Work out the teams of one account anew."""
    account = session.get_one(Account, account_id)
    _refresh(session, account, read_parents(session), now)


def refresh_accounts(session: Session, account_ids: Iterable[int], *, now: datetime) -> None:
    """Work out the teams of several accounts anew."""
    parents = read_parents(session)
    for account_id in account_ids:
        _refresh(session, session.get_one(Account, account_id), parents, now)


def refresh_provider(session: Session, subject: str, now: datetime) -> None:
    """Work out the teams and roles of those a provider manages, after its groups changed.

    One batch from the account named in `provider/account` on; the next is published.
    """
    provider, _, after = subject.partition("/")
    batch = list_managed(session, provider, after=int(after), limit=BATCH_ROWS)
    refresh_accounts(session, batch, now=now)
    if len(batch) == BATCH_ROWS:
        publish(session, SCIM_CHANGED, f"{provider}/{batch[-1]}", due_at=now)


def follow_group_rule(session: Session, subject: str, now: datetime) -> None:
    """Look again at whom a provider manages, after what one of its groups stands for changed."""
    provider, _, after = json.loads(subject)
    if after == 0 and has_groups(session, provider):
        publish(session, SCIM_CHANGED, f"{provider}/0", due_at=now)


def refresh_all(session: Session, subject: str, now: datetime) -> None:
    """Work out the teams of every account anew, after people or teams changed."""
    del subject
    parents = read_parents(session)
    for account in session.scalars(select(Account).order_by(Account.id).limit(100_000)):
        _refresh(session, account, parents, now)


def _refresh(session: Session, account: Account, parents: Mapping[str, str], now: datetime) -> None:
    rights = work_out(session, account, parents, read_files(session, account))
    set_teams(session, account.id, rights, now=now)
    _follow_role(session, account, list_group_names(session, account), now)


def read_files(session: Session, account: Account) -> list[Membership]:
    """Return the teams that trusted sources put an account's User into."""
    if account.user_ref is None:
        return []
    teams = list_teams_of(session, account.user_ref)
    return [Membership(team, f"source {source}") for team, source in teams]


def work_out(
    session: Session,
    account: Account,
    parents: Mapping[str, str],
    files: list[Membership],
) -> list[TeamRight]:
    """Return the teams an account answers for, were these the parents and what files say of it."""
    groups = list_group_names(session, account)
    scim = None if groups is None else _map_scim(session, account, groups)
    chosen = choose_memberships(scim, _read_claims(session, account), files)
    return _with_below(chosen, parents)


def _map_scim(session: Session, account: Account, groups: Sequence[str]) -> list[Membership]:
    """Return what the groups stand for that a provider put somebody in."""
    provider = account.scim_provider or ""
    found = map_groups(groups, _read_mapping(session, provider), provider)
    return [Membership(m.team, f"SCIM {m.origin}") for m in found]


def _follow_role(
    session: Session, account: Account, groups: Sequence[str] | None, now: datetime
) -> None:
    """Give a managed person the role of their groups, else of what their sign-in last named."""
    rules = find_rules(session, account.scim_provider or "") if account.is_scim else None
    if rules is None:
        return
    if groups is None:
        identities = list_identities(session, account.id)
        groups = [g for i in identities if i.provider == rules.name for g in i.groups or ()]
    take_role(session, account, rules, groups, now=now)


def _read_mapping(session: Session, provider: str) -> dict[str, str]:
    """Return the teams that a provider's groups stand for, by setting and by rule."""
    ruled = {r.group_name: r.team for r in list_group_rules(session, provider) if r.team}
    return {**get_contributions(session).group_teams.get(provider, {}), **ruled}


def _read_claims(session: Session, account: Account) -> list[Membership] | None:
    """Return what the groups of an account's identities stand for; None when none names any."""
    found: list[Membership] | None = None
    known = get_contributions(session).group_teams
    for identity in list_identities(session, account.id):
        if identity.groups is None or identity.provider not in known:
            continue  # a provider that the settings name no more vouches for nobody
        teams = _read_mapping(session, identity.provider)
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
