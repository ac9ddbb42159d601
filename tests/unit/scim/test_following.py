"""What the worker finishes, and what follows when a group comes to stand for something else."""

from __future__ import annotations

from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service import accounts
from portal.auth.service.group_rules import GROUPS_CHANGED, put_group_rule
from portal.infra.clock import utc_now
from portal.infra.work import Work
from portal.ownership.queries.explaining import explain_team
from portal.ownership.service import SCIM_CHANGED, follow_group_rule, refresh_provider
from tests.unit.scim.test_people import read, sign_in, teams_of


def work_off(database):
    """Do what is due for the provider's people, batch by batch, as the worker does."""
    done = []
    while True:
        with database.unit(write=True) as session:
            row = session.scalars(select(Work).where(Work.topic == SCIM_CHANGED)).first()
            if row is None:
                return done
            done.append(row.subject)
            session.delete(row)
            session.flush()
            refresh_provider(session, row.subject, utc_now())


def test_a_large_group_is_finished_by_the_worker(okta, database, monkeypatch):
    monkeypatch.setattr("portal.ownership.service.scim.AT_ONCE", 1)
    monkeypatch.setattr("portal.ownership.service.BATCH_ROWS", 2)
    names = [f"u{n}" for n in range(4)]
    users = [okta.add_user(name) for name in names]
    group = okta.add_group("platform", *users)
    assert [name for name in names if teams_of(database, name)] == ["u0"]
    done = work_off(database)
    assert len(done) == 3
    assert done[0] == "okta/0"
    assert all(teams_of(database, name) for name in names)
    okta.ask("DELETE", f"/Groups/{group['id']}")
    assert not any(teams_of(database, name) for name in names)
    admins = okta.add_group("admins", *users)
    work_off(database)
    with database.unit(write=True) as session:
        accounts.create_account(session, CLI, "boss", role="admin", now=utc_now())
    assert {read(database, name).role for name in names} == {"admin"}
    okta.patch(f"/Groups/{admins['id']}", {"op": "remove", "path": "members"})
    assert {read(database, name).role for name in names} == {"member"}


def test_rules_made_by_admins_count_for_groups_kept_over_scim(okta, entra, database):
    okta.add_group("ops", okta.add_user("ana"))
    entra.add_group("ops", entra.add_user("ben"))
    with database.unit(write=True) as session:
        put_group_rule(
            session,
            CLI,
            "okta",
            group="ops",
            team="group:default/ops",
            role="auditor",
            was=None,
            now=utc_now(),
        )
        topic = Work.topic == GROUPS_CHANGED
        due = session.scalars(select(Work).where(topic, Work.consumer.startswith("own"))).one()
        follow_group_rule(session, due.subject, utc_now())
    assert work_off(database) == ["okta/0"]
    assert teams_of(database, "ana") == {"group:default/ops": "SCIM group ops of okta"}
    assert read(database, "ana").role == "auditor"
    assert teams_of(database, "ben") == {}
    assert read(database, "ben").role == "member"


def test_access_explains_what_scim_says(okta, database):
    okta.add_group("platform", okta.add_user("ana", externalId="00u1"))
    sign_in(database)
    with database.unit(write=False) as session:
        account = find_account(session, "ana")
        notes = " ".join(explain_team(session, account.id, "group:default/payments"))
        other = " ".join(explain_team(session, account.id, "group:default/checkout"))
    assert "okta keeps them over SCIM in the group platform" in notes
    assert "their groups there: platform" in other
