"""Accounts that exist to be tried out, and taking an account away with all that hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, authorise
from portal.auth.models import (
    Account,
    AccountTeam,
    ApiToken,
    Credential,
    Identity,
    SignInSession,
)
from portal.auth.queries.accounts import find_account
from portal.auth.service.accounts import WRITE, create_account
from portal.auth.service.identities import refresh_teams
from portal.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

DEMO = "demo"
ERASED = "erased"
PARTS = (AccountTeam, ApiToken, Credential, Identity, SignInSession)


def put_demo_account(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    name: str,
    *,
    role: str,
    user_ref: str,
    title: str,
    now: datetime,
) -> Account:
    """Return the demo's account of a name, made when there is none, with its teams worked out."""
    account = find_account(session, name)
    if account is None:
        account = create_account(
            session, actor, name, role=role, display_name=title, kind=DEMO, now=now
        )
    account.user_ref = user_ref
    session.flush()
    refresh_teams(session, account.id, now=now)
    return account


def remove_account(session: Session, actor: Actor, account: Account, *, now: datetime) -> None:
    """Delete an account, its sessions, tokens and ways in; the audit trail keeps its opaque id."""
    authorise(actor, WRITE)
    for table in PARTS:
        session.execute(delete(table).where(table.account_id == account.id))
    session.delete(account)
    session.flush()
    record_act(
        session,
        actor.name,
        account.person,
        action="access.remove_account",
        before={"role": account.role},
        now=now,
    )


def erase_account(session: Session, actor: Actor, account: Account, *, now: datetime) -> None:
    """Forget the name, the e-mail and the User of a deactivated account; its opaque id stays.

    What the identity provider calls it stays too, so that it cannot come back as somebody new.
    Raises Conflict while the account is active.
    """
    authorise(actor, WRITE)
    if account.is_active:
        raise Conflict(
            f"{account.display_name} is active, so the name is still needed.",
            fix="Deactivate the account first: `portal user deactivate NAME`.",
        )
    account.name = account.display_name = account.person
    account.email = account.user_ref = None
    account.version += 1
    for table in (AccountTeam, Credential, SignInSession):
        session.execute(delete(table).where(table.account_id == account.id))
    session.execute(
        update(Identity)
        .where(Identity.account_id == account.id)
        .values(name=ERASED, email=None, groups=None)
    )
    session.execute(update(ApiToken).where(ApiToken.account_id == account.id).values(name=ERASED))
    session.flush()
    record_act(session, actor.name, account.person, action="access.erase_person", now=now)
