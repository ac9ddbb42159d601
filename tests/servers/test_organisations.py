"""An organisation end to end: discovered, read, pushed to, down, renamed, emptied."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.catalog.models import Entity
from portal.infra.clock import utc_now
from portal.settings.outbound import parse_allow_list
from portal.sources.core.declarations import GITHUB, Declaration
from portal.sources.core.policies import SCANNED
from portal.sources.models import Source, SourceRun
from portal.sources.service.requests import request_run
from tests.standins.scm import make_world
from tests.unit.managed import component, declare, make_tools, read

PATTERNS = ("**/catalog-info.yaml",)
BLOB = "GET /repos/{o}/{r}/git/blobs/{sha}"
TREE = "GET /repos/{o}/{r}/git/trees/{sha*}"
COMMIT = "GET /repos/{o}/{r}/commits/{ref*}"


@pytest.fixture
def world():
    return make_world(40)


@pytest.fixture
def github(world):
    with world.github() as found:
        yield found


def declare_github(database, github, **more):
    token = github.add_token(scopes=("repo",))
    declaration = Declaration(
        GITHUB,
        github.api_url,
        organisation="acme",
        patterns=PATTERNS,
        every_minutes=15,
        policy=SCANNED,
        **more,
    )
    return declare(database, "acme", declaration, token=token.value)


@pytest.fixture
def tools(tmp_path):
    return make_tools(tmp_path, allow=parse_allow_list("127.0.0.1"))


def entities(database):
    with database.unit(write=False) as session:
        return {row.ref: row.source for row in session.execute(select(Entity.ref, Entity.source))}


def runs(database):
    with database.unit(write=False) as session:
        return session.scalar(select(func.max(SourceRun.id))) or 0


def names_read_since(database, number):
    with database.unit(write=False) as session:
        query = (
            select(Source.name)
            .join(SourceRun, SourceRun.source_id == Source.id)
            .where(SourceRun.id > number, Source.parent_id.is_not(None))
        )
        return sorted(session.scalars(query))


def ask_again(database, source_id):
    """Do what the schedule does when the time of an organisation has come."""
    with database.unit(write=True) as session:
        request_run(session, session.get_one(Source, source_id), now=utc_now())


def test_five_of_a_thousand_changed_and_five_are_touched(database, tools):
    world = make_world(1000)
    with world.github() as github:
        number = declare_github(database, github)
        source = read(database, tools, number)
        assert (source.failure, source.held) == ("", 0)
        held = entities(database)
        assert len(held) > 300
        ask_again(database, number)
        before = runs(database)
        github.forget_calls()
        read(database, tools, number)
        assert names_read_since(database, before) == []
        assert not world.calls().keys() & {BLOB, TREE}

        changed = [repo for repo in world.of_kind("valid") if not repo.archived and not repo.fork][
            :5
        ]
        for repo in changed:
            world.change(repo, "catalog-info.yaml", component(f"fresh-{repo.name.lower()}"))
        ask_again(database, number)
        before = runs(database)
        with github.counting() as calls:
            read(database, tools, number)
        assert names_read_since(database, before) == sorted(
            f"acme/{repo.full_name}" for repo in changed
        )
        assert (calls[COMMIT], calls[TREE]) == (5, 5)
        found = entities(database)
        assert {f"component:default/fresh-{repo.name.lower()}" for repo in changed} <= set(found)
