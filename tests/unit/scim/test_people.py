"""What SCIM does to accounts, sessions, teams and roles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.auth.core.people import Claims
from portal.auth.models import Account
from portal.auth.queries.accounts import find_account, list_teams
from portal.auth.queries.providers import get_rules
from portal.auth.service import accounts, tokens
from portal.auth.service.identities import sign_in_identity
from portal.auth.service.sessions import Origin, Way, begin_session
from portal.errors import Forbidden
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from tests.unit.scim.conftest import USER, ScimClient, make_key
from tests.unit.scim.test_protocol import check_error

MAIL = [{"value": "ana@example.com", "type": "work", "primary": True}]
CLAIMS = Claims(
    issuer="https://okta.example.com",
    subject="00u1",
    name="ana",
    display_name="Ana by claim",
    email="ana@example.com",
    email_verified=True,
    groups=(),
)


def sign_in(database, claims=CLAIMS, provider="okta"):
    with database.unit(write=True) as session:
        account = sign_in_identity(session, get_rules(session, provider), claims, now=utc_now())
        return account.id


def read(database, name):
    with database.unit(write=False) as session:
        return find_account(session, name)


def teams_of(database, name):
    with database.unit(write=False) as session:
        account = find_account(session, name)
        return {row.team: row.origin for row in list_teams(session, account.id) if row.is_direct}


def set_active(client, user, *, active):
    operation = {"op": "replace", "path": "active", "value": active}
    return client.patch(f"/Users/{user['id']}", operation)


def count_accounts(database):
    with database.unit(write=False) as session:
        return len(session.scalars(select(Account.id).where(Account.kind == "person")).all())


def test_a_user_becomes_an_account(okta, database):
    okta.add_user("Ana", externalId="00u1", displayName="Ana Sol", emails=MAIL)
    account = read(database, "ana")
    assert account.is_scim
    assert account.is_active
    assert (account.scim_provider, account.external_id) == ("okta", "00u1")
    assert (account.role, account.role_by) == ("member", "scim")
    assert (account.email, account.display_name) == ("ana@example.com", "Ana Sol")


def test_deactivation_ends_session_and_token_at_once(okta, database, settings):
    app = create_app(settings.model_copy(update={"anonymous_read": False}), database)
    user = okta.add_user("ana")
    with database.unit(write=True) as session:
        account = find_account(session, "ana")
        key = begin_session(session, account, Way("okta"), origin=Origin(), now=utc_now())
        token, _ = tokens.create_token(
            session, CLI, account, name="t", scopes=["catalog:read"], now=utc_now()
        )
    browser = app.test_client()
    browser.set_cookie("plumbline_session", key)
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get("/catalog").status_code == 200
    assert app.test_client().get("/api/v1/entities", headers=bearer).status_code == 200
    assert set_active(okta, user, active=False).get_json()["active"] is False
    assert browser.get("/catalog").status_code == 303
    assert app.test_client().get("/api/v1/entities", headers=bearer).status_code == 401
    assert set_active(okta, user, active=True).get_json()["active"] is True
    assert read(database, "ana").is_active
    assert browser.get("/catalog").status_code == 303
    assert app.test_client().get("/api/v1/entities", headers=bearer).status_code == 401


def test_deleting_ends_everything_and_coming_back_keeps_the_history(okta, database):
    user = okta.add_user("ana", externalId="00u1")
    before = read(database, "ana")
    okta.add_group("platform", user)
    assert okta.ask("DELETE", f"/Users/{user['id']}").status_code == 204
    assert not read(database, "ana").is_active
    assert teams_of(database, "ana") == {}
    with pytest.raises(Forbidden):
        sign_in(database)
    again = okta.add_user("ana", externalId="00u1")
    assert again["id"] != user["id"]
    after = read(database, "ana")
    assert (after.id, after.person, after.is_active) == (before.id, before.person, True)
    assert teams_of(database, "ana") == {}


def test_a_deleted_user_that_never_signed_in_stays_out(okta, database):
    user = okta.add_user("ana", externalId="other", emails=MAIL)
    okta.ask("DELETE", f"/Users/{user['id']}")
    with pytest.raises(Forbidden):
        sign_in(database)


def test_renaming_keeps_person_and_history(okta, database):
    user = okta.add_user("ana", displayName="Ana")
    person = read(database, "ana").person
    rename = {"op": "replace", "value": {"userName": "ana.sol", "displayName": "Ana Sol"}}
    okta.patch(f"/Users/{user['id']}", rename)
    assert read(database, "ana") is None
    assert read(database, "ana.sol").person == person


def test_the_last_admin_stays(okta, database):
    user = okta.add_user("ana")
    with database.unit(write=True) as session:
        account = find_account(session, "ana")
        accounts.set_role(session, CLI, account, "admin", now=utc_now())
    assert "last admin" in check_error(set_active(okta, user, active=False), 409)
    assert "last admin" in check_error(okta.ask("DELETE", f"/Users/{user['id']}"), 409)
    assert read(database, "ana").is_active


def test_an_admins_block_outlasts_what_the_provider_repeats(okta, database):
    user = okta.add_user("ana", active=True)
    with database.unit(write=True) as session:
        accounts.deactivate(session, CLI, find_account(session, "ana"), now=utc_now())
    assert okta.get(f"/Users/{user['id']}").get_json()["active"] is False
    body = {"schemas": [USER], "userName": "ana", "active": True}
    assert okta.ask("PUT", f"/Users/{user['id']}", body).get_json()["active"] is False
    set_active(okta, user, active=True)
    assert not read(database, "ana").is_active
    set_active(okta, user, active=False)
    set_active(okta, user, active=True)
    assert read(database, "ana").is_active


def test_removing_active_reopens_nothing(okta, database):
    user = okta.add_user("ana", active=False)
    okta.patch(f"/Users/{user['id']}", {"op": "remove", "path": "active"})
    okta.ask("PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "ana"})
    assert not read(database, "ana").is_active


def test_two_platforms_stay_two(okta, entra, database):
    okta.add_group("platform", okta.add_user("ana"))
    entra.add_group("platform", entra.add_user("ben"))
    assert teams_of(database, "ana") == {"group:default/payments": "SCIM group platform of okta"}
    assert teams_of(database, "ben") == {"group:default/checkout": "SCIM group platform of entra"}


def test_membership_follows_groups_at_once(okta, database):
    ana, ben = okta.add_user("ana"), okta.add_user("ben")
    group = okta.add_group("platform", ana, ben)
    path = f"/Groups/{group['id']}"
    okta.patch(path, {"op": "remove", "path": f'members[value eq "{ana["id"]}"]'})
    assert teams_of(database, "ana") == {}
    assert teams_of(database, "ben")
    okta.patch(path, {"op": "replace", "path": "displayName", "value": "other"})
    assert teams_of(database, "ben") == {}
    okta.patch(path, {"op": "replace", "path": "displayName", "value": "platform"})
    assert teams_of(database, "ben")
    okta.ask("DELETE", path)
    assert teams_of(database, "ben") == {}


def test_scim_beats_claims_once_its_provider_names_groups(okta, database):
    okta.add_user("ana", externalId="00u1")
    sign_in(database, replace(CLAIMS, groups=("platform",)))
    assert teams_of(database, "ana") == {"group:default/payments": "group platform of okta"}
    other = okta.add_group("ops")
    assert teams_of(database, "ana") == {}
    sign_in(database, replace(CLAIMS, groups=("platform", "admins")))
    assert teams_of(database, "ana") == {}
    assert read(database, "ana").role == "member"
    okta.ask("DELETE", f"/Groups/{other['id']}")
    assert teams_of(database, "ana")


def test_groups_give_roles_up_to_the_providers_highest(okta, entra, database):
    ana, ben = okta.add_user("ana"), entra.add_user("ben")
    with database.unit(write=True) as session:
        accounts.create_account(session, CLI, "boss", role="admin", now=utc_now())
    group = okta.add_group("admins", ana)
    entra.add_group("admins", ben)
    assert read(database, "ana").role == "admin"
    assert read(database, "ben").role == "member"
    okta.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"})
    assert read(database, "ana").role == "member"


def test_every_write_is_on_record_without_names(okta, database):
    user = okta.add_user("ana.sol", displayName="Ana Sol", emails=MAIL, password="hush-hush")
    group = okta.add_group("platform", user)
    okta.patch(f"/Users/{user['id']}", {"op": "replace", "path": "displayName", "value": "X"})
    okta.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "ops"})
    set_active(okta, user, active=False)
    okta.ask("DELETE", f"/Groups/{group['id']}")
    okta.ask("DELETE", f"/Users/{user['id']}")
    with database.unit(write=False) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        actor = find_account(session, "okta-scim").person
    acts = [row.action for row in rows if row.actor == actor]
    for action in (
        "scim.create_user",
        "scim.create_group",
        "scim.change_user",
        "scim.change_group",
        "access.change_account",
        "scim.delete_group",
        "scim.delete_user",
    ):
        assert action in acts
    renamed = next(row for row in rows if row.action == "scim.change_group")
    assert (renamed.before["name"], renamed.after["name"]) == ("platform", "ops")
    text = " ".join(f"{row.before} {row.after} {row.subject}" for row in rows)
    for secret in ("ana.sol", "Ana Sol", "ana@example.com", "hush-hush"):
        assert secret not in text


def test_a_provider_that_left_the_settings_is_refused(app, database):
    client = ScimClient(app, make_key(database, "gone"))
    assert "gone" in check_error(client.get("/Users"), 403)
