"""Proves that a proposed change comes back through the reading endpoints of GitLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .check_proposals import NAME, NEW, TEXT
from .checks import Client
from .world import make_world

if TYPE_CHECKING:
    from .checks import Checks
    from .gitlab import GitLabStandIn
    from .world import World


def run(check: Checks) -> None:
    """Run everything against a world of a handful of repositories."""
    world = make_world(20, 7)
    with world.gitlab() as home:
        _gitlab(check, world, home)
        _gitlab_files(check, world, home)
        _gitlab_refusals(check, world, home)


def _gitlab(check: Checks, world: World, home: GitLabStandIn) -> None:
    """Commit on a new branch, open, close, reopen, merge; read the merged text back."""
    repo, first = world.create("lab", {NAME: TEXT, "other": "1\n"})
    writer = Client(home.api_url, {"PRIVATE-TOKEN": home.add_token(scopes=("api",)).value})
    base = f"/projects/{repo.id}"
    where = f"{base}/repository/files/{NAME}"
    known = writer(f"{where}?ref=main").json()["last_commit_id"]
    check.same("last commit", known, first.after)
    world.change(repo, "other", "2\n")
    check.same("of this file", writer(f"{where}?ref=main").json()["last_commit_id"], first.after)
    update = {"action": "update", "file_path": NAME, "content": NEW, "last_commit_id": known}
    ask = {"branch": "fix", "start_branch": "main", "commit_message": "m", "actions": [update]}
    answer = writer(f"{base}/repository/commits", "POST", json=ask)
    check.same("committed", answer.status_code, 201)
    check.same("main untouched", writer(f"{where}/raw?ref=main").text, TEXT)
    merge = {"source_branch": "fix", "target_branch": "main", "title": "Fix", "description": "d"}
    merges = f"{base}/merge_requests"
    made = writer(merges, "POST", json=merge | {"remove_source_branch": True}).json()
    check.same("opened", (made["state"], made["sha"]), ("opened", answer.json()["id"]))
    check.same("unchecked", made["detailed_merge_status"], "unchecked")
    twice = writer(merges, "POST", json=merge)
    wanted = "Another open merge request already exists for this source branch: !1"
    check.same("twice", (twice.status_code, twice.json()["message"]), (409, [wanted]))
    world.close_proposal(repo)
    seen = writer(f"{merges}/1").json()
    check.that("closed", seen["state"] == "closed" and seen["closed_at"], seen)
    writer(f"{merges}/1", "PUT", json={"state_event": "reopen"})
    home.fail("lost_answer", on="PUT")
    lost = writer(f"{merges}/1", "PUT", json={"title": "Renamed"}).status_code
    check.same("lost answer", (lost, repo.merge_requests[0].title), (504, "Renamed"))
    check.same("mergeable", writer(f"{merges}/1").json()["detailed_merge_status"], "mergeable")
    push = world.merge_proposal(repo)
    check.same("read back", writer(f"{where}/raw?ref=main").text, NEW)
    seen = writer(f"{merges}/1").json()
    check.same("merged", (seen["state"], seen["merge_commit_sha"]), ("merged", push.after))
    check.same("source removed", "fix" in repo.branches, False)
    last = writer(f"{where}?ref=main").json()["last_commit_id"]
    check.same("last commit behind the merge", last, answer.json()["id"])
    check.same("merged list", len(writer(f"{merges}?state=merged").json()), 1)
    check.same("bad state", writer(f"{merges}?state=open").status_code, 400)
    stale = writer(f"{base}/repository/commits", "POST", json=ask)
    text = f"The file has changed since you started editing it: {NAME}"
    check.same("stale", (stale.status_code, stale.json()["message"]), (400, text))


def _gitlab_files(check: Checks, world: World, home: GitLabStandIn) -> None:
    """Do the same through the files API, and meet a conflict when merging."""
    repo, first = world.create("lab-files", {NAME: TEXT})
    writer = Client(home.api_url, {"PRIVATE-TOKEN": home.add_token(scopes=("api",)).value})
    base = f"/projects/{repo.id}"
    where = f"{base}/repository/files/{NAME}"
    put = {"branch": "fix", "start_branch": "main", "commit_message": "m", "content": NEW}
    stale = writer(where, "PUT", json=put | {"last_commit_id": "0" * 40})
    check.that("stale", stale.status_code == 400 and "has changed" in stale.text, stale.text)
    good = writer(where, "PUT", json=put | {"last_commit_id": first.after})
    check.same("updated", good.json(), {"file_path": NAME, "branch": "fix"})
    check.same("exists", writer(where, "POST", json=put | {"branch": "g"}).status_code, 400)
    other = f"{base}/repository/files/docs%2Fnew.md"
    check.same("created", writer(other, "POST", json=put | {"branch": "new"}).status_code, 201)
    gone = writer(f"{other}?branch=new&commit_message=m", "DELETE")
    check.same("deleted", gone.status_code, 204)
    check.same(
        "no content",
        writer(where, "PUT", json={"branch": "x", "commit_message": "m"}).status_code,
        400,
    )
    world.change(repo, NAME, TEXT.replace("team-a", "team-z"))
    ask = {"source_branch": "fix", "target_branch": "main", "title": "Draft: x"}
    merges = f"{base}/merge_requests"
    check.same("draft", writer(merges, "POST", json=ask).json()["draft"], True)
    check.same("draft waits", writer(f"{merges}/1/merge", "PUT", json={}).status_code, 405)
    writer(f"{merges}/1", "PUT", json={"state_event": "close"})
    writer(merges, "POST", json=ask | {"title": "x"})
    check.same("conflicts", writer(f"{merges}/2").json()["has_conflicts"], True)
    moved = writer(f"{merges}/2/merge", "PUT", json={"sha": "0" * 40})
    check.same("moved", moved.status_code, 409)
    answer = writer(f"{merges}/2/merge", "PUT", json={})
    check.same(
        "conflict", (answer.status_code, answer.json()["message"]), (422, "Branch cannot be merged")
    )
    reopen = writer(f"{merges}/1", "PUT", json={"state_event": "reopen"})
    check.same("reopened beside another", reopen.status_code, 409)


def _gitlab_refusals(check: Checks, world: World, home: GitLabStandIn) -> None:
    """Write with tokens that may not, and with actions that do not fit."""
    repo, _ = world.create("lab-closed", {NAME: TEXT}, visibility="private")
    base = f"/projects/{repo.id}"
    action = {"action": "update", "file_path": NAME, "content": NEW}
    ask = {"branch": "fix", "start_branch": "main", "commit_message": "m", "actions": [action]}

    def tried(body: dict[str, object] = ask, **more: object) -> tuple[int, dict[str, object]]:
        secret = home.add_token(**({"scopes": ("api",)} | more)).value
        client = Client(home.api_url, {"PRIVATE-TOKEN": secret})
        answer = client(f"{base}/repository/commits", "POST", json=body)
        return answer.status_code, answer.json()

    code, body = tried(scopes=("read_api", "read_repository"))
    check.same("scope", (code, body["error"], body["scope"]), (403, "insufficient_scope", "api"))
    check.that("scope says", "higher privileges" in str(body["error_description"]), body)
    check.same("reporter", tried(level=20), (403, {"message": "403 Forbidden"}))
    check.same("stranger", tried(groups=("else",))[0], 404)
    anonymous = Client(home.api_url)(f"{base}/repository/commits", "POST", json=ask)
    check.same("anonymous", anonymous.status_code, 404)
    wrong = tried(ask | {"actions": [action | {"action": "fly"}]})
    check.same(
        "no such action", wrong, (400, {"error": "actions[0][action] does not have a valid value"})
    )
    wrong = tried(ask | {"actions": [{"action": "update"}]})
    check.same("no path", wrong, (400, {"error": "actions[0][file_path] is missing"}))
    check.same("no list", tried(ask | {"actions": "all"})[0], 400)
    check.same("no start", tried(ask | {"start_branch": "gone"})[0], 400)
    repo.protected.add("main")
    text = "403 Forbidden - You are not allowed to push into this branch"
    check.same("protected", tried(ask | {"branch": "main"}), (403, {"message": text}))
    check.same("maintainer", tried(ask | {"branch": "main"}, level=40)[0], 201)
    world.archive(repo)
    check.same("archived", tried()[0], 403)
