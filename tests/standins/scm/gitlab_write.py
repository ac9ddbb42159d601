"""Writing endpoints of the GitLab stand-in: branches, commits with actions, single files."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from . import gitlab_pages as pages
from .gitlab_shapes import commit_shape, missing
from .merging import drop_branch, last_change
from .server import Refusal, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from .gitlab import GitLabStandIn
    from .gitobjects import Commit, Entry
    from .model import Repo
    from .server import Call

MAINTAINER = 40
ACTIONS = ("create", "delete", "move", "update", "chmod")
NO_PUSH = "You are not allowed to push into this branch"
STALE = "You are attempting to update a file that has changed since you started editing it."


def refused(message: Any, status: int = 400) -> Refusal:
    """Build a refusal with a `message`."""
    return Refusal(status, {"message": message})


def need(body: Mapping[str, Any], *names: str, within: str = "") -> None:
    """Refuse a body that lacks a required parameter."""
    known = {name: f"{within}[{name}]" if within else name for name in names}
    lacking = [f"{known[name]} is missing" for name in names if body.get(name) in (None, "", [])]
    if lacking:
        raise Refusal(400, {"error": ", ".join(lacking)})


def may_push(repo: Repo, branch: str, level: int) -> bool:
    """Say whether a role may push to a branch."""
    return branch not in repo.protected or level >= MAINTAINER


class Writing:
    """The handlers that make branches and commits."""

    def __init__(self, home: GitLabStandIn) -> None:
        self.home = home
        add, base = home.router.add, "/projects/{id}"
        add("POST", f"{base}/repository/branches", self.create_branch)
        add("DELETE", f"{base}/repository/branches/{{branch}}", self.delete_branch)
        add("POST", f"{base}/repository/commits", self.create_commit)
        for method, kind in (("POST", "create"), ("PUT", "update"), ("DELETE", "delete")):
            add(method, f"{base}/repository/files/{{path}}", self._one_file(kind))

    def create_branch(self, call: Call) -> Response:
        """Create a branch at a ref."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        need(body, "branch", "ref")
        if any(mark in body["branch"] for mark in (" ", "..", "~", "^", ":", "\\")):
            raise refused("Branch name is invalid")
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
        if name in repo.protected:
            raise refused("Protected branch cannot be removed", 403)
        drop_branch(repo, name)
        return json_response(None, 204)

    def create_commit(self, call: Call) -> Response:
        """Commit several actions at once, all or none."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        need(body, "branch", "commit_message", "actions")
        if not may_push(repo, body["branch"], call.token.level):
            raise refused(f"403 Forbidden - {NO_PUSH}", 403)
        if not isinstance(body["actions"], list):
            raise pages.bad("actions")
        for number, action in enumerate(body["actions"]):
            within = f"actions[{number}]"
            if action.get("action") not in ACTIONS:
                raise pages.bad(f"{within}[action]", "does not have a valid value")
            need(action, "file_path", within=within)
            if action.get("encoding", "text") not in {"text", "base64"}:
                raise pages.bad(f"{within}[encoding]", "does not have a valid value")
        commit = self._commit(repo, body, body["actions"])
        web = f"https://gitlab.example/{repo.path}"
        return json_response(commit_shape(commit, web) | {"status": None}, 201)

    def _one_file(self, kind: str) -> Any:
        """Return the handler that creates, updates or deletes one file."""

        def handle(call: Call) -> Response:
            repo, body = self.home.find(call, "push_code"), self.home.body(call)
            need(body, "branch", "commit_message")
            if kind != "delete" and "content" not in body:
                raise pages.bad("content", "is missing")
            if not may_push(repo, body["branch"], call.token.level):
                raise refused(NO_PUSH)
            path = call.params["path"]
            try:
                self._commit(repo, body, [body | {"action": kind, "file_path": path}])
            except Refusal as refusal:
                if "has changed" in str(refusal.body):
                    raise refused(STALE) from None
                raise
            if kind == "delete":
                return json_response(None, 204)
            made = {"file_path": path, "branch": body["branch"]}
            return json_response(made, 201 if kind == "create" else 200)

        return handle

    def _commit(self, repo: Repo, body: dict[str, Any], actions: list[dict[str, Any]]) -> Commit:
        """Check the branches, apply the actions to their start and push."""
        branch, start = body["branch"], body.get("start_branch")
        if branch in repo.branches and start and start != branch and not body.get("force"):
            text = "already exists. Switch to that branch in order to make changes"
            raise refused(f"A branch called '{branch}' {text}")
        origin = start or branch
        if origin not in repo.branches and repo.commits:
            raise refused("You can only create or edit files when you are on a branch")
        head = repo.resolve(origin) if repo.commits else None
        files = dict(head.files) if head else {}
        changes: dict[str, Any] = {}
        for action in actions:
            self._apply(repo, head, files, changes, action)
        push = repo.push(changes, branch=branch, message=body["commit_message"], start=start)
        return repo.commits[push.after]

    def _apply(
        self,
        repo: Repo,
        head: Commit | None,
        files: dict[str, Entry],
        changes: dict[str, Any],
        action: dict[str, Any],
    ) -> None:
        """Check one action against the files so far and note its change."""
        kind, path = action["action"], action["file_path"]
        if {"..", ".git", ""} & set(path.split("/")):
            raise refused("Path cannot include directory traversal")
        source = action.get("previous_path", path) if kind == "move" else path
        known = action.get("last_commit_id")
        checked = kind != "create" and known and head and source in head.files
        if checked and head and known != last_change(repo, head, source).sha:
            raise refused(f"The file has changed since you started editing it: {source}")
        if kind in {"create", "move"} and path in files:
            raise refused("A file with this name already exists")
        if kind != "create" and source not in files:
            raise refused("A file with this name doesn't exist")
        if kind in {"delete", "move"}:
            changes[source], old = None, files.pop(source)
            if kind == "move" and action.get("content") is None:
                changes[path], files[path] = repo.store.blobs[old.sha], old
                return
        if kind in {"create", "update", "move"}:
            data = self._content(action)
            changes[path], files[path] = data, repo.store.write(data)

    def _content(self, action: dict[str, Any]) -> bytes:
        """Return the bytes an action brings."""
        text = action.get("content") or ""
        if action.get("encoding") != "base64":
            return str(text).encode()
        try:
            return base64.b64decode(text, validate=False)
        except (binascii.Error, ValueError):
            raise refused("invalid base64") from None
