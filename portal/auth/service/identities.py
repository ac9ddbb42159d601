"""What a proven sign-in at a provider changes: the account, its role, its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, Subject, authorise
from portal.auth.core.roles import VIEWER
from portal.auth.models import Account, Identity
from portal.auth.queries.accounts import (
    find_account,
    find_identity,
    find_last_identity,
    get_identity,
)
from portal.auth.queries.provisioned import find_managed
from portal.auth.service.accounts import BY_PROVIDER, WRITE, add_account
from portal.auth.service.roles import change_role, take_role
from portal.auth.service.sessions import end_by_provider
from portal.errors import Conflict, Forbidden
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import Claims, ProviderRules


def sign_in_identity(
    session: Session, rules: ProviderRules, claims: Claims, *, now: datetime
) -> Account:
    """Return the account of a proven sign-in, made when there is none; groups are taken over.

    Whom the provider manages over SCIM is found by its own id, else by an address it vouches for.
    Raises Forbidden when the account was deactivated or has ended.
    """
    identity = find_identity(session, claims.issuer, claims.subject)
    if identity is None:
        account = find_managed(session, rules, claims) or _add_account(
            session, rules, claims, now=now
        )
        identity = _add_identity(session, account, rules, claims, now=now)
    else:
        account = session.get_one(Account, identity.account_id)
    if not account.is_active or (account.ends_at is not None and account.ends_at <= now):
        raise Forbidden(
            "This account is not active any more.", fix="Ask whoever runs the portal to reopen it."
        )
    _take_over(session, account, identity, rules, claims, now=now)
    return account


def link_identity(
    session: Session,
    actor: Actor,
    account: Account,
    rules: ProviderRules,
    claims: Claims,
    *,
    now: datetime,
) -> Identity:
    """Give an account a further identity; raises Conflict when it is somebody else's."""
    authorise(actor, "account:identity:write", Subject(account_id=account.id))
    held = find_identity(session, claims.issuer, claims.subject)
    if held is not None and held.account_id != account.id:
        raise Conflict(
            "This identity belongs to another account.",
            fix="An admin can move it under Access, People.",
        )
    identity = held or _add_identity(session, account, rules, claims, now=now)
    _take_over(session, account, identity, rules, claims, now=now)
    return identity


def unlink_identity(session: Session, actor: Actor, identity_id: int, *, now: datetime) -> None:
    """Take an identity from its account, and end what is signed in by it.

    Signing in with it makes a new person then.
    """
    identity = get_identity(session, identity_id)
    authorise(actor, "account:identity:write", Subject(account_id=identity.account_id))
    account = session.get_one(Account, identity.account_id)
    end_by_provider(
        session, identity.issuer, subject=identity.subject, idp_sid=None, actor=actor, now=now
    )
    session.delete(identity)
    session.flush()
    record_act(
        session,
        actor.name,
        account.person,
        action="access.unlink_identity",
        before={"provider": identity.provider},
        now=now,
    )
    refresh_teams(session, account.id, now=now)


def refresh_teams(session: Session, account_id: int, *, now: datetime) -> None:
    """Let the floor that knows teams write down which ones the account answers for."""
    for people in get_contributions(session).people:
        people.refresh(session, account_id, now)


def refresh_role(
    session: Session, account: Account, rules: Mapping[str, ProviderRules], *, now: datetime
) -> None:
    """Give the role that the provider of the last sign-in and its groups say, if it rules it.

    Who has no identity left keeps nothing that one gave. Whom a provider manages over SCIM gets
    their role where their teams are worked out.
    """
    if account.is_scim:
        return
    identity = find_last_identity(session, account.id)
    if identity is None:
        change_role(session, account, VIEWER, now=now)
    ruling = rules.get(identity.provider) if identity is not None else None
    if identity is not None and ruling is not None and not identity.groups_cut:
        take_role(session, account, ruling, identity.groups or [], now=now)


def move_identity(
    session: Session, actor: Actor, identity_id: int, account: Account, *, now: datetime
) -> None:
    """Give an identity to another account; whoever is signed in by it is signed out.

    Raises NotFound.
    """
    authorise(actor, WRITE)
    identity = get_identity(session, identity_id)
    if identity.account_id == account.id:
        return
    before = session.get_one(Account, identity.account_id)
    end_by_provider(
        session, identity.issuer, subject=identity.subject, idp_sid=None, actor=actor, now=now
    )
    identity.account_id = account.id
    session.flush()
    for person in (before.person, account.person):
        record_act(
            session,
            actor.name,
            person,
            action="access.move_identity",
            before={"account": before.person, "provider": identity.provider},
            after={"account": account.person},
            now=now,
        )
    refresh_teams(session, before.id, now=now)
    refresh_teams(session, account.id, now=now)


def _add_account(
    session: Session, rules: ProviderRules, claims: Claims, *, now: datetime
) -> Account:
    name = claims.name.strip().lower()[:150] or claims.subject.lower()[:150]
    if find_account(session, name) is not None:
        name = f"{name}@{rules.name}"
    if find_account(session, name) is not None:
        name = f"{claims.subject.lower()[:150]}@{rules.name}"
    account = add_account(
        session,
        name,
        role=rules.default_role,
        role_by=BY_PROVIDER,
        display_name=claims.display_name,
        email=rules.trusted_email(claims),
        now=now,
    )
    record_act(
        session,
        account.person,
        account.person,
        action="auth.new_person",
        after={"provider": rules.name, "role": account.role},
        now=now,
    )
    return account


def _add_identity(
    session: Session, account: Account, rules: ProviderRules, claims: Claims, *, now: datetime
) -> Identity:
    identity = Identity(
        account_id=account.id,
        provider=rules.name,
        issuer=claims.issuer,
        subject=claims.subject,
        name=claims.name[:200],
        email=claims.email,
        is_email_trusted=False,
        groups=None,
        groups_cut=False,
        linked_at=now,
        used_at=now,
    )
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError:
        raise Conflict(
            "This identity was added by another sign-in at the same moment.", fix="Sign in again."
        ) from None
    record_act(
        session,
        account.person,
        account.person,
        action="access.link_identity",
        after={"provider": rules.name},
        now=now,
    )
    return identity


def _take_over(
    session: Session,
    account: Account,
    identity: Identity,
    rules: ProviderRules,
    claims: Claims,
    *,
    now: datetime,
) -> None:
    identity.used_at, identity.name, identity.email = now, claims.name[:200], claims.email
    identity.groups_cut = claims.groups_cut
    if not claims.groups_cut:  # what was left out takes no right away
        identity.groups = None if claims.groups is None else sorted(claims.groups)
    email = rules.trusted_email(claims)
    identity.is_email_trusted = email is not None
    if not account.is_scim:
        account.display_name = (claims.display_name or account.display_name)[:200]
        account.email = email or account.email
    for people in get_contributions(session).people:
        found = people.find_user(session, claims.user_name, email)
        account.user_ref = found or account.user_ref
    if not account.is_scim and not claims.groups_cut:  # else the refresh below knows the groups
        take_role(session, account, rules, identity.groups or [], now=now)
    session.flush()
    refresh_teams(session, account.id, now=now)
