"""Who may reorganise teams, and who has which rights after it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.core.decisions import make_actor
from portal.auth.core.scopes import Scope
from portal.auth.models import Identity
from portal.auth.service.accounts import create_account
from portal.catalog.models import Entity
from portal.errors import Forbidden, InvalidInput
from portal.infra.clock import utc_now
from portal.ownership.core.plans import CLOSE, MERGE, RENAME, SPLIT, Wish
from portal.ownership.queries.reorganising import list_vouchers
from portal.ownership.service import refresh_all, reorganising
from tests.unit.test_reorganising import TEAMS, carry_out, count_rights, fill, read_all, undo


def test_who_answers_for_all_teams_moves_what_they_own(database):
    fill(database, random.Random(11))
    both = dict.fromkeys(TEAMS[:2], "test")
    owner = make_actor("p1", "member", account_id=1, label="Ana", teams=both, why_role="")
    wish = Wish(MERGE, TEAMS[:1], TEAMS[1])
    before = read_all(database)
    with database.unit(write=False) as session:
        for refused in (Wish(MERGE, TEAMS[:1], TEAMS[2]), Wish(RENAME, TEAMS[:1], "group:a/b")):
            with pytest.raises(Forbidden):
                reorganising.draw(session, owner, refused)
        narrowed = replace(owner, scopes=(Scope("catalog", "write", "entity", TEAMS[0]),))
        with pytest.raises(Forbidden):
            reorganising.draw(session, narrowed, wish)
        for wrong in (
            Wish(MERGE, (), TEAMS[1]),
            Wish(CLOSE, TEAMS[:1], "group:a/b"),
            Wish(RENAME, TEAMS[:1], TEAMS[1]),
            Wish(RENAME, TEAMS[:1], "group:default/no such name"),
            Wish(SPLIT, TEAMS[:1], TEAMS[1], "", ("component:default/nobodys",)),
        ):
            with pytest.raises(InvalidInput):
                reorganising.draw(session, CLI, wrong)
    number, _ = carry_out(database, wish, owner)
    with database.unit(write=False) as session:
        owners = set(session.scalars(select(Entity.owner)))
        assert TEAMS[0] not in owners
        assert session.scalar(select(Entity.id).where(Entity.ref == TEAMS[0]))
    undo(database, number, owner)
    assert read_all(database) == before


def test_who_is_in_a_team_by_a_providers_group_loses_it_and_the_preview_says_so(database):
    database.contributions = replace(
        database.contributions, group_teams={"acme": {"devs": TEAMS[0]}}
    )
    fill(database, random.Random(11))
    now = utc_now()
    with database.unit(write=True) as session:
        account = create_account(session, CLI, "claimed", role="member", now=now)
        session.add(
            Identity(
                account_id=account.id,
                provider="acme",
                issuer="https://id.example",
                subject="1",
                name="claimed",
                groups=["devs"],
                linked_at=now,
                used_at=now,
            )
        )
        session.flush()
        refresh_all(session, "", now)
        assert list_vouchers(session, TEAMS[:1])
    rights = count_rights(database)
    _, ahead = carry_out(database, Wish(RENAME, TEAMS[:1], "group:default/fresh"))
    told = {one.label: (one.before, one.after, one.reason) for one in ahead.changed}
    before, after, reason = told["claimed"]
    assert (before, after) == (rights["claimed"], count_rights(database)["claimed"])
    assert before > after
    assert "group:default/fresh owns it" in reason
