"""May X do Y to Z, and why; what groups stand for; narrowed tokens from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.auth.core import CLI, make_anonymous
from portal.auth.core.decisions import decide
from portal.auth.core.people import make_provider_rules
from portal.auth.models import Account
from portal.auth.queries.access import Asker, get_asked, get_subject, list_allowed
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts, tokens
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.settings.providers import ProviderSettings
from portal.sources.models import Source
from tests.unit.test_people import add, add_identity, enter

CHECKOUT = "component:default/checkout-service"
OWNER = "group:default/checkout"
ACME = ProviderSettings(
    name="acme",
    issuer="https://id.acme.example",
    client_id="portal",
    highest_role="auditor",
    group_teams={"pay": "group:default/payments"},
    group_roles={"sre": "auditor"},
)


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"providers": (ACME,), "anonymous_read": False})


@pytest.fixture
def boss(app, database, demo_people):
    return enter(app, database, "demo-admin")


def ask(client, actor, permission, subject=""):
    query = {"actor": actor, "permission": permission, "subject": subject}
    return client.get("/api/v1/access", query_string=query)


def chain(answer):
    return [(step["rule"], step["value"], step["outcome"]) for step in answer.get_json()["steps"]]


def test_an_owner_may_and_a_stranger_may_not(boss):
    yes = ask(boss, "demo-owner", "catalog:entity:write", CHECKOUT)
    assert yes.get_json()["allowed"] is True
    words = " / ".join(value for _, value, _ in chain(yes))
    assert f"{OWNER} owns it" in words
    assert "the source demo puts user:default/noor.van-heerden into" in words
    assert "an admin trusts it for people" in words
    assert chain(yes)[-1][0::2] == ("team", "allows")
    no = ask(boss, "demo-member", "catalog:entity:write", CHECKOUT).get_json()
    assert no["allowed"] is False
    assert "is in no team that answers for it" in no["reason"]
    viewer = ask(boss, "demo-viewer", "catalog:entity:write", CHECKOUT).get_json()
    assert viewer["reason"] == "owners need the role member, and theirs is viewer"


def test_a_source_that_nobody_trusts_is_named(boss, database):
    with database.unit(write=True) as session:
        session.scalars(select(Source)).one().is_people_authority = False
        account = find_account(session, "demo-owner")
        for people in database.contributions.people:
            people.refresh(session, account.id, utc_now())
    answer = ask(boss, "demo-owner", "catalog:entity:write", CHECKOUT)
    assert answer.get_json()["allowed"] is False
    assert "no admin marked it as the authority" in " ".join(v for _, v, _ in chain(answer))


def test_the_setting_that_made_it_so_is_named(boss, database, settings):
    closed = ask(boss, "anonymous", "catalog:entity:read")
    assert chain(closed)[1][1] == "PORTAL_ANONYMOUS_READ=0, so it is not open to everyone"
    opened = create_app(settings.model_copy(update={"anonymous_read": True}), database)
    answer = ask(enter(opened, database, "demo-admin"), "anonymous", "catalog:entity:read")
    assert answer.get_json()["allowed"] is True
    assert chain(answer)[-1][1] == "PORTAL_ANONYMOUS_READ=1 opens it to everyone"
    ana = add(database, "ana")
    add_identity(database, ana, groups=["pay"])
    with database.unit(write=True) as session:
        session.get_one(Account, ana).role_by = "provider"
    role = dict(step[:2] for step in chain(ask(boss, "ana", "access:account:read")))["role"]
    assert role == "member, given by acme: PORTAL_OIDC_ACME_DEFAULT_ROLE=member"


def test_deactivated_accounts_and_tokens_explain_themselves(boss, database):
    bot = add(database, "bot", kind="service")
    with database.unit(write=True) as session:
        account = session.get_one(Account, bot)
        scopes = [f"catalog:write@owner={OWNER}"]
        _, token = tokens.create_token(
            session, CLI, account, name="ci", scopes=scopes, now=utc_now()
        )
        prefix = token.prefix
    answer = ask(boss, prefix, "catalog:entity:read").get_json()
    assert answer["reason"].startswith("the token's scopes are: catalog:write@owner=")
    with database.unit(write=True) as session:
        accounts.deactivate(session, CLI, session.get_one(Account, bot), now=utc_now())
    for who in ("bot", prefix):
        assert "deactivated" in ask(boss, who, "catalog:entity:read").get_json()["reason"]


@pytest.mark.parametrize(
    ("actor", "permission", "subject", "field"),
    [
        ("nobody", "catalog:entity:read", "", "actor"),
        ("plb_nothing0", "catalog:entity:read", "", "actor"),
        ("demo-owner", "catalog:entity:fly", "", "permission"),
        ("demo-owner", "catalog:entity:read", "component:default/none", "subject"),
    ],
)
def test_unknown_parts_of_the_question_are_named(boss, actor, permission, subject, field):
    answer = ask(boss, actor, permission, subject)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == field
    query = {"actor": actor, "permission": permission, "subject": subject}
    assert boss.get("/admin/access", query_string=query).status_code == 422


def test_the_page_shows_the_chain_and_who_may(boss):
    query = {"actor": "demo-viewer", "permission": "catalog:entity:write", "subject": CHECKOUT}
    page = boss.get("/admin/access", query_string=query).text
    assert "No, Ngozi Brandvold may not" in page
    assert "owners need the role member" in page
    listed = page.partition("Who may do this")[2]
    assert "demo-admin" in listed
    assert "demo-owner" in listed
    assert "demo-viewer" not in listed


@pytest.mark.parametrize("permission", ["catalog:entity:write", "audit:entry:read"])
@pytest.mark.parametrize("ref", [CHECKOUT, ""])
def test_who_may_is_what_each_decision_says(boss, database, permission, ref):
    asker = Asker(make_anonymous(may_read=False), make_provider_rules((ACME,)))
    for number in range(7):
        add(database, f"ada{number}", ("auditor", "viewer", "admin")[number % 3])
    with database.unit(write=False) as session:
        about = get_subject(session, ref)
        names = session.scalars(select(Account.name).order_by(Account.name)).all()
        expected = [
            name
            for name in names
            if decide(get_asked(session, asker, name, now=utc_now()), permission, about).allowed
        ]
        found, after = [], ""
        while page := list_allowed(
            session, asker, permission, about, after=after, limit=2, now=utc_now()
        ):
            assert all(line.decision.allowed for line in page)
            found += [line.account.name for line in page]
            after = found[-1]
    assert found == expected


def test_every_permission_of_the_code_is_known(boss):
    page = boss.get("/admin/access").text
    known = set(re.findall(r'<option value="([a-z_]+:[a-z_]+:[a-z_]+)"', page))
    root = Path(__file__).parents[2]
    files = [*(root / "portal").rglob("*.py"), *(root / "templates").rglob("*.html")]
    asked = {
        permission
        for path in files
        for permission in re.findall(r'"([a-z_]+:[a-z_]+:(?:read|write))"', path.read_text("utf-8"))
    }
    assert asked == known
