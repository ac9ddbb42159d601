"""An organisation end to end: discovered, read, pushed to, down, renamed, emptied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from portal.auth.core import CLI
from portal.auth.models import AccountTeam
from portal.auth.service.removal import put_demo_account
from portal.catalog.models import CatalogProblem, Entity
from portal.infra.clock import utc_now
from portal.ownership.service import refresh_all
from portal.settings.outbound import parse_allow_list
from portal.sources.core.declarations import GITHUB, GITLAB, Declaration
from portal.sources.core.policies import SCANNED
from portal.sources.core.webhooks import Push
from portal.sources.models import Source, SourceRun
from portal.sources.queries.pushes import find_pushed
from portal.sources.service.declaring import confirm_removals
from portal.sources.service.requests import request_run
from portal.sources.service.trust import set_trust
from tests.standins.scm import make_world
from tests.standins.scm.descriptors import HOSTILE
from tests.unit.managed import component, declare, declare_folder, make_tools, read

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


def test_a_push_is_read_alone_and_arrives(database, tools, world, github):
    number = declare_github(database, github)
    read(database, tools, number)
    repo = next(repo for repo in world.of_kind("valid") if not repo.archived and not repo.fork)
    world.change(repo, "catalog-info.yaml", component("pushed"))
    with database.unit(write=True) as session:
        source = session.get_one(Source, number)
        push = Push(repo.full_name, str(repo.id), repo.default_branch, "push", "1", "d")
        child = find_pushed(session, source, push)
        assert child.name == f"acme/{repo.full_name}"
        assert find_pushed(session, source, replace(push, branch="other")) is None
        unknown = replace(push, repository="acme/unknown", repository_id="0")
        assert find_pushed(session, source, unknown) is source
        request_run(session, child, now=utc_now())
    before = runs(database)
    with github.counting() as calls:
        read(database, tools, number)
    assert names_read_since(database, before) == [f"acme/{repo.full_name}"]
    assert not any("repos" in call and "{owner}" in call for call in calls)
    assert "component:default/pushed" in entities(database)


def test_a_host_that_is_down_changes_nothing(database, tools, world, github):
    number = declare_github(database, github)
    read(database, tools, number)
    held = entities(database)
    for repo in world.of_kind("valid")[:3]:
        world.change(repo, "catalog-info.yaml", component("changed"))
    with database.unit(write=True) as session:
        source = session.get_one(Source, number)
        source.declaration = {**source.declaration, "address": "http://127.0.0.1:9999"}
    ask_again(database, number)
    source = read(database, tools, number)
    assert source.failure
    assert source.failing_since is not None
    assert entities(database) == held


def test_repositories_that_all_vanish_are_held(database, tools, world, github):
    number = declare_github(database, github)
    read(database, tools, number)
    held = entities(database)
    for repo in list(world.store.repos.values()):
        world.delete(repo)
    ask_again(database, number)
    source = read(database, tools, number)
    assert entities(database) == held
    assert source.held > 0
    with database.unit(write=True) as session:
        waiting = confirm_removals(session, CLI, session.get_one(Source, number), now=utc_now())
    assert waiting == len(held)
    assert read(database, tools, number).held == 0
    assert entities(database) == {}
    with database.unit(write=False) as session:
        assert session.scalar(select(func.count()).where(Source.parent_id == number)) == 0


def test_a_renamed_repository_keeps_its_entities(database, tools, world, github):
    number = declare_github(database, github)
    read(database, tools, number)
    repo = next(repo for repo in world.of_kind("valid") if not repo.archived and not repo.fork)
    name = f"acme/{repo.full_name}"
    held = entities(database)
    own = {ref for ref, source in held.items() if source == name}
    world.rename(repo, "renamed-one")
    ask_again(database, number)
    read(database, tools, number)
    found = entities(database)
    assert set(found) == set(held)
    assert {found[ref] for ref in own} == {f"acme/{repo.full_name}"}
    assert repo.full_name == "acme/renamed-one"


def test_a_group_of_gitlab_is_read_and_its_push_arrives(database, tools, world):
    with world.gitlab() as gitlab:
        token = gitlab.add_token(scopes=("read_api", "read_repository"))
        declaration = Declaration(
            GITLAB,
            gitlab.base_url,
            organisation="acme",
            patterns=PATTERNS,
            every_minutes=15,
            policy=SCANNED,
        )
        number = declare(database, "acme", declaration, token=token.value)
        source = read(database, tools, number)
        assert source.failure == ""
        held = entities(database)
        assert len(held) > 10
        repo = next(repo for repo in world.of_kind("valid") if not repo.archived and not repo.fork)
        world.change(repo, "catalog-info.yaml", component("pushed"))
        ask_again(database, number)
        read(database, tools, number)
        assert "component:default/pushed" in entities(database)
    with database.unit(write=False) as session:
        rules = set(session.scalars(select(CatalogProblem.rule)))
    assert "yaml" in rules


def state_of(database, source):
    """Return what a source's documents say, and what anybody may do."""
    with database.unit(write=True) as session:
        refresh_all(session, "all", utc_now())
    with database.unit(write=False) as session:
        entities = session.execute(
            select(Entity.ref, Entity.document, Entity.owner).where(Entity.source == source)
        )
        teams = session.execute(select(AccountTeam.account_id, AccountTeam.team))
        return sorted(map(str, entities)), sorted(map(str, teams))


def test_hostile_documents_of_every_kind_change_nobodys_rights(
    database, tools, world, github, tmp_path
):
    folder = tmp_path / "platform"
    people = (
        "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: crew}\n"
        "spec: {type: team, children: []}\n"
        "---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: alice}\n"
        "spec: {memberOf: [crew]}\n"
    )
    platform = declare_folder(database, folder, "platform")
    (folder / "all.yaml").write_text(people + component("ledger") + component("vault"))
    read(database, tools, platform)
    with database.unit(write=True) as session:
        set_trust(session, CLI, session.get_one(Source, platform), people=True, now=utc_now())
        put_demo_account(
            session,
            CLI,
            "alice",
            role="member",
            user_ref="user:default/alice",
            title="Alice",
            now=utc_now(),
        )
    number = declare_github(database, github)
    read(database, tools, number)
    before = state_of(database, "platform")
    assert "group:default/crew" in str(before[1])
    repo = next(repo for repo in world.of_kind("valid") if not repo.archived and not repo.fork)
    others = {ref: held for ref, held in entities(database).items() if repo.name not in held}
    for kind in (*HOSTILE, "stolen name"):
        world.push_hostile(kind, repo, victim="component:default/ledger")
        ask_again(database, number)
        source = read(database, tools, number)
        assert source.failure == "", kind
        assert state_of(database, "platform") == before, kind
        found = entities(database)
        assert others.items() <= found.items(), kind
        mine = {ref.partition(":")[0] for ref, held in found.items() if repo.name in held}
        assert mine <= set(SCANNED.kinds), kind
