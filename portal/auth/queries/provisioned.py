"""Reads of people whom an identity provider manages over SCIM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select

from portal.auth.core.provisioned import fold
from portal.auth.models import Account, Identity, ScimUser
from portal.errors import Forbidden

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from portal.auth.core.people import Claims, ProviderRules
    from portal.auth.core.provisioned import Managed

PERSON = "person"


def get_spoken_for(session: Session, account_id: int | None) -> str:
    """Return the provider a service account speaks for; raises Forbidden when it is none."""
    found = session.scalar(
        select(Account.scim_provider).where(Account.id == account_id, Account.kind == "service")
    )
    if found is None:
        raise Forbidden(
            "This token's account speaks for no identity provider.",
            fix="Make one with `portal user create NAME --service --scim PROVIDER`.",
        )
    return found


def find_other(
    session: Session, provider: str, person: Managed, *, but: int = 0
) -> tuple[ScimUser | None, Account | None]:
    """Return who has the same user name, and which account the same external id, at a provider."""
    named = session.scalar(
        select(ScimUser).where(
            ScimUser.provider == provider,
            ScimUser.user_name_key == fold(person.user_name),
            ScimUser.account_id != but,
        )
    )
    if person.external_id is None:
        return named, None
    known = session.scalar(
        select(Account).where(
            Account.scim_provider == provider,
            Account.external_id == person.external_id,
            Account.id != but,
        )
    )
    return named, known


def find_signed_in(session: Session, rules: ProviderRules, person: Managed) -> Account | None:
    """Return who signed in at this provider before it managed them.

    By the provider's own id, else by the one account whose address that provider proved.
    """
    unmanaged = (
        (Identity.provider == rules.name) & (Account.kind == PERSON) & Account.is_scim.is_(False)
    )
    query = select(Account).join(Identity, Identity.account_id == Account.id).where(unmanaged)
    if person.external_id is not None:
        found = session.scalars(
            query.where(Identity.subject == person.external_id).distinct().limit(2)
        ).all()
        if len(found) == 1:
            return found[0]
    email = rules.vouch_for(person.main_email)
    if email is None:
        return None
    found = session.scalars(
        query.where(Identity.is_email_trusted, func.lower(Identity.email) == email)
        .distinct()
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def find_managed(session: Session, rules: ProviderRules, claims: Claims) -> Account | None:
    """Return whom SCIM manages that a first sign-in at the same provider proves to be.

    The provider's own id must be the subject; else the address it vouches for must be the user
    name or main address of exactly one person who never signed in there. People it deleted are
    found too, so that they stay out.
    """
    managed = Account.is_scim & (Account.scim_provider == rules.name)
    found = session.scalar(select(Account).where(managed, Account.external_id == claims.subject))
    email = rules.trusted_email(claims)
    if found is not None or email is None:
        return found
    rows = session.execute(
        select(Account, ScimUser.account_id.label("managed"))
        .join(ScimUser, ScimUser.account_id == Account.id, isouter=True)
        .where(
            managed,
            or_(Account.email == email, ScimUser.user_name_key == fold(email)),
            ~_has_signed_in(claims.issuer),
        )
        .order_by(Account.id)
        .limit(50)
    ).all()
    live = [row.Account for row in rows if row.managed is not None]
    if live:
        return live[0] if len(live) == 1 else None
    return rows[0].Account if rows else None


def _has_signed_in(issuer: str) -> ColumnElement[bool]:
    return exists().where(Identity.account_id == Account.id, Identity.issuer == issuer)
