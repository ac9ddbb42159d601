"""Proves that a proposed change comes back through the reading endpoints of GitHub."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .checks import Client
from .merging import join_lines
from .world import make_world

if TYPE_CHECKING:
    import requests

    from .checks import Checks
    from .github import GitHubStandIn
    from .world import World

NAME = "catalog-info.yaml"
TEXT = "kind: Component\nmetadata:\n  name: a\nspec:\n  type: service\n  owner: team-a\n"
NEW = TEXT.replace("team-a", "team-b")
FINE = {"contents": "write", "pull_requests": "write"}


def run(check: Checks) -> None:
    """Run everything against a world of a handful of repositories."""
    _lines(check)
    world = make_world(20, 7)
    with world.github() as home:
        _github(check, world, home)
        _github_data(check, world, home)
        _github_permissions(check, world, home)
        _github_limits(check, world, home)


def _lines(check: Checks) -> None:
    """Merge texts line by line, and refuse what git would call a conflict."""
    base, apart = b"a\nb\nc\nd\n", b"a\nb\nc\nD\n"
    check.same("apart", join_lines(base, b"A\nb\nc\nd\n", apart), b"A\nb\nc\nD\n")
    check.same("alike", join_lines(base, apart, apart), apart)
    check.same("same line", join_lines(base, b"a\nb\nc\nE\n", apart), None)
    check.same("adjoining", join_lines(base, b"a\nb\nC\nd\n", apart), None)
    check.same("no final newline", join_lines(b"a\nb\nc", b"A\nb\nc", b"a\nb\nC"), b"A\nb\nC")


def _put(client: Client, base: str, text: str, branch: str, path: str = NAME) -> requests.Response:
    """Change a file on a branch through the contents API, reading its sha first."""
    where = f"{base}/contents/{path}"
    sha = client(f"{where}?ref={branch}").json().get("sha")
    coded = base64.b64encode(text.encode()).decode()
    body = {"message": "Change", "content": coded, "branch": branch} | ({"sha": sha} if sha else {})
    return client(where, "PUT", json=body)


def _branch(client: Client, base: str, name: str) -> requests.Response:
    """Make a branch at the head of main."""
    head = client(f"{base}/git/ref/heads/main").json()["object"]["sha"]
    return client(f"{base}/git/refs", "POST", json={"ref": f"refs/heads/{name}", "sha": head})


def _ask(client: Client, base: str, head: str) -> requests.Response:
    return client(f"{base}/pulls", "POST", json={"title": "T", "head": head, "base": "main"})


def _raw(client: Client, base: str, ref: str = "main", path: str = NAME) -> str:
    accept = {"Accept": "application/vnd.github.raw+json"}
    return client(f"{base}/contents/{path}?ref={ref}", headers=accept).text


def _github(check: Checks, world: World, home: GitHubStandIn) -> None:
    """Open, close, reopen, merge; read the merged text back."""
    repo, first = world.create("hub", {NAME: TEXT, "other": "1\n"})
    secret = home.add_token("fine-grained", owner="acme", permissions=FINE).value
    client = Client(home.api_url, {"Authorization": f"Bearer {secret}"})
    base = f"/repos/{repo.full_name}"
    check.same("branch", _branch(client, base, "plumb/one").status_code, 201)
    check.same("nested name", _branch(client, base, "plumb").status_code, 422)
    check.same("bad name", _branch(client, base, "a..b").status_code, 422)
    matching = client(f"{base}/git/matching-refs/heads/plumb").json()
    check.same("matching", [one["ref"] for one in matching], ["refs/heads/plumb/one"])
    check.same("matching none", client(f"{base}/git/matching-refs/heads/zz").json(), [])
    check.same("prefix is no ref", client(f"{base}/git/ref/heads/plumb").status_code, 404)
    made = _put(client, base, NEW, "plumb/one").json()
    check.same("parent", made["commit"]["parents"][0]["sha"], first.after)
    check.same("not on main", _raw(client, base), TEXT)
    check.same("on the branch", _raw(client, base, "plumb/one"), NEW)
    answer = _ask(client, base, "plumb/one")
    pull = answer.json()
    check.same(
        "opened", (answer.status_code, pull["state"], pull["mergeable"]), (201, "open", None)
    )
    check.same("head", pull["head"]["sha"], made["commit"]["sha"])
    again = _ask(client, base, "acme:plumb/one").json()
    check.same("twice", again["errors"][0]["code"], "custom")
    wanted = "A pull request already exists for acme:plumb/one."
    check.same("twice says", again["errors"][0]["message"], wanted)
    world.close_proposal(repo)
    check.same("closed", client(f"{base}/pulls/1").json()["state"], "closed")
    check.same("closed is not open", client(f"{base}/pulls").json(), [])
    reopened = client(f"{base}/pulls/1", "PATCH", json={"state": "open"}).json()
    check.same("reopened", (reopened["state"], reopened["closed_at"]), ("open", None))
    world.change(repo, "other", "2\n")
    check.same("mergeable", client(f"{base}/pulls/1").json()["mergeable"], True)
    push = world.merge_proposal(repo)
    check.same("read back", (_raw(client, base), _raw(client, base, path="other")), (NEW, "2\n"))
    pull = client(f"{base}/pulls/1").json()
    state = (pull["state"], pull["merged"], pull["merge_commit_sha"])
    check.same("merged", state, ("closed", True, push.after))
    listed = client(f"{base}/pulls?state=all&head=acme:plumb/one").json()[0]
    check.that("merged in lists", listed["merged_at"] and "merged" not in listed, listed)
    check.same("push of the merge", push.commits[0][1]["modified"], [NAME])
    check.same("nothing left", _ask(client, base, "plumb/one").status_code, 422)
    check.same(
        "stays merged", client(f"{base}/pulls/1", "PATCH", json={"state": "open"}).status_code, 422
    )
    _github_conflict(check, world, client, base)


def _github_conflict(check: Checks, world: World, client: Client, base: str) -> None:
    """Meet a conflict, a moved head and a deleted branch."""
    repo = world.repo("hub")
    _branch(client, base, "two")
    _put(client, base, NEW.replace("team-b", "team-c"), "two")
    check.same("second", _ask(client, base, "two").json()["number"], 2)
    world.change(repo, NAME, NEW.replace("team-b", "team-d"))
    seen = client(f"{base}/pulls/2").json()
    check.same("conflict", (seen["mergeable"], seen["mergeable_state"]), (False, "dirty"))
    check.same("405", client(f"{base}/pulls/2/merge", "PUT", json={}).status_code, 405)
    moved = client(f"{base}/pulls/2/merge", "PUT", json={"sha": "0" * 40})
    check.same("409", moved.status_code, 409)
    check.same("branch gone", client(f"{base}/git/refs/heads/two", "DELETE").status_code, 204)
    seen = client(f"{base}/pulls/2").json()
    check.that("closed with it", seen["state"] == "closed" and seen["head"]["sha"], seen)
    reopen = client(f"{base}/pulls/2", "PATCH", json={"state": "open"})
    check.same("not reopened", reopen.status_code, 422)
    check.same("malformed path", _put(client, base, "x", "main", "a/.git/x").status_code, 422)
    bad = {"message": "m", "content": "no base64!", "branch": "main"}
    check.same("bad content", client(f"{base}/contents/n", "PUT", json=bad).status_code, 422)
    check.same("no branch", _put(client, base, "x", "gone").status_code, 404)


def _github_data(check: Checks, world: World, home: GitHubStandIn) -> None:
    """Propose the same by blob, tree, commit and ref."""
    repo, first = world.create("data", {NAME: TEXT, "docs/a.md": "a"})
    secret = home.add_token(scopes=("repo",)).value
    client = Client(home.api_url, {"Authorization": f"Bearer {secret}"})
    git = f"/repos/{repo.full_name}/git"
    tree = client(f"{git}/commits/{first.after}").json()["tree"]["sha"]
    blob = client(f"{git}/blobs", "POST", json={"content": NEW}).json()["sha"]
    check.same("loose blob", client(f"{git}/blobs/{blob}").json()["size"], len(NEW))
    row = {"path": NAME, "mode": "100644", "type": "blob", "sha": blob}
    new = client(f"{git}/trees", "POST", json={"base_tree": tree, "tree": [row]}).json()
    names = [one["path"] for one in new["tree"]]
    check.same("tree", names, [NAME, "docs"])
    check.same("loose tree", client(f"{git}/trees/{new['sha']}").status_code, 200)
    ask = {"message": "m", "tree": new["sha"], "parents": [first.after]}
    made = client(f"{git}/commits", "POST", json=ask)
    check.same("commit", made.status_code, 201)
    ref = {"ref": "refs/heads/by-hand", "sha": made.json()["sha"]}
    check.same("ref", client(f"{git}/refs", "POST", json=ref).status_code, 201)
    check.same("read back", _raw(client, f"/repos/{repo.full_name}", "by-hand"), NEW)
    for name, where, body, code in (
        ("no base", "trees", {"base_tree": "0" * 40, "tree": [row]}, 404),
        ("no blob", "trees", {"base_tree": tree, "tree": [row | {"sha": "0" * 40}]}, 422),
        ("bad mode", "trees", {"base_tree": tree, "tree": [row | {"mode": "1"}]}, 422),
        ("no tree", "commits", ask | {"tree": "0" * 40}, 422),
        ("no parent", "commits", ask | {"parents": ["0" * 40]}, 422),
        ("no message", "commits", {"tree": tree}, 422),
        ("no content", "blobs", {}, 422),
    ):
        check.same(name, client(f"{git}/{where}", "POST", json=body).status_code, code)
    lone = client(f"{git}/commits", "POST", json=ask | {"parents": []}).json()["sha"]
    patch = f"{git}/refs/heads/by-hand"
    check.same("no fast forward", client(patch, "PATCH", json={"sha": lone}).status_code, 422)
    forced = client(patch, "PATCH", json={"sha": lone, "force": True})
    check.same("forced", forced.json()["object"]["sha"], lone)
    empty, _ = world.store.add_repo("acme", "empty", group="acme/platform"), None
    ref["ref"] = "refs/heads/x"
    bare = client(f"/repos/{empty.full_name}/git/refs", "POST", json=ref)
    check.same("empty repository", bare.status_code, 409)


def _github_permissions(check: Checks, world: World, home: GitHubStandIn) -> None:
    """Write with tokens that may not: 401, 403 and 404 with their documented words."""
    hidden, push = world.create("hidden-hub", {NAME: TEXT}, visibility="private")
    ref = {"ref": "refs/heads/x", "sha": push.after}
    path = f"/repos/{hidden.full_name}/git/refs"

    def tried(kind: str = "classic", where: str = path, **more: object) -> tuple[int, str]:
        token = home.add_token(kind, **more)
        client = Client(home.api_url, {"Authorization": f"Bearer {token.value}"})
        answer = client(where, "POST", json=ref)
        return answer.status_code, answer.json()["message"]

    person = "Resource not accessible by personal access token"
    reads = {"contents": "read", "pull_requests": "read"}
    check.same("no scope", tried(), (404, "Not Found"))
    check.same("public scope", tried(scopes=("public_repo",)), (404, "Not Found"))
    check.same("no push", tried(scopes=("repo",), push=False), (404, "Not Found"))
    check.same("reads", tried("fine-grained", owner="acme", permissions=reads), (403, person))
    app = "Resource not accessible by integration"
    check.same("App reads", tried("installation", owner="acme", permissions=reads), (403, app))
    other = tried("fine-grained", owner="acme", permissions=FINE, repositories={"hub"})
    check.same("not selected", other, (404, "Not Found"))
    pulls = f"/repos/{hidden.full_name}/pulls"
    half = {"contents": "write"}
    check.same(
        "no pulls", tried("fine-grained", pulls, owner="acme", permissions=half), (403, person)
    )


def _github_limits(check: Checks, world: World, home: GitHubStandIn) -> None:
    """Write too much in a minute: reading goes on, writing has to wait."""
    repo, push = world.create("busy", {NAME: TEXT})
    secret = home.add_token(scopes=("repo",), user_id=77).value
    client = Client(home.api_url, {"Authorization": f"Bearer {secret}"})
    path = f"/repos/{repo.full_name}/git/refs"

    def ref(number: int) -> requests.Response:
        body = {"ref": f"refs/heads/b{number}", "sha": push.after}
        return client(path, "POST", json=body)

    home.limits.content_per_minute = 3
    answers = [ref(number) for number in range(4)]
    check.same("content limit", [one.status_code for one in answers], [201, 201, 201, 403])
    check.that("says so", "secondary rate limit" in answers[3].json()["message"])
    check.same("Retry-After", answers[3].headers["Retry-After"], "60")
    check.same("not made", "b3" in repo.branches, False)
    check.same("reading goes on", client(f"/repos/{repo.full_name}").status_code, 200)
    home.advance(61)
    check.same("a minute later", ref(3).status_code, 201)
    home.limits.content_per_minute, home.limits.content_per_hour = 80, 4
    check.same("hour", ref(5).status_code, 403)
    home.limits.content_per_hour = 500
    for name, code in (("content_limit", 403), ("head_moved", 409)):
        home.fail(name, on="POST")
        check.same(f"fault {name}", ref(6).status_code, code)
    check.same("not made either", "b6" in repo.branches, False)
    home.fail("lost_answer", on="POST")
    check.same("lost answer", ref(6).status_code, 504)
    check.same("made all the same", "b6" in repo.branches, True)
