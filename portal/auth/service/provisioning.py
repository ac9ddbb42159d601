"""What an identity provider does to people over SCIM: made, taken over, changed, deleted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core.decisions import Actor, authorise
from portal.auth.core.provisioned import (
    Managed,
    fold,
    list_changes,
    read_document,
    write_document,
)
from portal.auth.models import Account, ScimEmail, ScimUser
from portal.auth.queries.accounts import find_account
from portal.auth.queries.provisioned import find_other, find_signed_in
from portal.auth.service.accounts import BY_PROVIDER, activate, add_account, deactivate
from portal.auth.service.roles import BY_SCIM
from portal.errors import Taken
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import ProviderRules

WRITE = "scim:all:write"


def create_user(
    session: Session, actor: Actor, rules: ProviderRules, person: Managed, *, now: datetime
) -> ScimUser:
    """Make or take over the account of somebody; raises Taken when a name or id is in use."""
    authorise(actor, WRITE)
    named, known = find_other(session, rules.name, person)
    if named is not None or (known and session.get(ScimUser, known.id)):
        raise _taken(person, is_name=named is not None)
    account = known or find_signed_in(session, rules, person)
    is_new = account is None
    if account is None:
        account = _add(session, rules, person, now)
    managed = _manage(session, account, rules, person, now)
    record_act(
        session,
        actor.name,
        account.person,
        action="scim.create_user",
        after={"provider": rules.name, "role": account.role, "taken_over": not is_new},
        now=now,
    )
    # Somebody the provider deleted comes back; one whom an admin closed does not.
    if known is not None and person.active is not False:
        activate(session, _stand_in(actor), account, now=now)
    if person.active is False and account.is_active:
        deactivate(session, _stand_in(actor), account, now=now)
    _refresh(session, account, now)
    return managed


def change_user(
    session: Session,
    actor: Actor,
    rules: ProviderRules,
    managed: ScimUser,
    person: Managed,
    *,
    now: datetime,
) -> None:
    """Take over what a provider says of somebody now; raises Taken, or Conflict for the last admin.

    The account opens when the provider's own word turns to active, so that an admin's block
    outlasts what a provider only repeats.
    """
    authorise(actor, WRITE)
    account = session.get_one(Account, managed.account_id)
    before = read_managed(managed, account)
    changes = list_changes(before, person)
    if not changes:
        return
    named, known = find_other(session, rules.name, person, but=account.id)
    if named is not None or (known and session.get(ScimUser, known.id)):
        raise _taken(person, is_name=named is not None)
    if known is not None:  # a deleted person's id went to somebody else
        known.external_id = None
        session.flush()
    if account.name in _list_names(before.user_name, rules.name):
        account.name = _choose_name(session, rules, person, but=account.id)
    managed.is_active, managed.updated_at = person.active, now
    managed.version += 1
    _write(session, account, managed, person)
    _follow_address(session, account, rules, person)
    record_act(
        session,
        actor.name,
        account.person,
        action="scim.change_user",
        before={"active": before.active},
        after={"active": person.active, "changed": changes},
        now=now,
    )
    if "active" in changes and person.active is not None:
        turn = activate if person.active else deactivate
        turn(session, _stand_in(actor), account, now=now)
    _refresh(session, account, now)


def delete_user(session: Session, actor: Actor, managed: ScimUser, *, now: datetime) -> None:
    """Close somebody's account for good; it stays, so that history keeps its person."""
    authorise(actor, WRITE)
    account = session.get_one(Account, managed.account_id)
    deactivate(session, _stand_in(actor), account, now=now)
    session.execute(delete(ScimEmail).where(ScimEmail.account_id == account.id))
    session.delete(managed)
    session.flush()
    record_act(
        session,
        actor.name,
        account.person,
        action="scim.delete_user",
        before={"provider": managed.provider},
        now=now,
    )
    _refresh(session, account, now)


def read_managed(managed: ScimUser, account: Account) -> Managed:
    """Return what the provider last said of somebody."""
    return read_document(
        managed.document, external_id=account.external_id, active=managed.is_active
    )


def _stand_in(actor: Actor) -> Actor:
    """Return the actor under which accounts are closed and opened once the provider may.

    A token of a provider holds no right on accounts but this one way to them.
    """
    return Actor(actor.name, frozenset({"*:*:*"}), label=actor.label)


def _add(session: Session, rules: ProviderRules, person: Managed, now: datetime) -> Account:
    return add_account(
        session,
        _choose_name(session, rules, person),
        role=rules.default_role,
        role_by=BY_SCIM,
        display_name=person.title,
        email=person.main_email,
        now=now,
    )


def _manage(
    session: Session, account: Account, rules: ProviderRules, person: Managed, now: datetime
) -> ScimUser:
    account.is_scim, account.scim_provider = True, rules.name
    if account.role_by == BY_PROVIDER:
        account.role_by = BY_SCIM
    managed = ScimUser(
        account_id=account.id,
        id=secrets.token_hex(16),
        provider=rules.name,
        is_active=person.active is not False,
        created_at=now,
        updated_at=now,
        version=1,
    )
    _write(session, account, managed, person)
    _follow_address(session, account, rules, person)
    return managed


def _write(session: Session, account: Account, managed: ScimUser, person: Managed) -> None:
    """Write a person into the columns; raises Taken when somebody was faster."""
    account.external_id, account.email = person.external_id, person.main_email
    account.display_name = person.title[:200]
    account.version += 1
    managed.document = write_document(person)
    managed.user_name_key = fold(person.user_name)
    for name in ("display_name", "given_name", "family_name", "formatted_name"):
        text = getattr(person, name)
        setattr(managed, f"{name}_key", None if text is None else fold(text))
    try:
        with session.begin_nested():
            session.add(managed)
            session.flush()
    except IntegrityError:
        raise _taken(person, is_name=True) from None
    _write_emails(session, account, person)


def _write_emails(session: Session, account: Account, person: Managed) -> None:
    session.execute(delete(ScimEmail).where(ScimEmail.account_id == account.id))
    rows = [
        {
            "account_id": account.id,
            "position": position,
            "value_key": None if email.value is None else fold(email.value),
            "type_key": None if email.type is None else fold(email.type),
            "is_primary": email.primary,
        }
        for position, email in enumerate(person.emails)
    ]
    if rows:
        session.execute(insert(ScimEmail), rows)


def _follow_address(
    session: Session, account: Account, rules: ProviderRules, person: Managed
) -> None:
    """Say which catalog User somebody is, if their address proves it."""
    email = rules.vouch_for(person.main_email)
    for people in get_contributions(session).people:
        account.user_ref = people.find_user(session, None, email) or account.user_ref
    session.flush()


def _refresh(session: Session, account: Account, now: datetime) -> None:
    for people in get_contributions(session).people:
        people.refresh(session, account.id, now)


def _list_names(user_name: str, provider: str) -> tuple[str, str]:
    name = user_name.strip().lower()[:150]
    return name, f"{name}@{provider}"


def _choose_name(session: Session, rules: ProviderRules, person: Managed, *, but: int = 0) -> str:
    """Return a free account name: the user name, with the provider behind it where it is taken."""
    for name in _list_names(person.user_name, rules.name):
        held = find_account(session, name)
        if held is None or held.id == but:
            return name
    return f"{person.user_name.strip().lower()[:150]}@{rules.name}-{secrets.token_hex(4)}"


def _taken(person: Managed, *, is_name: bool) -> Taken:
    if is_name:
        return Taken(f"The userName {person.user_name} is another user's.")
    return Taken(f"The externalId {person.external_id} is another user's.")
