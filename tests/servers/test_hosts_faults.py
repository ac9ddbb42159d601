"""What goes wrong with GitHub and GitLab ends in one clear sentence, and gives nothing away."""

from __future__ import annotations

import pytest
import structlog

from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers import host_lists
from portal.sources.providers.github import GitHub
from portal.sources.providers.gitlab import GitLab
from tests.servers.hosting import PATTERNS, give, make_runs
from tests.standins.scm import make_world
from tests.standins.scm.github import GITHUB_FAULTS
from tests.standins.scm.gitlab import GITLAB_FAULTS

SAID = {
    "server_error": "status 500",
    "bad_gateway": "status 502",
    "unavailable": "status 503",
    "gateway_timeout": "status 504",
    "maintenance": "status 503",
    "truncated_body": "did not send a sound HTTP answer",
    "slow_drip": "was not done within",
    "hang": "sent nothing for",
    "dropped_connection": "did not answer",
    "huge_body": "is larger than",
    "not_json": "no JSON",
    "wrong_shape": "unknown shape",
    "redirect_away": "outside its API",
    "redirect_loop": "without end",
    "primary_limit": "takes no more calls before 20..-..-.. ..:..:.. UTC",
    "secondary_403": "takes no more calls before",
    "secondary_429": "takes no more calls before",
    "secondary_without_retry_after": "takes no more calls before",
    "rate_limited": "takes no more calls before",
    "legal_451": "legal reasons",
    "login_attempts": "locked this account",
    "ip_allow_list": "only listed addresses",
    "bad_credentials": "wrong, expired or revoked",
    "unauthorized": "wrong, expired or revoked",
    "token_expired": "is expired",
    "forbidden": "role may not read",
}


class Place:
    """One of the two hosts with what a provider needs for it."""

    def __init__(self, kind, home, world) -> None:
        self.home, self.world, self.token = home, world, home.add_token(**self.rights(kind))
        where = (
            {"api_url": home.api_url, "organisation": "acme"}
            if kind is GitHub
            else {"url": home.base_url, "group": "acme"}
        )
        self.runs = make_runs(kind, **where, credential=give(self.token))

    def rights(self, kind):
        return {"scopes": ("repo",)} if kind is GitHub else {}

    def walk(self):
        """Do everything once: list, ask for a commit, open, read."""
        found = self.runs.begin()
        repo = self.world.of_kind("valid")[0]
        for one in found.discover():
            if one.id == str(repo.id):
                tree = found.open(one, found.find_version(one), PATTERNS)
                return tree.read("catalog-info.yaml")
        raise AssertionError


@pytest.fixture
def github():
    world = make_world(20)
    with world.github() as home:
        yield Place(GitHub, home, world)


@pytest.fixture
def gitlab():
    world = make_world(20)
    with world.gitlab() as home:
        yield Place(GitLab, home, world)


def check_fault(place, name, on):
    place.home.fail(name, on=on, times=None)
    with (
        structlog.testing.capture_logs() as logs,
        pytest.raises(SourceDown, match=SAID[name]) as down,
    ):
        place.walk()
    assert down.value.fix
    host = place.runs.host
    place.runs.end()
    everything = f"{down.value!r} {down.value.fix} {logs} {host!r} {vars(host)} {place.runs.memory}"
    assert place.token.value not in everything
    place.home.clear_faults()
    place.home.advance(4000)
    assert place.walk()


@pytest.mark.parametrize("name", GITHUB_FAULTS)
def test_every_fault_of_github(github, name):
    check_fault(github, name, "/orgs/acme/repos")


@pytest.mark.parametrize("name", GITLAB_FAULTS)
def test_every_fault_of_gitlab(gitlab, name):
    check_fault(gitlab, name, "/groups/acme/projects")


CHEAP = [name for name in SAID if name not in ("slow_drip", "hang", "huge_body", "not_json")]


@pytest.mark.parametrize("on", ["/commits/", "/git/trees/", "/git/blobs/"])
@pytest.mark.parametrize("name", [name for name in CHEAP if name in GITHUB_FAULTS])
def test_faults_behind_the_list_of_github(github, name, on):
    if name == "wrong_shape":
        said = {"/commits/": "no commit", "/git/blobs/": "other bytes"}.get(on, "unknown shape")
        github.home.fail(name, on=on)
        with pytest.raises(SourceDown, match=said):
            github.walk()
    else:
        check_fault(github, name, on)


@pytest.mark.parametrize("on", ["/repository/branches", "/repository/tree", "/raw"])
@pytest.mark.parametrize("name", [name for name in CHEAP if name in GITLAB_FAULTS])
def test_faults_behind_the_list_of_gitlab(gitlab, name, on):
    if name == "wrong_shape":
        gitlab.home.fail(name, on=on)
        with pytest.raises(SourceDown, match="other bytes" if on == "/raw" else "unknown shape"):
            gitlab.walk()
    else:
        check_fault(gitlab, name, on)


@pytest.mark.parametrize("on", ["/commits/", "/git/trees/", "/git/blobs/"])
def test_a_sign_in_page_in_between_is_never_a_file(github, on):
    github.home.fail("not_json", on=on)
    with pytest.raises(SourceDown, match=r"no commit|no JSON|other bytes"):
        github.walk()


def test_one_hiccup_is_no_failure(github, gitlab):
    for place in (github, gitlab):
        for name in ("unavailable", "dropped_connection"):
            place.home.fail(name, times=1)
        assert place.walk()


def test_a_short_wait_is_waited_and_a_long_one_is_not(github):
    github.home.fail("secondary_403", on="/orgs/acme/repos", retry_after=3)
    assert github.walk()
    assert github.runs.slept == [3.0]
    github.home.fail("secondary_403", on="/orgs/acme/repos", retry_after=6)
    with pytest.raises(SourceDown, match="rate limit is reached"):
        github.walk()
    budget = github.runs.host.budget
    assert budget.left == 0
    assert budget.resets_at is not None


def test_the_last_calls_are_left_to_others(github):
    github.home.limits.set("core", 200)
    repo = github.world.of_kind("valid")[0]
    host = github.runs.begin()
    one = next(one for one in host.discover() if one.id == str(repo.id))

    def push_and_ask():
        for number in range(200):
            github.world.change(repo, "a.txt", str(number))
            host.find_version(one)

    with pytest.raises(SourceDown, match="UTC; these are left to others"):
        push_and_ask()
    assert host.budget.left == 4
    github.home.advance(3601)


def test_the_organisation_and_its_rules(github):
    account = github.world.store.accounts["acme"]
    with pytest.raises(SourceDown, match="no organisation or user"):
        github.runs.discover(organisation="nobody")
    account.sso, github.token.sso_authorized = True, False
    with pytest.raises(SourceDown, match="single sign-on"):
        github.runs.discover()
    account.sso, account.forbids_classic = False, True
    with pytest.raises(SourceDown, match="no classic tokens"):
        github.runs.discover()


def test_a_missing_permission_is_named(github):
    token = github.home.add_token("fine-grained", owner="acme", permissions={"metadata": "read"})
    repo = github.world.of_kind("valid")[0]
    repo.visibility = "private"
    found = github.runs.discover(credential=give(token))
    with pytest.raises(SourceDown, match="a permission is missing") as down:
        github.runs.host.find_version(found[repo.full_name])
    assert "contents=read" in down.value.fix


def test_too_many_repositories(github, gitlab, monkeypatch):
    monkeypatch.setattr(host_lists, "MOST_REPOSITORIES", 19)
    for place in (github, gitlab):
        with pytest.raises(SourceDown, match="more than 19 repositories"):
            place.walk()


@pytest.mark.parametrize("token", ["gh p", "ghp_ü", "ghp_x\r\nX-Evil: 1", "x\n"])
def test_a_token_that_is_none_is_never_sent(github, gitlab, token):
    for place in (github, gitlab):
        place.home.forget_calls()
        with pytest.raises(SourceDown, match="no token has") as down:
            place.runs.discover(credential=HostCredential(token=token))
        assert token not in f"{down.value} {down.value.fix}"
        assert not place.home.records


def test_a_token_never_crosses_a_network_in_the_open(github):
    for url in ("http://github.example", "http://10.1.2.3/api/v3"):
        with pytest.raises(SourceDown, match="not be encrypted"):
            github.runs.discover(api_url=url)
    with pytest.raises(SourceDown, match="may not be called"):
        github.runs.discover(api_url="https://10.1.2.3/api/v3")
