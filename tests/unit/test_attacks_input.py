"""Attacks by what is sent: numbers, characters and lengths that databases choke on."""

from __future__ import annotations

import pytest

from portal.factory.application import create_app
from portal.infra.db import Database
from tests.unit.test_sign_in import add, make_token, sign_in, token_of

HUGE = "9" * 25
ADDRESSES = [
    "/admin/people/{n}",
    "/admin/people/{n}/role",
    "/admin/people/1/tokens/{n}/revoke",
    "/admin/people/{n}/tokens/1/revoke",
    "/admin/people/1/sessions/{n}/end",
    "/admin/people/1/identities/{n}/unlink",
    "/admin/people/{n}/setup-link",
    "/admin/groups/{n}/remove",
    "/account/sessions/{n}/end",
    "/account/tokens/{n}/revoke",
    "/account/identities/{n}/unlink",
]


@pytest.fixture
def boss(app, database):
    add(database, "boss", "admin")
    client = app.test_client()
    sign_in(client, "boss")
    return client


def test_numbers_beyond_every_row_are_not_there(boss):
    data = {"csrf_token": token_of(boss, "/account")}
    for number in (2**31, 2**63, HUGE):
        for address in ADDRESSES:
            url = address.format(n=number)
            assert boss.post(url, data=data).status_code in (404, 405), url
            assert boss.get(url).status_code in (404, 405), url


def test_a_nul_in_a_form_is_refused(app, boss):
    visitor = app.test_client()
    form = {"csrf_token": token_of(visitor), "name": "a\0b", "password": "x\0"}
    assert visitor.post("/sign-in/password", data=form).status_code == 422
    token = token_of(boss, "/account")
    person = {"csrf_token": token, "name": "ben", "role": "viewer", "display_name": "B\0n"}
    assert boss.post("/admin/people", data=person).status_code == 422
    named = {"csrf_token": token, "name": "c\0i", "scope": "catalog:read"}
    assert boss.post("/account/tokens", data=named).status_code == 422
    rule = {"csrf_token": token, "provider": "x\0", "group": "y\0", "role": "admin"}
    assert boss.post("/admin/groups", data=rule).status_code == 422
    assert boss.get("/admin/people", query_string={"q": "a\0"}).status_code == 400


def test_a_refusal_of_a_long_address_is_kept(app, database):
    add(database)
    bearer = make_token(database, "ana", "metrics:read")
    client = app.test_client()
    url = f"/api/v1/entities/component/default/{'x' * 3000}"
    assert client.get(url, headers=bearer).status_code == 403


EXTREMES = (
    {"from": "0001-01-01"},
    {"to": "9999-12-31"},
    {"from": "9999-12-31T23:59:59+00:00", "to": "9999-12-31T23:59:59-23:59"},
    {"from": "0001-01-01T00:00:00+23:59"},
    {"cursor": "x" * 2000},
    {"limit": HUGE},
    {"actor": "' OR 1=1 --"},
    {"subject": "%*"},
)


def test_the_trail_answers_to_extremes(boss):
    for query in EXTREMES:
        assert boss.get("/admin/audit", query_string=query).status_code in (200, 422), query


def test_an_account_ends_on_any_day(boss, database):
    person = add(database, "ben")
    for day, version in (("9999-12-31", 1), ("0001-01-01", 2)):
        data = {"csrf_token": token_of(boss, "/account"), "version": version, "ends_on": day}
        assert boss.post(f"/admin/people/{person}/end", data=data).status_code in (303, 422)
        assert boss.get(f"/admin/people/{person}").status_code == 200


def test_a_database_that_is_gone_tells_nobody_where_it_is(settings, tmp_path):
    secret = tmp_path / "canary-host"
    gone = Database(f"postgresql+psycopg://canary-user@/x?host={secret}")
    client = create_app(settings, gone).test_client()
    for path in ("/-/ready", "/catalog", "/api/v1/entities"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "canary" not in answer.text
    gone.dispose()
