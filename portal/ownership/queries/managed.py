"""Reads of the people and groups that providers manage; pages and JSON of SCIM are in `scim`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.auth.models import Account, ScimUser
from portal.ownership.models import ScimGroup, ScimMember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

BATCH = 500


def find_accounts(session: Session, provider: str, user_ids: Sequence[str]) -> dict[str, int]:
    """Return the accounts of a provider's people by their ids; who is unknown is left out."""
    found: dict[str, int] = {}
    for start in range(0, len(user_ids), BATCH):
        rows = session.execute(
            select(ScimUser.id, ScimUser.account_id).where(
                ScimUser.provider == provider, ScimUser.id.in_(user_ids[start : start + BATCH])
            )
        )
        found |= {row.id: row.account_id for row in rows}
    return found


def has_groups(session: Session, provider: str) -> bool:
    """Whether a provider manages any group."""
    query = select(ScimGroup.id).where(ScimGroup.provider == provider).limit(1)
    return session.scalar(query) is not None


def list_group_names(session: Session, account: Account) -> list[str] | None:
    """Return the groups somebody is in; None when no provider says which.

    A provider that manages people but has pushed no group yet says nothing about groups.
    """
    if not account.is_scim or account.scim_provider is None:
        return None
    names = session.scalars(
        select(ScimGroup.display_name)
        .join(ScimMember, ScimMember.group_id == ScimGroup.id)
        .where(ScimMember.account_id == account.id, ScimGroup.provider == account.scim_provider)
        .order_by(ScimGroup.name_key)
    ).all()
    return list(names) if names or has_groups(session, account.scim_provider) else None


def list_managed(
    session: Session, provider: str, *, after: int = 0, limit: int = BATCH
) -> Sequence[int]:
    """Return accounts of people a provider manages or managed, from the one after `after` on."""
    return session.scalars(
        select(Account.id)
        .where(Account.is_scim, Account.scim_provider == provider, Account.id > after)
        .order_by(Account.id)
        .limit(limit)
    ).all()


def list_raised(session: Session, account_ids: Sequence[int], default_role: str) -> list[int]:
    """Return those of several accounts that have another role than their provider's default."""
    found: list[int] = []
    for start in range(0, len(account_ids), BATCH):
        found += session.scalars(
            select(Account.id).where(
                Account.id.in_(account_ids[start : start + BATCH]), Account.role != default_role
            )
        )
    return found
