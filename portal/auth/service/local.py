"""Local accounts: the one-time link, the password, signing in with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, Subject, authorise
from portal.auth.core.keys import hash_key, make_key
from portal.auth.core.passwords import (
    NOBODY,
    check_password,
    hash_password,
    is_outdated,
    is_password,
)
from portal.auth.models import Account, Credential
from portal.auth.queries.accounts import find_account, find_credential
from portal.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

SETUP_LASTS = timedelta(hours=24)
PRODUCT = "plumbline"


def make_setup_key(session: Session, actor: Actor, account: Account, *, now: datetime) -> str:
    """Return the key of a link that sets the account's password once, within a day."""
    authorise(actor, "access:account:write")
    key = make_key()
    credential = find_credential(session, account.id)
    if credential is None:
        credential = Credential(account_id=account.id)
        session.add(credential)
    credential.setup_hash, credential.setup_ends_at = hash_key(key), now + SETUP_LASTS
    session.flush()
    record_act(session, actor.name, account.person, action="access.make_setup_link", now=now)
    return key


def get_by_setup_key(session: Session, key: str, *, now: datetime, to_use: bool = False) -> Account:
    """Return whose link this is; raises NotFound when it was used, ended or never was.

    `to_use` locks it, so that of two who use it at once the second finds it used.
    """
    if to_use:
        session.execute(
            select(Credential.account_id)
            .where(Credential.setup_hash == hash_key(key))
            .with_for_update()
        )
    found = session.scalar(
        select(Account)
        .join(Credential, Credential.account_id == Account.id)
        .where(
            Credential.setup_hash == hash_key(key),
            Credential.setup_ends_at > now,
            Account.is_active,
        )
    )
    if found is None:
        raise NotFound(
            "This link was used or is over a day old.",
            fix="Ask whoever runs the portal for a new one: `portal user link NAME`.",
        )
    return found


def set_password(session: Session, account: Account, password: str, *, now: datetime) -> None:
    """Set the password of an account and use up its link; raises InvalidInput when too weak."""
    check_password(password, (PRODUCT, account.name, account.display_name))
    credential = find_credential(session, account.id)
    if credential is None:
        credential = Credential(account_id=account.id)
        session.add(credential)
    credential.password_hash, credential.changed_at = hash_password(password), now
    credential.setup_hash = credential.setup_ends_at = None
    session.flush()
    record_act(session, account.person, account.person, action="auth.set_password", now=now)


def change_password(
    session: Session, actor: Actor, account: Account, *, old: str, new: str, now: datetime
) -> bool:
    """Replace a password; False when the old one is wrong."""
    authorise(actor, "account:password:write", Subject(account_id=account.id))
    credential = find_credential(session, account.id)
    if credential is None or not is_password(credential.password_hash or NOBODY, old):
        return False
    set_password(session, account, new, now=now)
    return True


def read_password(session: Session, name: str) -> str:
    """Return the hash to compare with, nobody's where the account has none."""
    account = find_account(session, name)
    credential = find_credential(session, account.id) if account else None
    return (credential.password_hash if credential else None) or NOBODY


def admit_by_password(
    session: Session, name: str, password: str, *, proven: str, now: datetime
) -> Account | None:
    """Return the account whose password was proven against the hash `proven`.

    None when the account may do nothing, or has another password by now.
    """
    account = find_account(session, name)
    credential = find_credential(session, account.id) if account else None
    if account is None or credential is None or credential.password_hash != proven:
        return None
    if not account.is_active or (account.ends_at and account.ends_at <= now):
        return None
    if is_outdated(proven):
        credential.password_hash = hash_password(password)
    return account
