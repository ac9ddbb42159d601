"""Writes of accounts: made, given a role, ended, taken away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, authorise
from portal.auth.core.keys import make_person_id
from portal.auth.core.roles import ADMIN, ROLES
from portal.auth.models import Account, ApiToken
from portal.auth.queries.accounts import count_admins, find_account
from portal.auth.service.sessions import end_sessions
from portal.errors import Conflict, InvalidInput, NotFound, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

WRITE = "access:account:write"
BY_PROVIDER = "provider"
KINDS = ("person", "service", "demo")
NAME = re.compile(r"^[a-z0-9][a-z0-9._@+-]{0,199}$")


def create_account(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    name: str,
    *,
    role: str,
    display_name: str = "",
    email: str | None = None,
    kind: str = "person",
    scim_provider: str | None = None,
    now: datetime,
) -> Account:
    """Make an account; raises Conflict when the name is taken, InvalidInput when it is none."""
    authorise(actor, WRITE)
    name = name.strip().lower()
    if not NAME.match(name):
        problem = Problem(
            "name", "form", f"`{name}` is no account name.", "Use letters, digits and . _ @ + -"
        )
        raise InvalidInput(f"`{name}` is no account name.", (problem,))
    _check_role(role)
    account = add_account(
        session,
        name,
        role=role,
        role_by=actor.name,
        display_name=display_name,
        email=email,
        now=now,
    )
    account.kind, account.scim_provider = kind, scim_provider
    spoken_for = {"scim_provider": scim_provider} if scim_provider else {}
    record_act(
        session,
        actor.name,
        account.person,
        action="access.create_account",
        after={"role": role, "kind": kind, **spoken_for},
        now=now,
    )
    return account


def add_account(  # noqa: PLR0913 every part is named
    session: Session,
    name: str,
    *,
    role: str,
    role_by: str,
    display_name: str = "",
    email: str | None = None,
    now: datetime,
) -> Account:
    """Put an account into the session, flushed; raises Conflict when the name is taken."""
    account = Account(
        person=make_person_id(),
        name=name,
        display_name=(display_name or name)[:200],
        email=email and email.strip().lower()[:320],
        kind="person",
        role=role,
        role_by=role_by,
        is_active=True,
        is_scim=False,
        created_at=now,
        version=1,
    )
    if find_account(session, name) is not None:
        raise Conflict(f"There is an account called {name} already.", fix="Choose another name.")
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise Conflict(
            f"There is an account called {name} already.", fix="Choose another name."
        ) from None
    return account


def take_for_change(session: Session, actor: Actor, account_id: int, *, version: int) -> Account:
    """Return an account that nobody else changes meanwhile.

    Raises NotFound, or Conflict when it was changed since `version` was read. Admins are locked
    with it, in the order of their ids: two of them who demote each other wait for one another.
    """
    authorise(actor, WRITE)
    rows = session.scalars(
        select(Account)
        .where(or_(Account.id == account_id, Account.role == ADMIN))
        .order_by(Account.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    account = next((row for row in rows if row.id == account_id), None)
    if account is None:
        raise NotFound("There is no such account.")
    if account.version != version:
        raise Conflict(
            f"{account.display_name} was changed by somebody else since this page was opened.",
            fix="Look at the account as it is now, then change it again.",
        )
    return account


def let_provider_rule(session: Session, actor: Actor, account: Account, *, now: datetime) -> None:
    """Let the identity provider say the role again, from the next sign-in on."""
    authorise(actor, WRITE)
    _change(session, actor, account, {"role_by": BY_PROVIDER}, now=now)


def set_role(session: Session, actor: Actor, account: Account, role: str, *, now: datetime) -> None:
    """Give an account a role; raises Conflict when nobody would be left to run the portal."""
    authorise(actor, WRITE)
    _check_role(role)
    if role != ADMIN:
        keep_an_admin(session, account, now=now)
    _change(session, actor, account, {"role": role, "role_by": actor.name}, now=now)


def set_end(
    session: Session, actor: Actor, account: Account, ends_at: datetime | None, *, now: datetime
) -> None:
    """Set or clear the day from which an account may do nothing."""
    authorise(actor, WRITE)
    if ends_at is not None:
        keep_an_admin(session, account, now=now)
    _change(session, actor, account, {"ends_at": ends_at}, now=now)


def deactivate(session: Session, actor: Actor, account: Account, *, now: datetime) -> None:
    """Take an account's rights, sessions and tokens away at once; its history stays."""
    authorise(actor, WRITE)
    keep_an_admin(session, account, now=now)
    _change(session, actor, account, {"is_active": False}, now=now)
    end_sessions(session, actor, account, now=now)
    session.execute(
        update(ApiToken)
        .where(ApiToken.account_id == account.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def activate(session: Session, actor: Actor, account: Account, *, now: datetime) -> None:
    """Let an account in again; its old sessions and tokens stay gone."""
    authorise(actor, WRITE)
    _change(session, actor, account, {"is_active": True}, now=now)


def keep_an_admin(session: Session, account: Account, *, now: datetime) -> None:
    """Raise Conflict when this account is the last that can run the portal."""
    if account.role == ADMIN and not count_admins(session, now=now, without=account.id):
        raise Conflict(
            f"{account.display_name} is the last admin, so this would lock everyone out.",
            fix="Give somebody else the role admin first, or use `portal user create`.",
        )


def _change(
    session: Session, actor: Actor, account: Account, values: dict[str, Any], *, now: datetime
) -> None:
    before = {name: _plain(getattr(account, name)) for name in values}
    after = {name: _plain(value) for name, value in values.items()}
    if before == after:
        return
    for name, value in values.items():
        setattr(account, name, value)
    account.version += 1
    session.flush()
    record_act(
        session,
        actor.name,
        account.person,
        action="access.change_account",
        before=before,
        after=after,
        now=now,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _check_role(role: str) -> None:
    if role not in ROLES:
        problem = Problem(
            "role", "known", f"There is no role `{role}`.", f"Use one of: {', '.join(ROLES)}."
        )
        raise InvalidInput(f"There is no role `{role}`.", (problem,))
