"""Who is who: a sign-in finds the account SCIM made, and SCIM the account a sign-in made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.auth.core import CLI
from portal.auth.models import Account
from portal.auth.service import accounts
from portal.infra.clock import utc_now
from tests.unit.scim.test_people import CLAIMS, MAIL, count_accounts, read, sign_in


@pytest.mark.parametrize(
    ("known", "claims"),
    [
        ({"externalId": "00u1"}, replace(CLAIMS, email=None)),
        ({"externalId": "else", "emails": MAIL}, CLAIMS),
        ({"userName": "ana@example.com"}, CLAIMS),
    ],
)
def test_sign_in_finds_the_account_scim_made(okta, database, known, claims):
    name = known.get("userName", "somebody")
    okta.add_user(name, **{"displayName": "Ana Sol", **known})
    before = count_accounts(database)
    account_id = sign_in(database, claims)
    assert count_accounts(database) == before
    with database.unit(write=False) as session:
        assert session.get_one(Account, account_id).display_name == "Ana Sol"
    assert sign_in(database, claims) == account_id


@pytest.mark.parametrize(
    "claims",
    [
        replace(CLAIMS, subject="new", email_verified=False),
        replace(CLAIMS, subject="new", email="ana@elsewhere.test"),
        replace(CLAIMS, subject="new", email=None),
        replace(CLAIMS, subject="new", email=None, name="ana@example.com"),
    ],
)
def test_sign_in_trusts_no_word_the_provider_does_not_vouch_for(okta, database, claims):
    mail = [*MAIL, {"value": "ana@elsewhere.test"}]
    okta.add_user("ana@example.com", externalId="00u1", emails=mail)
    before = count_accounts(database)
    sign_in(database, claims)
    assert count_accounts(database) == before + 1


def test_sign_in_at_one_provider_never_opens_the_others_account(okta, entra, database):
    entra.add_user("ana", externalId="00u1", emails=MAIL)
    before = count_accounts(database)
    sign_in(database)
    assert count_accounts(database) == before + 1


def test_an_address_that_changed_hands_opens_nobodys_account(okta, database):
    okta.add_user("ana", externalId="00u1", emails=MAIL)
    first = sign_in(database)
    assert sign_in(database, replace(CLAIMS, subject="00u2")) != first


def test_two_users_with_one_address_are_told_apart(okta, database):
    okta.add_user("ana", externalId="a", emails=MAIL)
    okta.add_user("ben", externalId="b", emails=MAIL)
    before = count_accounts(database)
    sign_in(database)
    assert count_accounts(database) == before + 1


@pytest.mark.parametrize("known", [{"externalId": "00u1"}, {"emails": MAIL}])
def test_scim_takes_over_who_signed_in_before(okta, database, known):
    account_id = sign_in(database)
    user = okta.add_user("someone", **known)
    assert okta.get(f"/Users/{user['id']}").status_code == 200
    with database.unit(write=False) as session:
        account = session.get_one(Account, account_id)
    assert (account.is_scim, account.scim_provider, account.role_by) == (True, "okta", "scim")
    assert count_accounts(database) == 1


@pytest.mark.parametrize(
    "claims",
    [
        replace(CLAIMS, email_verified=False),
        replace(CLAIMS, email="ana@elsewhere.test"),
        replace(CLAIMS, issuer="https://entra.example.com"),
    ],
)
def test_scim_takes_over_nobody_by_an_unproven_address(okta, database, claims):
    provider = "entra" if "entra" in claims.issuer else "okta"
    sign_in(database, claims, provider)
    okta.add_user("someone", emails=[{"value": claims.email}])
    assert count_accounts(database) == 2


def test_local_accounts_are_nobodys_to_take(okta, database):
    with database.unit(write=True) as session:
        accounts.create_account(
            session, CLI, "ana", role="admin", email="ana@example.com", now=utc_now()
        )
    okta.add_user("ana", emails=MAIL)
    assert not read(database, "ana").is_scim
    assert read(database, "ana@okta").is_scim
