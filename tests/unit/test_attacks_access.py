"""Attacks on rights: what was switched off, taken away, or said by somebody nobody trusts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.core.membership import map_groups
from portal.auth.models import Account, SignInSession
from portal.auth.queries.accounts import list_teams
from portal.auth.service import accounts, sessions
from portal.errors import Conflict
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.ownership.queries.trusted import find_user
from portal.settings import Settings
from portal.sources.cli import catalog
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.test_people import add as add_account
from tests.unit.test_people import add_identity, enter, post
from tests.unit.test_sign_in import add, make_token, sign_in, token_of

TRUSTED = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team, children: [], members: [lead, kim]}
"""
CLAIMED = """
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: lead}
spec: {profile: {email: mallory@acme.example}, memberOf: [payments]}
"""
GRANTED = CLAIMED.replace("lead", "kim").replace("mallory@", "kim@")


def ingest(database, folder, name, text, *, people=False):
    folder.mkdir(exist_ok=True)
    (folder / "catalog-info.yaml").write_text(text, "utf-8")
    Ingest(database, CLI, name, people=people).run([Folder.open(str(folder))])


def run_work(database):
    with database.unit(write=True) as session:
        for account in session.scalars(select(Account)):
            for people in database.contributions.people:
                people.refresh(session, account.id, utc_now())


def find_by_email(database, email, name=None):
    with database.unit(write=False) as session:
        return find_user(session, name, email)


def test_a_user_of_an_untrusted_file_is_nobody(database, tmp_path):
    ingest(database, tmp_path / "hr", "hr", f"{TRUSTED}---{GRANTED}", people=True)
    ingest(database, tmp_path / "repo", "repo", CLAIMED)
    assert find_by_email(database, "mallory@acme.example") is None
    assert find_by_email(database, "", "lead") is None
    assert find_by_email(database, "kim@acme.example") == "user:default/kim"
    assert find_by_email(database, "", "KIM") == "user:default/kim"
    for other in ("\u212aim", "\uff4bim"):  # the Kelvin sign, a wide k
        assert find_by_email(database, "", other) is None
        assert find_by_email(database, f"{other}@acme.example") is None


def test_an_untrusted_copy_takes_no_address_from_a_trusted_user(database, tmp_path):
    ingest(database, tmp_path / "hr", "hr", f"{TRUSTED}---{GRANTED}", people=True)
    copy = CLAIMED.replace("mallory@", "kim@")
    ingest(database, tmp_path / "repo", "repo", copy)
    assert find_by_email(database, "kim@acme.example") == "user:default/kim"


def test_a_group_that_only_looks_alike_is_no_team():
    teams = {"*": "group:default/*"}
    assert [m.team for m in map_groups(["Kubernetes"], teams, "acme")] == [
        "group:default/kubernetes"
    ]
    assert not map_groups(["\u212aubernetes", "\uff50latform"], teams, "acme")


def test_trust_can_be_taken_back(database, tmp_path):
    ingest(database, tmp_path / "hr", "hr", f"{TRUSTED}---{GRANTED}", people=True)
    kim = add_account(database, "kim")
    with database.unit(write=True) as session:
        session.get_one(Account, kim).user_ref = "user:default/kim"
    run_work(database)
    with database.unit(write=False) as session:
        assert [row.team for row in list_teams(session, kim)] == ["group:default/payments"]
    tools = SimpleNamespace(open_database=lambda: database)
    answer = CliRunner().invoke(catalog, ["distrust", "hr"], obj=tools)
    assert answer.exit_code == 0, answer.output
    run_work(database)
    with database.unit(write=False) as session:
        assert not list_teams(session, kim)


def test_a_demo_that_is_off_leaves_nobody_in(settings, database, demo_people):
    shown = create_app(settings, database)
    browser = shown.test_client()
    form = {"csrf_token": token_of(browser), "account": "demo-admin", "next": ""}
    browser.post("/sign-in/demo", data=form)
    bearer = make_token(database, "demo-admin", "*:*")
    assert browser.get("/admin/people").status_code == 200
    assert browser.get("/api/v1/audit", headers=bearer).status_code == 200
    hidden = create_app(settings.model_copy(update={"demo": False}), database).test_client()
    hidden.set_cookie("plumbline_session", browser.get_cookie("plumbline_session").value)
    assert hidden.get("/admin/people").status_code == 303
    assert hidden.get("/api/v1/audit", headers=bearer).status_code == 401


def test_a_way_in_that_is_off_leaves_nobody_in(settings, database):
    add(database)
    browser = create_app(settings, database).test_client()
    sign_in(browser)
    closed = create_app(settings.model_copy(update={"local_accounts": False}), database)
    other = closed.test_client()
    other.set_cookie("plumbline_session", browser.get_cookie("plumbline_session").value)
    assert other.get("/account").status_code == 303
    with database.unit(write=True) as session:
        session.scalars(select(SignInSession)).one().way = "a-provider-of-yesterday"
    assert browser.get("/account").status_code == 303


@pytest.mark.parametrize(
    "exposed",
    [{"base_url": "https://portal.example"}, {"allowed_hosts": ("portal.example",)}],
)
def test_what_is_open_on_loopback_is_closed_where_names_lead(settings, database, exposed):
    with pytest.raises(ValueError, match="PORTAL_DEMO"):
        Settings(**exposed)
    assert create_app(settings, database).test_client().get("/-/metrics").status_code == 200
    led = create_app(settings.model_copy(update={"demo": False, **exposed}), database)
    assert led.test_client().get("/-/metrics").status_code == 401


def test_an_identity_that_is_gone_keeps_no_session_and_no_role(app, database):
    add(database, "boss", "admin")
    ana = add_account(database, "ana", "auditor")
    identity = add_identity(database, ana)
    browser = app.test_client()
    with database.unit(write=True) as session:
        account = session.get_one(Account, ana)
        account.role_by = "provider"
        way = sessions.Way("password", "https://id.acme.example", "ana")
        key = sessions.begin_session(session, account, way, origin=sessions.Origin(), now=utc_now())
    browser.set_cookie("plumbline_session", key)
    assert browser.get("/admin/audit").status_code == 200
    boss = enter(app, database, "boss")
    assert post(boss, f"/admin/people/{ana}/identities/{identity}/unlink").status_code == 303
    assert browser.get("/account").status_code == 303
    with database.unit(write=False) as session:
        assert session.get_one(Account, ana).role == "viewer"


def test_a_program_is_no_last_admin(database):
    boss = add(database, "boss", "admin")
    add_account(database, "bot", "admin", kind="service")
    with database.unit(write=True) as session, pytest.raises(Conflict):
        accounts.deactivate(session, CLI, session.get_one(Account, boss), now=utc_now())


def test_what_is_refused_counts_as_well(settings, database):
    limited = settings.model_copy(update={"requests_per_minute": 5, "anonymous_read": False})
    wrong = {"Authorization": "Bearer plb_wrong"}
    asks = (
        lambda c: c.get("/api/v1/entities", headers=wrong),
        lambda c: c.get("/catalog"),
        lambda c: c.post("/sign-out"),
    )
    for ask in asks:
        client = create_app(limited, database).test_client()
        answers = [ask(client).status_code for _ in range(7)]
        assert answers[-1] == 429, answers
