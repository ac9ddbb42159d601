"""Signing in and out, sessions, tokens, throttling, forged requests: from outside."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.auth.core import CLI, passwords
from portal.auth.core.passwords import NOBODY, is_outdated, is_password
from portal.auth.models import Account, ApiToken, SignInSession
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, local, tokens
from portal.demo.flows import remove_demo
from portal.errors import Conflict, InvalidInput
from portal.factory.application import create_app
from portal.infra.clock import utc_now

PASSWORD = "three unrelated words"


@pytest.fixture
def closed(settings, database):
    """An application that nobody reads without signing in."""
    return create_app(settings.model_copy(update={"anonymous_read": False}), database)


def add(database, name="ana", role="member", password=PASSWORD):
    with database.unit(write=True) as session:
        account = accounts.create_account(session, CLI, name, role=role, now=utc_now())
        local.set_password(session, account, password, now=utc_now())
        return account.id


def token_of(client, url="/sign-in"):
    page = client.get(url).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return found[1] if found else ""


def sign_in(client, name="ana", password=PASSWORD, to=""):
    return client.post(
        "/sign-in/password",
        data={
            "csrf_token": token_of(client),
            "name": name,
            "password": password,
            "next": to,
        },
    )


def make_token(database, name, *scopes, days=30):
    with database.unit(write=True) as session:
        account = find_account(session, name)
        key, _ = tokens.create_token(
            session, CLI, account, name="t", scopes=scopes, days=days, now=utc_now()
        )
    return {"Authorization": f"Bearer {key}"}


def test_strangers_are_led_to_the_sign_in_and_back(closed, database):
    add(database)
    client = closed.test_client()
    answer = client.get("/catalog?kind=api")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/catalog?kind%3Dapi"
    assert client.get("/api/v1/entities").status_code == 401
    assert client.get("/catalog", headers={"HX-Request": "true"}).headers["HX-Redirect"]
    assert sign_in(client, to="/catalog?kind=api").location == "/catalog?kind=api"
    assert client.get("/catalog").status_code == 200


@pytest.mark.parametrize(
    "to", ["//evil.test", "/\t/evil.test", "https://evil.test", "/\\evil.test", "javascript:x", "x"]
)
def test_sign_in_leads_to_no_other_site(app, database, to):
    add(database)
    assert sign_in(app.test_client(), to=to).location == "/"


def test_keys_are_new_each_time_and_kept_as_hashes(app, database):
    add(database)
    client = app.test_client()
    client.set_cookie("plumbline_session", "a-key-somebody-planted")
    first = client.get_cookie("plumbline_session").value
    sign_in(client)
    second = client.get_cookie("plumbline_session")
    sign_in(client)
    third = client.get_cookie("plumbline_session").value
    assert len({first, second.value, third}) == 3
    assert second.http_only
    with database.unit(write=False) as session:
        kept = session.scalars(select(SignInSession.key_hash)).all()
    assert len(kept) == 1
    assert third not in kept


def test_signing_out_ends_the_session_everywhere(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    key = client.get_cookie("plumbline_session").value
    assert client.get("/account").status_code == 200
    answer = client.post("/sign-out", data={"csrf_token": token_of(client, "/account")})
    assert answer.headers["Clear-Site-Data"]
    client.set_cookie("plumbline_session", key)
    assert client.get("/account").status_code == 303


def test_sessions_end_by_themselves(closed, database):
    add(database)
    for column, age in (("seen_at", timedelta(hours=13)), ("created_at", timedelta(days=8))):
        client = closed.test_client()
        sign_in(client)
        assert client.get("/catalog").status_code == 200
        with database.unit(write=True) as session:
            session.execute(update(SignInSession).values({column: utc_now() - age}))
        assert client.get("/catalog").status_code == 303


def test_wrong_passwords_look_alike_and_slow_down(app, database):
    add(database)
    client = app.test_client()
    known, unknown = sign_in(client, password="wrong"), sign_in(client, "nobody", "wrong")
    assert known.status_code == unknown.status_code == 422
    assert "do not go together" in known.text
    assert "do not go together" in unknown.text
    for _ in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_forged_requests_change_nothing(app, database):
    add(database)
    client, other = app.test_client(), app.test_client()
    sign_in(client)
    add(database, "ben")
    sign_in(other, "ben")
    foreign = token_of(other, "/account")
    own = token_of(client, "/account")
    url = "/account/sessions/end-others"
    assert client.post(url).status_code == 400
    assert client.post(url, data={"csrf_token": foreign}).status_code == 400
    for header in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(url, data={"csrf_token": own}, headers=header).status_code == 400
    assert client.post(url, data={"csrf_token": own}).status_code == 303
    assert client.post("/sign-in/password", data={"name": "ana"}).status_code == 400


def test_own_pages_show_nothing_of_others(app, database):
    add(database)
    add(database, "ben")
    ana, ben = app.test_client(), app.test_client()
    sign_in(ana)
    sign_in(ben, "ben")
    with database.unit(write=False) as session:
        theirs = session.scalar(
            select(SignInSession.id)
            .join(Account, Account.id == SignInSession.account_id)
            .where(Account.name == "ben")
        )
    data = {"csrf_token": token_of(ana, "/account")}
    assert ana.post(f"/account/sessions/{theirs}/end", data=data).status_code == 404
    assert ben.get("/account").status_code == 200


def test_tokens_are_shown_once_scoped_and_end(app, closed, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    page = client.post(
        "/account/tokens",
        data={
            "csrf_token": token_of(client, "/account"),
            "name": "ci",
            "scope": "catalog:read",
            "days": "7",
        },
    )
    key = re.search(r"plb_[A-Za-z0-9_-]{43}", page.text)[0]
    assert key not in client.get("/account").text
    program = closed.test_client()
    bearer = {"Authorization": f"Bearer {key}"}
    assert program.get("/api/v1/entities", headers=bearer).status_code == 200
    assert program.get("/api/v1/entities").status_code == 401
    assert program.get("/catalog", headers=bearer).status_code == 303
    narrow = make_token(database, "ana", "audit:read")
    assert program.get("/api/v1/entities", headers=narrow).status_code == 403
    with database.unit(write=True) as session:
        session.execute(update(ApiToken).values(ends_at=utc_now() - timedelta(seconds=1)))
    assert program.get("/api/v1/entities", headers=bearer).status_code == 401


def test_sensitive_changes_ask_for_a_recent_sign_in(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    with database.unit(write=True) as session:
        session.execute(update(SignInSession).values(proven_at=utc_now() - timedelta(hours=1)))
    data = {"csrf_token": token_of(client, "/account"), "name": "x", "scope": "catalog:read"}
    answer = client.post("/account/tokens", data=data)
    assert answer.status_code == 303
    assert "again=1" in answer.location


def test_deactivated_accounts_are_out_at_once(closed, database):
    account_id = add(database)
    add(database, "boss", "admin")
    client = closed.test_client()
    sign_in(client)
    bearer = make_token(database, "ana", "catalog:read")
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        accounts.deactivate(session, CLI, account, now=utc_now())
    assert client.get("/catalog").status_code == 303
    assert client.get("/api/v1/entities", headers=bearer).status_code == 401
    assert sign_in(client).status_code == 422


def test_the_last_admin_stays(database):
    account_id = add(database, "boss", "admin")
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        for change in (
            lambda: accounts.set_role(session, CLI, account, "viewer", now=utc_now()),
            lambda: accounts.deactivate(session, CLI, account, now=utc_now()),
            lambda: accounts.set_end(session, CLI, account, utc_now(), now=utc_now()),
        ):
            with pytest.raises(Conflict):
                change()


def test_setup_links_work_once(app, database):
    with database.unit(write=True) as session:
        account = accounts.create_account(session, CLI, "ana", role="member", now=utc_now())
        key = local.make_setup_key(session, CLI, account, now=utc_now())
    client = app.test_client()
    url = f"/welcome/{key}"
    weak = {"csrf_token": token_of(client, url), "password": "password1234", "again": "x"}
    assert client.post(url, data=weak).status_code == 422
    good = {**weak, "password": PASSWORD, "again": PASSWORD}
    assert client.post(url, data=good).status_code == 303
    assert client.get("/account").status_code == 200
    assert app.test_client().get(url).status_code == 404


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "passwordpassword", "a" * 300])
def test_weak_passwords_are_refused(database, password):
    with pytest.raises(InvalidInput):
        add(database, password=password)


def test_strange_hosts_are_refused(app):
    client = app.test_client()
    assert client.get("/catalog", headers={"Host": "evil.test"}).status_code == 421
    assert client.get("/-/live", headers={"Host": "10.0.0.7"}).status_code == 200


def test_demo_accounts_have_their_teams(app, demo_people):
    client = app.test_client()
    page = client.get("/sign-in").text
    assert "Noor van Heerden" in page
    data = {"csrf_token": token_of(client), "account": "demo-owner", "next": ""}
    assert client.post("/sign-in/demo", data=data).status_code == 303
    account = client.get("/account").text
    assert "group:default/checkout" in account
    assert "source demo" in account
    remove_demo(demo_people)
    assert client.get("/account").status_code == 303


def test_the_hash_of_nobody_takes_as_long_as_anybodys(monkeypatch, real_hasher):
    monkeypatch.setattr(passwords, "HASHER", real_hasher)
    kept = passwords.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(kept, PASSWORD)
    assert not is_outdated(kept)
    assert not is_outdated(NOBODY)
    assert not is_password(NOBODY, "")
