"""The role that a provider's groups give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.audit.service import record_act
from portal.auth.core.membership import map_role
from portal.auth.core.roles import ADMIN
from portal.auth.queries.accounts import count_admins, list_group_rules
from portal.auth.service.accounts import BY_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import ProviderRules
    from portal.auth.models import Account

BY_SCIM = "scim"


def take_role(
    session: Session,
    account: Account,
    rules: ProviderRules,
    groups: Iterable[str],
    *,
    now: datetime,
) -> None:
    """Give the role that groups and rules say."""
    ruled = {r.group_name: r.role for r in list_group_rules(session, rules.name) if r.role}
    role = map_role(
        groups,
        {**rules.group_roles, **ruled},
        default=rules.default_role,
        at_most=rules.highest_role,
    )
    change_role(session, account, role, now=now)


def change_role(session: Session, account: Account, role: str, *, now: datetime) -> None:
    """Give a role in a provider's name, unless a person gave one by hand."""
    if account.role_by not in (BY_PROVIDER, BY_SCIM):
        return
    if role == account.role or _is_last_admin(session, account, now):
        return
    before, account.role = account.role, role
    session.flush()
    record_act(
        session,
        account.role_by,
        account.person,
        action="access.change_account",
        before={"role": before},
        after={"role": role},
        now=now,
    )


def _is_last_admin(session: Session, account: Account, now: datetime) -> bool:
    return account.role == ADMIN and not count_admins(session, now=now, without=account.id)
