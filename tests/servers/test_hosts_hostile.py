"""A GitHub that means ill or is none: nothing follows it elsewhere, nothing odd gets in."""

from __future__ import annotations

import json

import pytest

from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.hosts import FoundRepository
from portal.sources.core.trees import SourceDown
from portal.sources.providers.github import GitHub
from tests.servers.hosting import PATTERNS, Answering, make_runs

REPO = {
    "id": 1,
    "full_name": "acme/one",
    "default_branch": "main",
    "html_url": "https://github.example/acme/one",
    "pushed_at": "2026-01-05T08:00:05Z",
}
FOUND = FoundRepository("1", "acme/one", "main", "", "")


@pytest.fixture
def hostile():
    with Answering() as found:
        found.put("/users/acme", {"login": "acme", "type": "Organization"})
        yield found


@pytest.fixture
def asking(hostile):
    credential = HostCredential(token="ghp_" + "s" * 36)
    return make_runs(GitHub, api_url=hostile.url, organisation="acme", credential=credential)


def test_the_smallest_answer_is_enough(asking, hostile):
    hostile.put("/orgs/acme/repos", [{**REPO, "unknown": {"a": 1}, "topics": None}])
    found = asking.discover()["acme/one"]
    assert (found.stamp, found.topics) == ("1767600005 settled main", ())


@pytest.mark.parametrize("other", ["{other}/orgs/acme/repos", "http://127.0.0.1:1/x", "//{host}/x"])
def test_the_next_page_is_never_elsewhere(asking, hostile, other):
    with Answering() as stranger:
        host = stranger.url.removeprefix("http://")
        target = other.format(other=stranger.url, host=host)
        hostile.put("/orgs/acme/repos", [REPO], Link=f'<{target}>; rel="next"')
        with pytest.raises(SourceDown, match="outside its API"):
            asking.discover()
        hostile.put("/orgs/acme/repos", [REPO], status=301, Location=target)
        with pytest.raises(SourceDown, match="outside its API"):
            asking.discover()
        assert stranger.asked == []


def test_a_page_that_is_as_it_was_may_have_another_behind_it(asking, hostile):
    def name(number):
        return {**REPO, "id": number, "full_name": f"acme/r{number}"}

    path, order = "/orgs/acme/repos", "type=all&sort=created&direction=asc&per_page=100"
    hostile.put(path, [name(number) for number in range(100)], ETag='"1"')
    assert len(asking.discover()) == 100
    hostile.put(path, b"", 304)
    hostile.put(f"{path}?{order}&page=2", [name(100)])
    assert len(asking.discover()) == 101


def test_a_list_without_end_is_left(asking, hostile):
    hostile.put("/orgs/acme/repos", [REPO], Link='</orgs/acme/repos?page=2>; rel="next"')
    with pytest.raises(SourceDown, match="more than 10,000"):
        asking.discover()
    assert len(hostile.asked) == 102


@pytest.mark.parametrize(
    "body",
    [
        {},
        [1],
        [{}],
        [REPO | {"id": None}],
        [REPO | {"full_name": "acme/.."}],
        [REPO | {"full_name": "acme/a?b"}],
        [REPO | {"full_name": "one"}],
        [REPO | {"default_branch": "a b"}],
        [REPO | {"html_url": "javascript:alert(1)"}],
        [REPO | {"pushed_at": "yesterday"}],
        [REPO | {"archived": "perhaps"}],
    ],
)
def test_wrong_shapes_are_no_repositories(asking, hostile, body):
    hostile.put("/orgs/acme/repos", body)
    with pytest.raises(SourceDown, match="unknown shape"):
        asking.discover()


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b'[{"id": 1'])
def test_what_is_no_json(asking, hostile, body):
    hostile.put("/orgs/acme/repos", body)
    with pytest.raises(SourceDown, match="no JSON"):
        asking.discover()


def test_trees_that_lead_out_are_cut(asking, hostile):
    sha = "a" * 40
    odd = [
        "../x.yaml",
        "/etc/x.yaml",
        "a//x.yaml",
        "./x.yaml",
        "a/\0.yaml",
        "ok.yaml",
    ]
    rows = [{"path": path, "mode": "100644", "type": "blob", "sha": sha} for path in odd]
    hostile.put(f"/repos/acme/one/git/trees/{sha}", {"tree": rows, "truncated": False})
    tree = asking.begin().open(FOUND, sha, ("**/*.yaml",))
    assert list(tree.list_files()) == ["ok.yaml"]
    rows[0]["sha"] = "../../user"
    hostile.put(f"/repos/acme/one/git/trees/{sha}", {"tree": rows, "truncated": False})
    with pytest.raises(SourceDown, match="unknown shape"):
        asking.begin().open(FOUND, sha, PATTERNS)


@pytest.mark.parametrize("number", ["9" * 10, "9" * 400, "²", "-1", "1.5", "x", ""])
def test_odd_limits_and_clocks_are_read_as_none(asking, hostile, number):
    odd = {
        "X_RateLimit_Limit": number,
        "X_RateLimit_Remaining": "0",
        "X_RateLimit_Reset": number,
        "Date": "Fri, 31 Dec 9999 23:59:59 GMT",
    }
    hostile.put("/orgs/acme/repos", [REPO], **odd)
    assert asking.discover()
    hostile.put("/orgs/acme/repos", [REPO], 403, Retry_After=number, **odd)
    with pytest.raises(SourceDown, match=r"takes no more calls|permission"):
        asking.discover()


@pytest.mark.parametrize("target", ["http://[", "", "\\\\x", "ftp://x/", "http://a@127.0.0.1/x"])
def test_odd_places_are_not_gone_to(asking, hostile, target):
    hostile.put("/orgs/acme/repos", [REPO], status=302, Location=target)
    with pytest.raises(SourceDown):
        asking.discover()


def test_a_proof_that_is_echoed_goes_nowhere(asking, hostile):
    secret = asking.options["credential"].token
    hostile.put("/orgs/acme/repos", {"message": f"Bad token {secret}"}, 403)
    with pytest.raises(SourceDown) as down:
        asking.discover()
    asking.end()
    assert secret not in f"{down.value!r} {down.value.fix} {json.dumps(asking.memory)}"
    assert any(headers.get("Authorization") == f"Bearer {secret}" for _, headers in hostile.asked)
