"""GitHub: what is found, what it costs, and what is read of it."""

from __future__ import annotations

import time

import pytest

from portal.errors import NotFound, TooLarge
from portal.infra.outbound import Outbound
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers.github import GitHub
from tests.servers.hosting import PATTERNS, give, make_runs
from tests.standins.scm import Content, make_world

LIST = "GET /orgs/{owner}/repos"
PAGES = "GET /organizations/{account_id}/repos"
COMMIT = "GET /repos/{o}/{r}/commits/{ref*}"
TREE = "GET /repos/{o}/{r}/git/trees/{sha*}"
BLOB = "GET /repos/{o}/{r}/git/blobs/{sha}"


@pytest.fixture
def world():
    return make_world(1000)


@pytest.fixture
def small():
    return make_world(30)


@pytest.fixture
def github(world):
    with world.github() as found:
        yield found


@pytest.fixture
def runs(github):
    token = github.add_token(scopes=("repo",))
    return make_runs(GitHub, api_url=github.api_url, organisation="acme", credential=give(token))


@pytest.fixture
def small_github(small):
    with small.github() as found:
        yield found


@pytest.fixture
def small_runs(small_github):
    token = small_github.add_token(scopes=("repo",))
    return make_runs(
        GitHub, api_url=small_github.api_url, organisation="acme", credential=give(token)
    )


def read_all(tree):
    return {path: tree.read(path) for path in tree.list_files()}


def test_a_thousand_repositories_are_found_and_found_again_for_nothing(runs, github, world):
    with github.counting() as calls:
        found = runs.discover()
    assert calls == {"GET /users/{owner}": 1, LIST: 1, PAGES: 9}
    repos = {repo.full_name: repo for repo in world.store.repos.values()}
    assert {path: one.id for path, one in found.items()} == {
        path: str(repo.id) for path, repo in repos.items()
    }
    for path, one in found.items():
        repo = repos[path]
        assert (one.is_archived, one.is_fork) == (repo.archived, repo.fork)
        assert (one.branch, one.topics) == (repo.default_branch, tuple(repo.topics))
        assert one.file_url == f"https://github.example/{path}/blob/{one.branch}/"
    assert runs.host.budget.used == 11
    left = runs.host.budget.left
    github.forget_calls()
    assert runs.discover() == found
    assert github.statuses() == {304: 11}
    assert (runs.host.budget.left, runs.host.budget.not_modified) == (left, 11)


def test_five_changed_repositories_cost_what_changed(runs, github, world):
    before = runs.discover()
    changed = world.of_kind("valid")[::100][:5]
    for repo in changed:
        world.change(repo, "catalog-info.yaml", f"kind: Component # {repo.name}\n")
    github.forget_calls()
    with github.counting() as calls:
        after = runs.discover()
        moved = [one for path, one in after.items() if one.stamp != before[path].stamp]
        read = {}
        for one in moved:
            version = runs.host.find_version(one)
            assert version == world.repo(one.path.partition("/")[2]).branches[one.branch]
            read[one.path] = read_all(runs.host.open(one, version, PATTERNS))
    assert len(changed) == 5
    assert read == {
        repo.full_name: {"catalog-info.yaml": f"kind: Component # {repo.name}\n".encode()}
        for repo in changed
    }
    assert (calls[COMMIT], calls[TREE], calls[BLOB]) == (5, 5, 5)
    assert sum(calls.values()) == 11 + 15
    paid = sum(record.counted for record in github.records)
    assert paid <= 5 + 15  # at most a page each, then commit, tree and file
    for _ in range(2):  # what is known of a branch outlasts a run that did not ask for it
        github.forget_calls()
        runs.discover()
    for one in moved:
        assert runs.host.find_version(one) == world.repo(one.path[5:]).branches[one.branch]
    assert github.statuses() == {304: 11 + 5}


def test_a_repository_keeps_its_id_when_it_is_renamed(small_runs, small):
    before = small_runs.discover()
    repo = small.of_kind("valid")[0]
    old = before[repo.full_name]
    small.rename(repo, "another-name")
    after = small_runs.discover()
    new = after["acme/another-name"]
    assert (new.id, new.stamp, old.path in after) == (old.id, old.stamp, False)
    assert small_runs.host.find_version(old) == small_runs.host.find_version(new)
    small.move(repo, owner="acme-labs")
    assert old.id not in {one.id for one in small_runs.discover().values()}


def test_another_default_branch_moves_the_stamp(small_runs, small):
    before = small_runs.discover()
    repo = small.of_kind("valid")[0]
    small.rename_default_branch(repo, "stable/two")
    one = small_runs.discover()[repo.full_name]
    assert (one.branch, one.stamp == before[one.path].stamp) == ("stable/two", False)
    assert small_runs.host.find_version(one) == repo.branches["stable/two"]


def test_a_tag_of_the_same_name_is_no_branch(small_runs, small, small_github):
    repo = small.of_kind("valid")[0]
    tip = small.change(repo, "a.txt", "1").after
    repo.tags[repo.default_branch] = next(iter(repo.commits))
    one = small_runs.discover()[repo.full_name]
    assert small_runs.host.find_version(one) == tip
    # The stand-in prefers branches by itself; GitHub promises it for this form alone.
    assert small_github.records[-1].url.endswith(f"/commits/heads/{one.branch}")


def test_a_repository_without_a_commit_has_no_version(small_runs, small):
    small.store.add_repo("acme", "empty")
    one = small_runs.discover()["acme/empty"]
    assert small_runs.host.find_version(one) == ""


def test_a_push_just_now_is_looked_for_once_more(small_runs, small):
    repo = small.of_kind("valid")[0]
    repo.pushed = int(time.time())
    fresh = small_runs.discover()[repo.full_name].stamp
    assert small_runs.discover()[repo.full_name].stamp == fresh
    repo.pushed = int(time.time()) - 119
    nearly = small_runs.discover()[repo.full_name].stamp
    repo.pushed -= 2
    assert small_runs.discover()[repo.full_name].stamp != nearly
    assert "unsettled" in nearly
    assert "unsettled" not in small_runs.discover()[repo.full_name].stamp


def test_files_are_read_and_links_are_none(small_runs, small):
    repo, push = small.create(
        "odd",
        {
            "catalog-info.yaml": "a: 1\n",
            "docs/ü #1.yaml": "b: 2\n",
            "link.yaml": Content(b"catalog-info.yaml", "120000"),
            "out.yaml": Content(b"/etc/passwd", "120000"),
            "sub": Content(b"0" * 40, "160000"),
            "run.yaml": Content(b"c: 3\n", "100755"),
            "vast.yaml": Content(b"", pretended_size=101 * 1_048_576),
        },
    )
    one = small_runs.discover()[repo.full_name]
    tree = small_runs.host.open(one, push.after, ("**/*.yaml",))
    assert list(tree.list_files()) == [
        "catalog-info.yaml", "docs/ü #1.yaml", "run.yaml", "vast.yaml",
    ]  # fmt: skip
    assert tree.read("docs/ü #1.yaml") == b"b: 2\n"
    used = small_runs.host.budget.used
    with pytest.raises(TooLarge):
        tree.read("vast.yaml")
    with pytest.raises(NotFound):
        tree.read("link.yaml")
    assert small_runs.host.budget.used == used


def test_a_tree_that_was_cut_off_is_walked(small_runs, small_github, small):
    files = {f"f{folder}/g/{name}.yaml": f"{name}\n" for folder in range(4) for name in range(5)}
    repo, push = small.create("wide", {**files, "node_modules/x/y.yaml": "1", "a.yaml": "2"})
    one = small_runs.discover()[repo.full_name]
    small_github.tree_limit = 8
    tree = small_runs.host.open(one, push.after, ("**/*.yaml",))
    assert set(tree.list_files()) == {*files, "a.yaml"}
    small_github.tree_limit = 3
    with pytest.raises(SourceDown, match="too many files"):
        small_runs.host.open(one, push.after, PATTERNS)


def test_what_fell_between_two_pages_is_asked_for(runs, world, monkeypatch):
    before = runs.discover()
    first = min(world.store.repos.values(), key=lambda repo: repo.id)
    send = Outbound.send

    def send_and_delete(self, ask):
        answer = send(self, ask)
        if first.id in world.store.repos and "/orgs/acme/repos" in ask.url:
            world.delete(first)
        return answer

    monkeypatch.setattr(Outbound, "send", send_and_delete)
    # The deleted one was on the first page already; the one that moved up was never listed.
    assert set(runs.discover()) == set(before)
    assert set(runs.discover()) == set(before) - {first.full_name}


def test_a_limit_is_not_taken_for_a_repository_that_is_gone(small_runs, small, small_github):
    small_runs.discover()
    repo = small.of_kind("valid")[0]
    name = repo.full_name
    small.move(repo, owner="acme-labs")
    small_github.fail("secondary_403", on=f"/repos/{name}")
    with pytest.raises(SourceDown, match="rate limit"):
        small_runs.discover()
    assert len(small_runs.discover()) == 29


def test_a_new_repository_behind_a_full_page_is_found(small_runs, small):
    for number in range(70):
        small.create(f"more-{number}", {"a.yaml": "1"})
    assert len(small_runs.discover()) == 100
    assert len(small_runs.discover()) == 100
    small.create("one-more", {"a.yaml": "1"})
    assert "acme/one-more" in small_runs.discover()


def test_an_enterprise_server_stands_below_a_path(small):
    with small.github(prefix="/api/v3") as github:
        token = github.add_token(scopes=("repo",))
        runs = make_runs(
            GitHub, api_url=f"{github.api_url}/", organisation="ACME", credential=give(token)
        )
        assert len(runs.discover()) == 30


def test_repositories_of_a_user(small, small_github):
    for owner, visibility in (("ada", "private"), ("ada", "public"), ("mallory", "public")):
        repo = small.store.add_repo(owner, f"{owner}-{visibility}", visibility=visibility)
        repo.push({"a.yaml": "1"})
    token = small_github.add_token(scopes=("repo",), login="ada")
    runs = make_runs(GitHub, api_url=small_github.api_url, credential=give(token))
    assert set(runs.discover(organisation="Ada")) == {"ada/ada-private", "ada/ada-public"}
    assert set(runs.discover(organisation="mallory")) == {"mallory/mallory-public"}
    without = make_runs(GitHub, api_url=small_github.api_url, credential=HostCredential())
    assert set(without.discover(organisation="ada")) == {"ada/ada-public"}
