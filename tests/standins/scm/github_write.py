"""Writing endpoints of the GitHub stand-in: refs, file contents and pull requests."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import error
from .server import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .model import Repo
    from .server import Call


def _missing(body: dict[str, Any], *names: str) -> None:
    """Refuse a body that lacks a required field."""
    for name in names:
        if body.get(name) is None:
            raise error(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')


def _failed(resource: str, **problem: str) -> Exception:
    """Build a 422 with one entry under `errors`."""
    return error(422, "Validation Failed", errors=[{"resource": resource, **problem}])


class Writing:
    """The handlers proposed changes go through."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/repos/{o}/{r}/git/ref/{ref*}", self.get_ref)
        add("POST", "/repos/{o}/{r}/git/refs", self.create_ref)
        add("DELETE", "/repos/{o}/{r}/git/refs/{ref*}", self.delete_ref)
        add("PUT", "/repos/{o}/{r}/contents/{path*}", self.put_contents)
        add("GET", "/repos/{o}/{r}/pulls", self.pulls)
        add("POST", "/repos/{o}/{r}/pulls", self.create_pull)
        add("GET", "/repos/{o}/{r}/pulls/{number}", self.pull)
        add("PATCH", "/repos/{o}/{r}/pulls/{number}", self.update_pull)
        add("PUT", "/repos/{o}/{r}/pulls/{number}/merge", self.merge)

    def _url(self, repo: Repo) -> str:
        return f"{self.home.api_url}/repos/{repo.full_name}"

    def _ref(self, repo: Repo, ref: str, sha: str) -> dict[str, Any]:
        url = self._url(repo)
        about = {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"}
        return {"ref": ref, "node_id": f"REF_{repo.id}", "url": f"{url}/git/{ref}", "object": about}

    def get_ref(self, call: Call) -> Response:
        """Answer one ref, heads/… or tags/…."""
        repo, ref = self.home.find(call, "contents"), call.params["ref"]
        names = repo.branches if ref.startswith("heads/") else repo.tags
        sha = names.get(ref.partition("/")[2])
        if sha is None:
            raise error(404, "Not Found")
        return json_response(self._ref(repo, f"refs/{ref}", sha))

    def create_ref(self, call: Call) -> Response:
        """Create a branch at a commit."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        _missing(body, "ref", "sha")
        ref, sha = body["ref"], body["sha"]
        if not ref.startswith("refs/") or ref.count("/") < 2:
            raise error(422, "Reference name is invalid")
        names = repo.branches if ref.startswith("refs/heads/") else repo.tags
        name = ref.split("/", 2)[2]
        if name in names:
            raise error(422, "Reference already exists")
        if sha not in repo.commits:
            raise error(422, "Object does not exist")
        names[name] = sha
        return json_response(self._ref(repo, ref, sha), 201)

    def delete_ref(self, call: Call) -> Response:
        """Delete a branch."""
        repo = self.home.find(call, "contents", "write")
        name = call.params["ref"].removeprefix("heads/")
        if name not in repo.branches:
            raise error(422, "Reference does not exist")
        del repo.branches[name]
        return json_response(None, 204)

    def put_contents(self, call: Call) -> Response:
        """Create or update one file: 409 on a stale sha, 422 when it is missing."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        _missing(body, "message", "content")
        branch, path = body.get("branch", repo.default_branch), call.params["path"]
        if branch not in repo.branches and repo.commits:
            raise error(404, f"Branch {branch} not found")
        if branch in repo.protected:
            text = "Changes must be made through a pull request."
            raise error(409, f"Could not update file: {text}")
        try:
            data = base64.b64decode("".join(body["content"].split()), validate=True)
        except (binascii.Error, ValueError):
            raise error(422, "content is not valid Base64") from None
        head = repo.resolve(branch)
        old = head.files.get(path) if head else None
        if old and not body.get("sha"):
            raise error(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if old and body["sha"] != old.sha:
            raise error(409, f"{path} does not match {body['sha']}")
        push = repo.push({path: data}, branch=branch, message=body["message"])
        commit = repo.commits[push.after]
        meta = shapes.file_meta(path, commit.files[path], self._url(repo), branch)
        made = {"content": meta, "commit": shapes.commit(commit, self._url(repo))["commit"]}
        made["commit"]["sha"] = commit.sha
        return json_response(made, 200 if old else 201)

    def create_pull(self, call: Call) -> Response:
        """Open a pull request; the four documented reasons give 422."""
        repo, body = self.home.find(call, "pull_requests", "write"), self.home.body(call)
        for name in ("title", "head", "base"):
            if not body.get(name):
                raise _failed("PullRequest", field=name, code="missing_field")
        head, base = body["head"].removeprefix(f"{repo.owner}:"), body["base"]
        for name, branch in (("head", head), ("base", base)):
            if branch not in repo.branches:
                raise _failed("PullRequest", field=name, code="invalid")
        if any(
            p["head"] == head and p["base"] == base and p["state"] == "open" for p in repo.pulls
        ):
            text = f"A pull request already exists for {repo.owner}:{head}."
            raise _failed("PullRequest", code="custom", message=text)
        known = {commit.sha for commit in repo.ancestors(repo.branches[base])}
        if repo.branches[head] in known:
            text = f"No commits between {base} and {head}"
            raise _failed("PullRequest", code="custom", message=text)
        one = {
            "number": len(repo.pulls) + 1,
            "state": "open",
            "title": body["title"],
            "body": body.get("body"),
            "draft": bool(body.get("draft")),
            "merged": False,
            "head": head,
            "base": base,
            "login": call.token.login,
            "created": repo.store.tick(),
        }
        repo.pulls.append(one)
        return json_response(shapes.pull(one, repo, self._url(repo)), 201)

    def pulls(self, call: Call) -> Response:
        """List pull requests by state, head and base."""
        repo = self.home.find(call, "pull_requests")
        state, head, base = call.arg("state", "open"), call.arg("head"), call.arg("base")
        rows = [
            shapes.pull(one, repo, self._url(repo))
            for one in reversed(repo.pulls)
            if state in {"all", one["state"]}
            and head in {"", f"{repo.owner}:{one['head']}"}
            and base in {"", one["base"]}
        ]
        page, headers = self.home.page(call, rows, f"/repositories/{repo.id}/pulls")
        return json_response(page, headers=headers)

    def _pull(self, repo: Repo, call: Call) -> dict[str, Any]:
        for one in repo.pulls:
            if str(one["number"]) == call.params["number"]:
                return one
        raise error(404, "Not Found")

    def pull(self, call: Call) -> Response:
        """Answer one pull request."""
        repo = self.home.find(call, "pull_requests")
        return json_response(shapes.pull(self._pull(repo, call), repo, self._url(repo)))

    def update_pull(self, call: Call) -> Response:
        """Change title, body, base or state."""
        repo, body = self.home.find(call, "pull_requests", "write"), self.home.body(call)
        one = self._pull(repo, call)
        if body.get("state", "open") not in {"open", "closed"}:
            raise _failed("PullRequest", field="state", code="invalid")
        wanted = ("title", "body", "state", "base")
        one.update({key: value for key, value in body.items() if key in wanted})
        return json_response(shapes.pull(one, repo, self._url(repo)))

    def merge(self, call: Call) -> Response:
        """Merge a pull request; 405 when it is not open, 409 when its head has moved."""
        repo, body = (
            self.home.find(call, "contents", "write"),
            self.home.body(call, optional=True),
        )
        one = self._pull(repo, call)
        if one["state"] != "open":
            raise error(405, "Pull Request is not mergeable")
        head = repo.commits[repo.branches[one["head"]]]
        if body.get("sha", head.sha) != head.sha:
            raise error(409, "Head branch was modified. Review and try the merge again.")
        repo.branches[one["base"]] = head.sha
        one.update(state="closed", merged=True)
        text = "Pull Request successfully merged"
        return json_response({"sha": head.sha, "merged": True, "message": text})
