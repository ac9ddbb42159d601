"""Attacks on passwords, their links and what gets kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from sqlalchemy import select

import portal.auth.flows
import portal.web.telemetry
from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.auth.core.passwords import is_password
from portal.auth.models import Account, SignInSession, Throttle
from portal.auth.service import local
from portal.infra.clock import utc_now
from tests.unit.test_sign_in import PASSWORD, add, sign_in, token_of

GUESSES = 50


def count_acts(database, action):
    with database.unit(write=False) as session:
        query = select(AuditEntry).where(AuditEntry.action == action)
        return len(session.scalars(query).all())


def make_link(database, account_id):
    with database.unit(write=True) as session:
        account = session.get_one(Account, account_id)
        return local.make_setup_key(session, CLI, account, now=utc_now())


def test_guesses_made_at_once_count_one_by_one(app, database):
    add(database)
    browsers = [app.test_client() for _ in range(GUESSES)]
    tokens = [token_of(browser) for browser in browsers]

    def guess(at):
        form = {"csrf_token": tokens[at], "name": "ana", "password": f"guess {at}"}
        return browsers[at].post("/sign-in/password", data=form).status_code

    with ThreadPoolExecutor(GUESSES) as pool:
        answers = list(pool.map(guess, range(GUESSES)))
    heard = count_acts(database, "auth.failed_sign_in")
    assert heard == answers.count(422)
    assert 5 <= heard <= 9  # five are free, then a second, two, four between them
    assert answers.count(429) == GUESSES - heard


def test_an_account_waits_shortly_whoever_guesses(app, database):
    add(database)
    client = app.test_client()
    token = token_of(client)

    def guess(at, password):
        form = {"csrf_token": token, "name": "ana", "password": password}
        place = {"REMOTE_ADDR": f"10.0.0.{at}"}
        return client.post("/sign-in/password", data=form, environ_base=place)

    for at in range(40):
        with database.unit(write=True) as session:  # as if each pause had passed
            for row in session.scalars(select(Throttle)):
                row.free_at = utc_now()
        assert guess(at, "wrong").status_code == 422
    answer = guess(200, PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 31


def test_no_unit_is_open_while_a_password_is_checked(app, database, monkeypatch):
    add(database)

    def check(kept, password):
        with database.unit(write=True) as session:  # waits 15 s for who holds the lock
            session.execute(select(Account.id))
        return is_password(kept, password)

    monkeypatch.setattr(portal.auth.flows, "is_password", check)
    assert sign_in(app.test_client()).status_code == 303


def test_whoever_found_a_browser_cannot_guess_its_password(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    token = token_of(client, "/account")

    def change(old):
        form = {"csrf_token": token, "old": old, "password": "a new one, and long", "again": ""}
        form["again"] = form["password"]
        return client.post("/account/password", data=form).status_code

    answers = [change(f"guess {at}") for at in range(7)]
    assert answers[:5] == [422] * 5
    assert 429 in answers
    assert count_acts(database, "auth.failed_password_change") == answers.count(422)


def test_a_link_ends_what_was_signed_in_before(app, database):
    ana = add(database)
    thief, owner = app.test_client(), app.test_client()
    sign_in(thief)
    url = f"/welcome/{make_link(database, ana)}"
    new = "quite another password"
    form = {"csrf_token": token_of(owner, url), "password": new, "again": new}
    assert owner.post(url, data=form).status_code == 303
    assert owner.get("/account").status_code == 200
    assert thief.get("/account").status_code == 303


def test_of_two_who_use_a_link_at_once_one_gets_in(app, database):
    ana = add(database)
    url = f"/welcome/{make_link(database, ana)}"
    browsers = [app.test_client() for _ in range(6)]
    tokens = [token_of(browser, url) for browser in browsers]

    def use(at):
        new = f"password of browser {at}"
        form = {"csrf_token": tokens[at], "password": new, "again": new}
        return browsers[at].post(url, data=form).status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = sorted(pool.map(use, range(len(browsers))))
    assert answers == [303, 404, 404, 404, 404, 404]
    with database.unit(write=False) as session:
        assert len(session.scalars(select(SignInSession)).all()) == 1


def test_a_link_is_in_no_log_and_no_cache(app, database, monkeypatch):
    lines = []
    log = SimpleNamespace(info=lambda event, **values: lines.append((event, values)))
    monkeypatch.setattr(portal.web.telemetry, "log", log)
    ana = add(database)
    key = make_link(database, ana)
    client = app.test_client()
    answer = client.get(f"/welcome/{key}")
    assert answer.headers["Cache-Control"] == "private, no-store"
    form = {"csrf_token": token_of(client, f"/welcome/{key}"), "password": "x", "again": "x"}
    client.post(f"/welcome/{key}", data=form)
    assert [values["path"] for _, values in lines] == ["/welcome/[hidden]"] * 3
    assert key not in repr(lines)


@pytest.mark.parametrize("path", ["/sign-in", "/catalog", "/nowhere", "/-/live"])
def test_no_page_is_kept_by_a_cache_of_many(app, path):
    kept = app.test_client().get(path).headers["Cache-Control"]
    assert kept.startswith("private")
