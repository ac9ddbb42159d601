"""Writing endpoints of the GitHub stand-in: refs and file contents."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import error
from .merging import drop_branch, history
from .server import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .model import Repo
    from .server import Call

BAD_REF = re.compile(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|[./]$")
THROUGH_PULLS = "Changes must be made through a pull request."


def missing(body: dict[str, Any], *names: str) -> None:
    """Refuse a body that lacks a required field."""
    for name in names:
        if body.get(name) is None:
            raise error(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')


def failed(resource: str, **problem: str) -> Exception:
    """Build a 422 with one entry under `errors`."""
    return error(422, "Validation Failed", errors=[{"resource": resource, **problem}])


def not_empty(repo: Repo) -> None:
    """Refuse what a repository without a commit has not got."""
    if not repo.commits:
        raise error(409, "Git Repository is empty.")


def decoded(text: str) -> bytes:
    """Return the bytes of a base64 field, with or without line breaks."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise error(422, "content is not valid Base64") from None


class Writing:
    """The handlers of refs and of the contents API."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/repos/{o}/{r}/git/ref/{ref*}", self.get_ref)
        add("GET", "/repos/{o}/{r}/git/matching-refs/{ref*}", self.matching_refs)
        add("POST", "/repos/{o}/{r}/git/refs", self.create_ref)
        add("PATCH", "/repos/{o}/{r}/git/refs/{ref*}", self.update_ref)
        add("DELETE", "/repos/{o}/{r}/git/refs/{ref*}", self.delete_ref)
        add("PUT", "/repos/{o}/{r}/contents/{path*}", self.put_contents)

    def _url(self, repo: Repo) -> str:
        return f"{self.home.api_url}/repos/{repo.full_name}"

    def _ref(self, repo: Repo, ref: str, sha: str) -> dict[str, Any]:
        url = self._url(repo)
        about = {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"}
        return {"ref": ref, "node_id": f"REF_{repo.id}", "url": f"{url}/git/{ref}", "object": about}

    def get_ref(self, call: Call) -> Response:
        """Answer one ref, heads/… or tags/…; a prefix of a name is not found."""
        repo, ref = self.home.find(call, "contents"), call.params["ref"]
        not_empty(repo)
        names = repo.branches if ref.startswith("heads/") else repo.tags
        sha = names.get(ref.partition("/")[2])
        if sha is None:
            raise error(404, "Not Found")
        return json_response(self._ref(repo, f"refs/{ref}", sha))

    def matching_refs(self, call: Call) -> Response:
        """Answer every ref that starts with a text, none being an empty list."""
        repo, start = self.home.find(call, "contents"), f"refs/{call.params['ref']}"
        named = {f"refs/heads/{name}": sha for name, sha in repo.branches.items()}
        named |= {f"refs/tags/{name}": sha for name, sha in repo.tags.items()}
        found = sorted(name for name in named if name.startswith(start))
        return json_response([self._ref(repo, name, named[name]) for name in found])

    def create_ref(self, call: Call) -> Response:
        """Create a branch or tag at a commit."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        not_empty(repo)
        missing(body, "ref", "sha")
        ref, sha = str(body["ref"]), body["sha"]
        if not ref.startswith("refs/") or ref.count("/") < 2 or BAD_REF.search(ref):
            raise error(422, "Reference name is invalid")
        names = repo.branches if ref.startswith("refs/heads/") else repo.tags
        name = ref.split("/", 2)[2]
        if name in names:
            raise error(422, "Reference already exists")
        if any(
            f"{one}/".startswith(f"{name}/") or f"{name}/".startswith(f"{one}/") for one in names
        ):
            raise error(422, "Reference update failed")
        if sha not in repo.commits:
            raise error(422, "Object does not exist")
        names[name] = sha
        return json_response(self._ref(repo, ref, sha), 201)

    def update_ref(self, call: Call) -> Response:
        """Move a branch, only forward unless forced."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        missing(body, "sha")
        name, sha = call.params["ref"].removeprefix("heads/"), body["sha"]
        if name not in repo.branches:
            raise error(422, "Reference does not exist")
        if sha not in repo.commits:
            raise error(422, "Object does not exist")
        if name in repo.protected:
            text = f"Protected branch update failed for refs/heads/{name}.\n* {THROUGH_PULLS}"
            raise error(422, text)
        if not body.get("force") and repo.branches[name] not in history(repo, sha):
            raise error(422, "Update is not a fast forward")
        repo.branches[name] = sha
        return json_response(self._ref(repo, f"refs/heads/{name}", sha))

    def delete_ref(self, call: Call) -> Response:
        """Delete a branch; what was proposed from it is closed."""
        repo = self.home.find(call, "contents", "write")
        name = call.params["ref"].removeprefix("heads/")
        if name not in repo.branches:
            raise error(422, "Reference does not exist")
        drop_branch(repo, name)
        return json_response(None, 204)

    def put_contents(self, call: Call) -> Response:
        """Create or update one file: 409 on a stale sha, 422 when it is missing."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        missing(body, "message", "content")
        branch, path = body.get("branch") or repo.default_branch, call.params["path"]
        if {"", ".", "..", ".git"} & set(path.split("/")):
            raise error(422, "path contains a malformed path component")
        if branch not in repo.branches and repo.commits:
            raise error(404, f"Branch {branch} not found")
        if branch in repo.protected:
            raise error(409, f"Could not update file: {THROUGH_PULLS}")
        data = decoded(body["content"])
        head = repo.resolve(branch)
        old = head.files.get(path) if head else None
        if old and not body.get("sha"):
            raise error(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if old and body["sha"] != old.sha:
            raise error(409, f"{path} does not match {body['sha']}")
        push = repo.push({path: data}, branch=branch, message=body["message"])
        commit = repo.commits[push.after]
        meta = shapes.file_meta(path, commit.files[path], self._url(repo), branch)
        made = {"content": meta, "commit": shapes.git_commit(commit, self._url(repo))}
        return json_response(made, 200 if old else 201)
