"""What groups of an identity provider stand for, and what follows for those in them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.core.people import make_provider_rules
from portal.auth.jobs import make_refresh_group
from portal.auth.models import Account, GroupRule
from portal.auth.queries.accounts import list_teams
from portal.auth.service.group_rules import GROUPS_CHANGED
from portal.infra.clock import utc_now
from portal.infra.work import Work
from tests.unit.test_access import ACME, CHECKOUT, OWNER, ask, chain
from tests.unit.test_people import add, add_identity, enter, post, read


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"providers": (ACME,)})


@pytest.fixture
def boss(app, database):
    add(database, "boss", "admin")
    return enter(app, database, "boss")


def work_off(database, settings):
    """Do what was published about groups, as the worker does."""
    refresh = make_refresh_group(make_provider_rules(settings.providers))
    with database.unit(write=True) as session:
        rows = session.scalars(
            select(Work).where(Work.topic == GROUPS_CHANGED, Work.consumer == "auth.refresh_group")
        ).all()
        for row in rows:
            refresh(session, row.subject, utc_now())
            session.delete(row)
    return len(rows)


def test_a_rule_gives_team_and_role_to_those_in_the_group(boss, demo, database, settings):
    ana, ben = add(database, "ana"), add(database, "ben")
    add_identity(database, ana, "ana", ["ops"])
    add_identity(database, ben, "ben", ["other"])
    with database.unit(write=True) as session:
        for number in (ana, ben):
            session.get_one(Account, number).role_by = "provider"
    page = boss.get("/admin/groups").text
    assert "PORTAL_OIDC_ACME_GROUP_TEAMS" in page
    assert "ops" in page.partition("stands for nothing")[2]
    rule = {"provider": "acme", "group": "ops", "team": "checkout", "role": "admin"}
    assert post(boss, "/admin/groups", **rule).status_code == 303
    assert work_off(database, settings) == 1
    with database.unit(write=False) as session:
        teams = [(row.team, row.origin) for row in list_teams(session, ana)]
        assert (OWNER, "group ops of acme") in teams
        assert not list_teams(session, ben)
    assert (read(database, ana).role, read(database, ben).role) == ("auditor", "member")
    assert "PORTAL_OIDC_ACME_HIGHEST_ROLE" in boss.get("/admin/groups").text
    words = " ".join(v for _, v, _ in chain(ask(boss, "ana", "catalog:entity:write", CHECKOUT)))
    assert "an admin's rule makes the group ops of acme stand for group:default/checkout" in words


def test_rules_are_changed_as_they_were_seen_and_removed(boss, database, settings):
    ana = add(database, "ana")
    add_identity(database, ana, "ana", ["ops"])
    rule = {"provider": "acme", "group": "ops", "team": "checkout"}
    assert post(boss, "/admin/groups", **rule).status_code == 303
    work_off(database, settings)
    assert post(boss, "/admin/groups", **rule).status_code == 409
    change = {**rule, "team": "payments", "is_change": "1", "seen_team": OWNER}
    assert post(boss, "/admin/groups", **change).status_code == 303
    assert post(boss, "/admin/groups", **change).status_code == 409
    work_off(database, settings)
    with database.unit(write=False) as session:
        assert "group:default/payments" in {row.team for row in list_teams(session, ana)}
        rule_id = session.scalar(select(GroupRule.id))
    assert post(boss, f"/admin/groups/{rule_id}/remove").status_code == 303
    assert post(boss, f"/admin/groups/{rule_id}/remove").status_code == 404
    work_off(database, settings)
    with database.unit(write=False) as session:
        assert not list_teams(session, ana)
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == "group:acme/ops")
        ).all()
    assert acts == ["access.put_group_rule", "access.put_group_rule", "access.remove_group_rule"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "nobody", "group": "ops", "team": "checkout"},
        {"provider": "acme", "group": "ops"},
        {"provider": "acme", "group": "ops", "role": "emperor"},
        {"provider": "acme", "group": "ops", "team": "component:default/x"},
        {"provider": "acme", "group": "x" * 201, "team": "checkout"},
        {"provider": "acme", "team": "checkout"},
    ],
)
def test_rules_that_mean_nothing_are_refused(boss, database, wrong):
    assert post(boss, "/admin/groups", **wrong).status_code == 422
    with database.unit(write=False) as session:
        assert session.scalar(select(GroupRule.id)) is None


def test_many_people_of_a_group_are_worked_off_in_batches(boss, database, settings, monkeypatch):
    monkeypatch.setattr("portal.auth.service.group_rules.BATCH", 2)
    ids = [add(database, f"p{number}") for number in range(5)]
    for number in ids:
        add_identity(database, number, f"p{number}", ["ops"])
    post(boss, "/admin/groups", provider="acme", group="*", team="group:default/*")
    turns = 0
    while work_off(database, settings):
        turns += 1
    assert turns == 3
    with database.unit(write=False) as session:
        for number in ids:
            assert [row.team for row in list_teams(session, number)] == ["group:default/ops"]
