"""Reads of accounts, their identities, sessions and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from portal.auth.core.roles import ADMIN
from portal.auth.models import (
    Account,
    AccountTeam,
    ApiToken,
    Credential,
    GroupRule,
    Identity,
    SignInSession,
)
from portal.auth.queries.actors import is_live
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def get_account(session: Session, account_id: int) -> Account:
    """Return an account; raises NotFound."""
    found = session.get(Account, account_id)
    if found is None:
        raise NotFound("There is no such account.")
    return found


def find_account(session: Session, name: str) -> Account | None:
    """Return an account by its name."""
    return session.scalar(select(Account).where(Account.name == name.strip().lower()))


def find_by_person(session: Session, person: str) -> Account | None:
    """Return an account by its opaque id."""
    return session.scalar(select(Account).where(Account.person == person.strip().lower()))


def find_identity(session: Session, issuer: str, subject: str) -> Identity | None:
    """Return an identity by who it is."""
    return session.scalar(
        select(Identity).where(Identity.issuer == issuer, Identity.subject == subject)
    )


def get_identity(session: Session, identity_id: int) -> Identity:
    """Return an identity by its number; raises NotFound."""
    found = session.get(Identity, identity_id)
    if found is None:
        raise NotFound("There is no such identity.")
    return found


def find_last_identity(session: Session, account_id: int) -> Identity | None:
    """Return the identity an account last signed in with."""
    return session.scalar(
        select(Identity)
        .where(Identity.account_id == account_id)
        .order_by(Identity.used_at.desc(), Identity.id.desc())
        .limit(1)
    )


def find_credential(session: Session, account_id: int) -> Credential | None:
    """Return an account's password or setup key."""
    return session.get(Credential, account_id)


def list_accounts(
    session: Session, *, q: str = "", role: str = "", after: int = 0, limit: int = 50
) -> Sequence[Account]:
    """Return accounts by id, from the one after `after` on."""
    query = select(Account).where(Account.id > after).order_by(Account.id).limit(limit)
    if q:
        like = f"%{q.lower().replace('%', '').replace('_', '')}%"
        query = query.where(
            or_(
                func.lower(Account.name).like(like),
                func.lower(Account.display_name).like(like),
                func.lower(Account.email).like(like),
            )
        )
    if role:
        query = query.where(Account.role == role)
    return session.scalars(query).all()


def count_admins(session: Session, *, now: datetime, without: int = 0) -> int:
    """Return how many can sign in as admin, one of them left out; programs cannot.

    Their rows stay locked to the end of the unit, so that two units cannot both take away what
    each counts on.
    """
    admins = session.scalars(
        select(Account.id)
        .where(Account.role == ADMIN, Account.kind != "service", is_live(now))
        .order_by(Account.id)
        .with_for_update()
    ).all()
    return len(set(admins) - {without})


def list_identities(session: Session, account_id: int) -> Sequence[Identity]:
    """Return the identities of an account."""
    return session.scalars(
        select(Identity).where(Identity.account_id == account_id).order_by(Identity.id)
    ).all()


def list_sessions(session: Session, account_id: int) -> Sequence[SignInSession]:
    """Return where an account is signed in, the last used first."""
    return session.scalars(
        select(SignInSession)
        .where(SignInSession.account_id == account_id)
        .order_by(SignInSession.seen_at.desc())
        .limit(200)
    ).all()


def list_tokens(session: Session, account_id: int) -> Sequence[ApiToken]:
    """Return the tokens of an account, the newest first, revoked ones included."""
    return session.scalars(
        select(ApiToken)
        .where(ApiToken.account_id == account_id)
        .order_by(ApiToken.id.desc())
        .limit(200)
    ).all()


def list_teams(session: Session, account_id: int) -> Sequence[AccountTeam]:
    """Return the teams an account answers for, those it is a member of first."""
    return session.scalars(
        select(AccountTeam)
        .where(AccountTeam.account_id == account_id)
        .order_by(AccountTeam.is_direct.desc(), AccountTeam.team)
    ).all()


def list_group_rules(session: Session, provider: str | None = None) -> Sequence[GroupRule]:
    """Return what groups stand for, of one provider or of all."""
    query = select(GroupRule).order_by(GroupRule.provider, GroupRule.group_name)
    if provider is not None:
        query = query.where(GroupRule.provider == provider)
    return session.scalars(query).all()


def list_demo_accounts(session: Session) -> Sequence[Account]:
    """Return the demo's accounts, the one that may most first."""
    return session.scalars(
        select(Account).where(Account.kind == "demo", Account.is_active).order_by(Account.id)
    ).all()


def list_names(session: Session, persons: Collection[str]) -> dict[str, str]:
    """Return the display names of persons that have an account and were not erased."""
    rows = session.execute(
        select(Account.person, Account.display_name).where(
            Account.person.in_(persons), Account.name != Account.person
        )
    )
    return dict(rows.all())


def find_person(session: Session, name: str) -> str | None:
    """Return who has the account of this name."""
    found = find_account(session, name)
    return found.person if found else None


def find_persons(session: Session, text: str) -> list[str]:
    """Return whose name or e-mail holds a text."""
    return [account.person for account in list_accounts(session, q=text)] if text.strip() else []
