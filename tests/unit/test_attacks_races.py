"""Attacks by doing the same thing twice at once; PostgreSQL lets them meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.models import ApiToken, GroupRule
from portal.auth.service import group_rules, tokens
from portal.catalog.models import Star
from portal.errors import Conflict
from portal.infra.clock import utc_now
from tests.unit.test_people import enter
from tests.unit.test_sign_in import add, make_token, token_of

AT_ONCE = 8


def at_once(act):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, range(AT_ONCE)))


def test_one_rule_for_a_group(database):
    def put(at):
        try:
            with database.unit(write=True) as session:
                group_rules.put_group_rule(
                    session,
                    CLI,
                    "acme",
                    group="pay",
                    team=f"team{at}",
                    role=None,
                    was=None,
                    now=utc_now(),
                )
        except Conflict:
            return False
        return True

    assert at_once(put).count(True) == 1
    with database.unit(write=False) as session:
        assert len(session.scalars(select(GroupRule)).all()) == 1


def test_one_star_however_often(app, demo):
    add(demo)
    client = enter(app, demo, "ana")
    page = "/catalog/component/default/checkout-service"
    key, token = client.get_cookie("plumbline_session").value, token_of(client, "/account")
    visit = client.get_cookie("plumbline_visit").value

    def star(_):
        window = app.test_client()
        window.set_cookie("plumbline_session", key)
        window.set_cookie("plumbline_visit", visit)
        form = {"csrf_token": token, "wanted": "yes"}
        return window.post(f"{page}/star", data=form).status_code

    assert client.get(page).status_code == 200
    assert set(at_once(star)) == {303}
    with demo.unit(write=False) as session:
        assert len(session.scalars(select(Star)).all()) == 1


def test_a_revoked_token_does_nothing_more(app, database):
    add(database)
    bearer = make_token(database, "ana", "catalog:read")

    def use(_):
        return app.test_client().get("/api/v1/entities", headers=bearer).status_code

    assert set(at_once(use)) == {200}
    with database.unit(write=True) as session:
        token = session.scalars(select(ApiToken)).one()
        tokens.revoke_token(session, CLI, token.id, now=utc_now())
    assert set(at_once(use)) == {401}
