"""Reorganisations in the database: previews come true, undoing restores, workers go on."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from portal.auth.core import CLI, Subject, decide
from portal.auth.core.decisions import make_actor
from portal.auth.models import Account
from portal.auth.queries.accounts import list_teams
from portal.auth.service.accounts import create_account
from portal.catalog.core.document_fields import Change
from portal.catalog.core.records import Place
from portal.catalog.models import Entity, EntityOverlay, EntityRename
from portal.catalog.service.editing import create_entity, edit_entity
from portal.catalog.service.entities import apply_records
from portal.catalog.service.overlays import make_record
from portal.errors import Conflict
from portal.infra.clock import utc_now
from portal.infra.queue import Stopped
from portal.ownership.core.plans import CLOSE, KINDS, MERGE, RENAME, SPLIT, Wish
from portal.ownership.jobs import make_reorganise
from portal.ownership.models import Reorganisation, ReorganisationStep
from portal.ownership.service import refresh_all, reorganising
from portal.ownership.service.previewing import preview
from portal.sources.models import Source
from tests.unit.test_reorganise_plan import group, service, user

WRITE = "catalog:entity:write"
TEAMS = tuple(f"group:default/team-{n}" for n in range(4))
PEOPLE = tuple(f"person-{n}" for n in range(4))


def read_from(session, source, documents):
    records = [
        make_record(session, document, Place(source, f"{number}.yaml", 1, 1))
        for number, document in enumerate(documents)
    ]
    apply_records(session, CLI, records, now=utc_now())


def fill(database, dice):
    """Make teams, people and services, some of trusted files, some in the portal."""
    names = [team.partition("/")[2] for team in TEAMS]
    documents = [
        group(name, dice.choice([None, *names[:number]]), dice.sample(PEOPLE, dice.randrange(3)))
        for number, name in enumerate(names)
    ]
    people = [user(name, dice.sample(names, dice.randrange(1, 3))) for name in PEOPLE]
    things = [
        service(f"thing-{n}", dice.choice(names), dice.choice(["default", "shop"]))
        for n in range(8)
    ]
    things = [
        {**each, "spec": {**each["spec"], "owner": f"group:default/{each['spec']['owner']}"}}
        for each in things
    ]
    now = utc_now()
    made = [each for each in documents if dice.random() < 0.4]
    with database.unit(write=True) as session:
        session.add(Source(name="files", is_people_authority=True, created_at=now))
        read_from(session, "files", [*(each for each in documents if each not in made), *people])
        for each in made:
            create_entity(session, CLI, each, now=now)
        half = len(things) // 2
        read_from(session, "others", things[:half])
        for each in things[half:]:
            create_entity(session, CLI, each, now=now)
        for name in PEOPLE:
            account = create_account(session, CLI, name, role="member", now=now)
            account.user_ref = f"user:default/{name}"
        session.flush()
        refresh_all(session, "", now)


def read_all(database):
    with database.unit(write=False) as session:
        entities = session.execute(
            select(Entity.ref, Entity.owner, Entity.source, Entity.document, Entity.base)
        ).all()
        laid = session.execute(
            select(
                EntityOverlay.ref,
                EntityOverlay.pointer,
                EntityOverlay.value,
                EntityOverlay.set_by,
                EntityOverlay.set_at,
            )
        ).all()
        names = session.execute(select(EntityRename.old_ref, EntityRename.new_ref)).all()
    return [sorted(map(repr, rows)) for rows in (entities, laid, names)]


def count_rights(database):
    """Return how many entities each person may edit, asked one by one."""
    found = {}
    with database.unit(write=False) as session:
        rows = session.execute(
            select(Entity.ref, Entity.owner).where(Entity.owner.is_not(None))
        ).all()
        for account in session.scalars(select(Account)):
            teams = {right.team: right.origin for right in list_teams(session, account.id)}
            actor = make_actor("p", "member", account_id=1, label="", teams=teams, why_role="")
            found[account.display_name] = sum(
                decide(actor, WRITE, Subject(row.ref, row.owner)).allowed for row in rows
            )
    return found


def choose(dice, database, kind):
    chosen = dice.sample(TEAMS, 2 if kind == MERGE else 1)
    target = dice.choice([team for team in TEAMS if team not in chosen])
    if kind == RENAME or (kind == SPLIT and dice.random() < 0.5):
        target = "group:default/fresh"
    if kind != SPLIT:
        return Wish(kind, tuple(chosen), target, "Fresh")
    with database.unit(write=False) as session:
        team = reorganising.find_team(session, chosen[0])
    entities = tuple(sorted(thing.ref for thing in team.owned)[::2])
    people = tuple(sorted(one.user.ref for one in team.members)[::2])
    return Wish(kind, tuple(chosen), target, "", entities, people)


def carry_out(database, wish, actor=CLI):
    with database.unit(write=True) as session:
        drawn = reorganising.draw(session, actor, wish)
        ahead = preview(session, wish, drawn, now=utc_now())
        row = reorganising.reorganise(session, actor, wish, seal=drawn.plan.seal, now=utc_now())
        number = row.id
    with database.unit(write=True) as session:
        refresh_all(session, "", utc_now())
    return number, ahead


def undo(database, number, actor=CLI):
    with database.unit(write=True) as session:
        reorganising.undo(session, actor, number, now=utc_now())
    with database.unit(write=True) as session:
        refresh_all(session, "", utc_now())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 8])  # in 8, a merged team stood below another that was
def test_a_preview_comes_true_and_undoing_restores_everything(database, kind, seed):
    dice = random.Random(f"{kind}/{seed}")
    fill(database, dice)
    wish = choose(dice, database, kind)
    if kind == SPLIT and not wish.entities and not wish.people:
        pytest.skip("this team has nothing to give")
    before, rights = read_all(database), count_rights(database)
    number, ahead = carry_out(database, wish)
    after = count_rights(database)
    told = {one.label: (one.before, one.after) for one in ahead.changed}
    moved = {name: (rights[name], after[name]) for name in rights if rights[name] != after[name]}
    # A preview counts what the teams concerned own; the difference is what changes at all.
    assert {name: then - now for name, (now, then) in told.items()} == {
        name: then - now for name, (now, then) in moved.items()
    }
    assert read_all(database) != before
    undo(database, number)
    assert read_all(database) == before
    assert count_rights(database) == rights
    with database.unit(write=False) as session:
        states = set(session.scalars(select(ReorganisationStep.state)))
        assert states == {"undone"}


def test_undoing_leaves_what_changed_since_and_says_why(database):
    fill(database, random.Random(5))
    number, _ = carry_out(database, Wish(MERGE, TEAMS[:2], TEAMS[2]))
    with database.unit(write=True) as session:
        moved = session.scalars(
            select(ReorganisationStep.ref).where(ReorganisationStep.pointer == "/spec/owner")
        ).all()
        places = dict(session.execute(select(Entity.ref, Entity.source)).all())
        filed = next(ref for ref in moved if places[ref] == "others")
        other = next(ref for ref in moved if places[ref] == "portal")
        entity = session.scalars(select(Entity).where(Entity.ref == filed)).one()
        # The file says the new owner itself, so what was laid over it is spent.
        place = Place("others", entity.file, 1, 1)
        apply_records(session, CLI, [make_record(session, entity.document, place)], now=utc_now())
        change = Change("/spec/owner", TEAMS[3])
        edit_entity(session, CLI, other, changes=[change], version=None, now=utc_now())
    undo(database, number)
    with database.unit(write=False) as session:
        notes = dict(
            session.execute(
                select(ReorganisationStep.ref, ReorganisationStep.note).where(
                    ReorganisationStep.state == "left"
                )
            ).all()
        )
        assert notes == {
            filed: "its file says so itself by now",
            other: "it was changed since",
        }
        owners = dict(session.execute(select(Entity.ref, Entity.owner)).all())
        assert owners[filed] == TEAMS[2]
        assert owners[other] == TEAMS[3]
    with database.unit(write=True) as session, pytest.raises(Conflict):
        reorganising.undo(session, CLI, number, now=utc_now())


def test_a_worker_that_is_stopped_goes_on_where_it_was(database, monkeypatch):
    monkeypatch.setattr(reorganising, "AT_ONCE", 1)
    monkeypatch.setattr(reorganising, "BATCH_ROWS", 2)
    fill(database, random.Random(8))
    before = read_all(database)
    number, _ = carry_out(database, Wish(MERGE, TEAMS[:3], TEAMS[3]))
    assert read_all(database) == before

    def stop():
        raise Stopped

    def read_state():
        with database.unit(write=False) as session:
            steps = session.scalars(
                select(ReorganisationStep.state).order_by(ReorganisationStep.number)
            ).all()
            return session.get(Reorganisation, number).state, steps

    with pytest.raises(Stopped):
        make_reorganise(stop)(database, str(number), utc_now())
    state, steps = read_state()
    assert (state, steps[:3]) == ("applying", ["done", "done", "planned"])
    work = make_reorganise(lambda: None)
    work(database, str(number), utc_now())
    state, steps = read_state()
    assert (state, set(steps)) == ("applied", {"done"})
    work(database, str(number), utc_now())  # the row of work may come twice
    undo(database, number)
    work(database, str(number), utc_now())
    assert read_state()[0] == "undone"
    assert read_all(database) == before


def test_who_asked_and_may_no_more_stops_a_worker(database, monkeypatch):
    monkeypatch.setattr(reorganising, "AT_ONCE", 1)
    fill(database, random.Random(8))
    with database.unit(write=True) as session:
        boss = create_account(session, CLI, "boss", role="admin", now=utc_now())
        person = boss.person
    admin = make_actor(person, "admin", account_id=99, label="", teams={}, why_role="")
    number, _ = carry_out(database, Wish(CLOSE, TEAMS[:1], TEAMS[3]), admin)
    with database.unit(write=True) as session:
        session.scalars(select(Account).where(Account.person == person)).one().role = "viewer"
    make_reorganise(lambda: None)(database, str(number), utc_now())
    with database.unit(write=False) as session:
        row = session.get(Reorganisation, number)
        assert row.state == "failed"
        assert WRITE in row.failure
