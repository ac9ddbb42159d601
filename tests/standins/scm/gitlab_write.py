"""Writing endpoints of the GitLab stand-in: branches, commits with actions, merge requests."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from . import gitlab_pages as pages
from .gitlab_shapes import commit_shape, missing, stamp
from .server import Refusal, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from .gitlab import GitLabStandIn
    from .gitobjects import Entry
    from .model import Repo
    from .server import Call

MAINTAINER = 40
ACTIONS = ("create", "delete", "move", "update", "chmod")


def refused(message: Any, status: int = 400) -> Refusal:
    """Build a refusal with a `message`."""
    return Refusal(status, {"message": message})


def _need(body: Mapping[str, Any], *names: str) -> None:
    lacking = [f"{name} is missing" for name in names if body.get(name) in (None, "")]
    if lacking:
        raise Refusal(400, {"error": ", ".join(lacking)})


class Writing:
    """The handlers proposed changes go through."""

    def __init__(self, home: GitLabStandIn) -> None:
        self.home = home
        add, base = home.router.add, "/projects/{id}"
        add("POST", f"{base}/repository/branches", self.create_branch)
        add("DELETE", f"{base}/repository/branches/{{branch}}", self.delete_branch)
        add("POST", f"{base}/repository/commits", self.create_commit)
        add("GET", f"{base}/merge_requests", self.merge_requests)
        add("POST", f"{base}/merge_requests", self.create_merge_request)
        add("GET", f"{base}/merge_requests/{{iid}}", self.merge_request)
        add("PUT", f"{base}/merge_requests/{{iid}}", self.update_merge_request)

    def create_branch(self, call: Call) -> Response:
        """Create a branch at a ref."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        _need(body, "branch", "ref")
        if body["branch"] in repo.branches:
            raise refused("Branch already exists")
        start = repo.resolve(body["ref"])
        if start is None:
            raise refused(f"Invalid reference name: {body['ref']}")
        repo.branches[body["branch"]] = start.sha
        return json_response(self.home.reading.branch_shape(repo, body["branch"]), 201)

    def delete_branch(self, call: Call) -> Response:
        """Delete a branch; the default one cannot go."""
        repo, name = self.home.find(call, "push_code"), call.params["branch"]
        if name not in repo.branches:
            raise missing("Branch")
        if name == repo.default_branch:
            raise refused("Cannot remove HEAD branch", 405)
        del repo.branches[name]
        return json_response(None, 204)

    def create_commit(self, call: Call) -> Response:
        """Commit several actions at once, all or none."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        _need(body, "branch", "commit_message", "actions")
        branch, start = body["branch"], body.get("start_branch")
        if branch in repo.branches and start and start != branch and not body.get("force"):
            text = "already exists. Switch to that branch in order to make changes"
            raise refused(f"A branch called '{branch}' {text}")
        if branch not in repo.branches and (not start or start not in repo.branches):
            raise refused("You can only create or edit files when you are on a branch")
        if branch in repo.protected and call.token.level < MAINTAINER:
            raise refused("You are not allowed to push into this branch", 403)
        head = repo.resolve(branch if branch in repo.branches else start)
        files = dict(head.files) if head else {}
        changes: dict[str, Any] = {}
        for action in body["actions"]:
            self._apply(repo, files, changes, action)
        push = repo.push(changes, branch=branch, message=body["commit_message"], start=start)
        web = f"https://gitlab.example/{repo.path}"
        return json_response(commit_shape(repo.commits[push.after], web), 201)

    def _apply(
        self, repo: Repo, files: dict[str, Entry], changes: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """Check one action against the files so far and note its change."""
        if action.get("action") not in ACTIONS:
            raise pages.bad("actions[0][action]", "does not have a valid value")
        _need(action, "file_path")
        kind, path = action["action"], action["file_path"]
        if ".." in path.split("/") or path.startswith("/"):
            raise refused("Path cannot include directory traversal")
        if kind == "create" and path in files:
            raise refused("A file with this name already exists")
        source = action.get("previous_path", path) if kind == "move" else path
        if kind != "create" and source not in files:
            raise refused("A file with this name doesn't exist")
        known = action.get("last_commit_id")
        if kind != "create" and known and known != self._last(repo, source, files[source]):
            text = (
                "You are attempting to update a file that has changed since you started editing it."
            )
            raise refused(text)
        if kind in {"delete", "move"}:
            changes[source] = None
            del files[source]
        if kind in {"create", "update", "move"}:
            text = action.get("content") or ""
            coded = action.get("encoding") == "base64"
            data = base64.b64decode(text) if coded else text.encode()
            changes[path], files[path] = data, repo.store.write(data)

    def _last(self, repo: Repo, path: str, entry: Entry) -> str:
        """Return the latest commit that gave a path this content."""
        found = [c for c in repo.commits.values() if c.files.get(path) == entry]
        first = [c for c in found if not c.parents or c.parents[0] not in {f.sha for f in found}]
        return first[-1].sha if first else ""

    def _shape(self, repo: Repo, one: dict[str, Any]) -> dict[str, Any]:
        branch = repo.branches.get(one["source_branch"], "")
        web = f"https://gitlab.example/{repo.path}/-/merge_requests/{one['iid']}"
        fixed = {
            "project_id": repo.id,
            "sha": branch,
            "web_url": web,
            "merge_status": "can_be_merged",
        }
        return one | fixed | {"id": repo.id * 1000 + one["iid"]}

    def create_merge_request(self, call: Call) -> Response:
        """Open a merge request: 409 when one is open, 422 for a branch into itself."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        _need(body, "source_branch", "target_branch", "title")
        source, target = body["source_branch"], body["target_branch"]
        if source == target:
            raise refused(["You can't use same project/branch for source and target"], 422)
        for name, branch in (("Source", source), ("Target", target)):
            if branch not in repo.branches:
                raise refused([f'{name} branch "{branch}" does not exist'])
        for one in repo.merge_requests:
            if one["source_branch"] == source and one["state"] == "opened":
                text = "Another open merge request already exists for this source branch"
                raise refused([f"{text}: !{one['iid']}"], 409)
        when = stamp(repo.store.tick())
        one = {
            "iid": len(repo.merge_requests) + 1,
            "title": body["title"],
            "description": body.get("description", ""),
            "state": "opened",
            "source_branch": source,
            "target_branch": target,
            "author": {"username": call.token.login},
            "created_at": when,
            "draft": body["title"].lower().startswith("draft:"),
        }
        repo.merge_requests.append(one)
        return json_response(self._shape(repo, one), 201)

    def merge_requests(self, call: Call) -> Response:
        """List merge requests by state and branches."""
        repo = self.home.find(call)
        state, source, target = (
            call.arg(name) for name in ("state", "source_branch", "target_branch")
        )
        rows = [
            self._shape(repo, one)
            for one in reversed(repo.merge_requests)
            if state in {"", "all", one["state"]}
            and source in {"", one["source_branch"]}
            and target in {"", one["target_branch"]}
        ]
        page, headers = pages.offset(call, rows, self.home.here(call), "MergeRequest")
        return json_response(page, headers=headers)

    def _found(self, repo: Repo, call: Call) -> dict[str, Any]:
        for one in repo.merge_requests:
            if str(one["iid"]) == call.params["iid"]:
                return one
        raise Refusal(404, {"message": "404 Not found"})

    def merge_request(self, call: Call) -> Response:
        """Answer one merge request by its iid."""
        repo = self.home.find(call)
        return json_response(self._shape(repo, self._found(repo, call)))

    def update_merge_request(self, call: Call) -> Response:
        """Change title and description, or close and reopen."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        one = self._found(repo, call)
        event = body.get("state_event")
        if event not in {None, "close", "reopen"}:
            raise pages.bad("state_event", "does not have a valid value")
        if event:
            one["state"] = "closed" if event == "close" else "opened"
        one.update({key: body[key] for key in ("title", "description") if key in body})
        return json_response(self._shape(repo, one))
