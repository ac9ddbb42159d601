"""GitLab: what is found, what it costs, and what is read of it."""

from __future__ import annotations

import time

import pytest

from portal.errors import TooLarge
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers import gitlab_trees
from portal.sources.providers.gitlab import GitLab
from tests.servers.hosting import PATTERNS, give, make_runs
from tests.standins.scm import Content, make_world

LIST = "GET /groups/{id}/projects"
BRANCH = "GET /projects/{id}/repository/branches/{branch}"
TREE = "GET /projects/{id}/repository/tree"
RAW = "GET /projects/{id}/repository/files/{path}/raw"


@pytest.fixture
def world(request):
    return make_world(getattr(request, "param", 30))


@pytest.fixture
def gitlab(world):
    with world.gitlab() as found:
        yield found


@pytest.fixture
def runs(gitlab):
    credential = give(gitlab.add_token())
    return make_runs(GitLab, url=gitlab.base_url, group="acme", credential=credential)


@pytest.mark.parametrize("world", [1000], indirect=True)
def test_a_thousand_projects_with_full_paths(runs, gitlab, world):
    with gitlab.counting() as calls:
        found = runs.discover()
    assert calls == {LIST: 10}
    repos = {repo.path: repo for repo in world.store.repos.values()}
    assert {path: one.id for path, one in found.items()} == {
        path: str(repo.id) for path, repo in repos.items()
    }
    for path, one in found.items():
        repo = repos[path]
        assert (one.is_archived, one.is_fork) == (repo.archived, repo.fork)
        assert one.is_empty == (not repo.commits)
        assert one.file_url == f"https://gitlab.example/{path}/-/blob/{one.branch}/"
    gitlab.forget_calls()
    assert runs.discover() == found
    assert gitlab.statuses() == {304: 10}
    assert runs.host.budget.not_modified == 10


@pytest.mark.parametrize("world", [300], indirect=True)
def test_five_changed_projects_cost_what_changed(runs, gitlab, world):
    before = runs.discover()
    changed = world.of_kind("valid")[::30][:5]
    for repo in changed:
        world.change(repo, "catalog-info.yaml", f"kind: Component # {repo.name}\n")
    with gitlab.counting() as calls:
        after = runs.discover()
        moved = [one for path, one in after.items() if one.stamp != before[path].stamp]
        read = {}
        for one in moved:
            version = runs.host.find_version(one)
            tree = runs.host.open(one, version, PATTERNS)
            read[one.path] = {path: tree.read(path) for path in tree.list_files()}
    assert len(changed) == 5
    assert read == {
        repo.path: {"catalog-info.yaml": f"kind: Component # {repo.name}\n".encode()}
        for repo in changed
    }
    assert calls == {LIST: 3, BRANCH: 5, TREE: 5, RAW: 5}


def test_a_push_that_leaves_the_time_as_it_was_is_noticed(runs, gitlab, world):
    """GitLab moves last_activity_at at most once an hour."""
    repo = world.of_kind("valid")[0]
    repo.updated = since = int(time.time()) - 600
    first = runs.discover()[repo.path]
    assert runs.discover()[repo.path] == first
    tip = world.change(repo, "catalog-info.yaml", "kind: API\n").after
    repo.updated = since
    gitlab.forget_calls()
    second = runs.discover()[repo.path]
    assert second.stamp != first.stamp
    assert runs.host.find_version(second) == tip
    assert gitlab.calls()[BRANCH] == 1
    assert runs.host.find_version(second) == tip


def test_when_the_hour_is_over_it_is_looked_at_once_more(runs, world):
    repo = world.of_kind("valid")[0]
    repo.updated = int(time.time()) - 64 * 60
    within = runs.discover()[repo.path].stamp
    repo.updated -= 120
    over = runs.discover()[repo.path].stamp
    assert over.split()[1:] == ["settled", repo.default_branch]
    assert within.split()[1:] == [repo.branches[repo.default_branch], repo.default_branch]


def test_a_project_whose_code_is_hidden_does_not_stop_the_rest(runs, gitlab, world):
    repo = world.of_kind("valid")[0]
    repo.updated = int(time.time())
    gitlab.fail("forbidden", on=f"/projects/{repo.id}/repository")
    assert repo.path in runs.discover()


def test_a_project_keeps_its_id_when_it_moves(runs, world):
    before = runs.discover()
    repo = world.of_kind("valid")[0]
    old = before[repo.path]
    world.move(repo, group="acme/mobile")
    world.rename(repo, "another-name")
    after = runs.discover()
    new = after["acme/mobile/another-name"]
    assert new.id == old.id
    assert runs.host.find_version(old) == runs.host.find_version(new) != ""
    world.move(repo, group="acme-labs")
    assert old.id not in {one.id for one in runs.discover().values()}
    world.delete(repo)
    with pytest.raises(SourceDown, match="does not know"):
        runs.host.find_version(old)


def test_a_subgroup_alone(runs, world):
    found = runs.discover(group="/acme/payments/")
    assert set(found) == {r.path for r in world.store.repos.values() if r.group == "acme/payments"}


def test_branches_that_are_not_there(runs, world):
    repo = world.store.add_repo("acme", "empty", group="acme/platform")
    one = runs.discover()[repo.path]
    assert (one.is_empty, runs.host.find_version(one)) == (True, "")
    other = world.of_kind("valid")[0]
    known = runs.discover()[other.path]
    other.branches["x"] = other.branches.pop(other.default_branch)
    assert runs.host.find_version(known) == ""


@pytest.mark.parametrize("most_bytes", [24_000_000, 500])
def test_files_are_read_whole_or_in_pages(runs, gitlab, world, monkeypatch, most_bytes):
    monkeypatch.setattr(gitlab_trees, "WHOLE_BYTES", most_bytes)
    more = {f"many/{number}.yaml": f"{number}\n" for number in range(230)}
    repo, push = world.create(
        "odd",
        {
            **more,
            "docs/ü #1%2f?.yaml": "b: 2\n",
            "link.yaml": Content(b"catalog-info.yaml", "120000"),
            "sub": Content(b"0" * 40, "160000"),
            "vast.yaml": b"x" * (5 * 1024 * 1024 + 1),
        },
    )
    one = runs.discover()[repo.path]
    tree = runs.host.open(one, push.after, ("**/*.yaml",))
    assert set(tree.list_files()) == {*more, "docs/ü #1%2f?.yaml", "vast.yaml"}
    assert tree.read("docs/ü #1%2f?.yaml") == b"b: 2\n"
    assert gitlab.calls()[TREE] == (1 if most_bytes > 500 else 4)
    with pytest.raises(TooLarge):
        tree.read("vast.yaml")
    with pytest.raises(SourceDown, match="no longer has the commit"):
        runs.host.open(one, "0" * 40, PATTERNS)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"revoked": True}, "revoked"),
        ({"expires_at": 1.0}, "expired"),
        ({"scopes": ("read_repository",)}, "lacks a scope"),
        ({"groups": ("elsewhere",)}, "knows no group"),
    ],
)
def test_tokens_are_told_apart(runs, gitlab, token, said):
    made = gitlab.add_token(**token)
    with pytest.raises(SourceDown, match=said) as down:
        runs.discover(credential=give(made))
    assert made.value not in f"{down.value} {down.value.fix}"


def test_a_role_that_may_not_read_code(runs, gitlab, world):
    repo = world.of_kind("valid")[0]
    repo.visibility = "private"
    found = runs.discover(credential=give(gitlab.add_token(level=10)))
    with pytest.raises(SourceDown, match="role"):
        runs.host.find_version(found[repo.path])


def test_an_unknown_group_and_a_wrong_token(runs):
    with pytest.raises(SourceDown, match="no group of this path"):
        runs.discover(group="acme/nobody")
    with pytest.raises(SourceDown, match="wrong, expired or revoked"):
        runs.discover(credential=HostCredential(token="glpat-nonsense"))


def test_public_projects_need_no_token(runs, world):
    world.store.groups["acme"].visibility = "public"
    found = runs.discover(credential=HostCredential())
    public = {r.path for r in world.store.repos.values() if r.visibility == "public"}
    assert set(found) == public


def test_the_limit_is_kept_and_a_part_left_to_others(runs, gitlab):
    gitlab.limit_per_minute = 100
    gitlab.advance(62 - time.time() % 60)  # a minute about to end is waited for
    one = next(iter(runs.discover().values()))

    def ask():
        for _ in range(100):
            runs.host.find_version(one)

    with pytest.raises(SourceDown, match="UTC; these are left to others"):
        ask()
    assert runs.host.budget.left == 2
