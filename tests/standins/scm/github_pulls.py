"""Pull requests of the GitHub stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import error
from .github_write import failed
from .merging import accept, head_of, history, is_mergeable, open_one, reopen, same_open, shut
from .server import json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .model import Proposal, Repo
    from .server import Call

METHODS = ("merge", "squash", "rebase")


class Pulls:
    """The handlers below /pulls."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/repos/{o}/{r}/pulls", self.list)
        add("POST", "/repos/{o}/{r}/pulls", self.create)
        add("GET", "/repos/{o}/{r}/pulls/{number}", self.one)
        add("PATCH", "/repos/{o}/{r}/pulls/{number}", self.update)
        add("PUT", "/repos/{o}/{r}/pulls/{number}/merge", self.merge)

    def _short(self, repo: Repo, one: Proposal) -> dict[str, Any]:
        return shapes.pull(one, repo, f"{self.home.api_url}/repos/{repo.full_name}")

    def _whole(self, repo: Repo, one: Proposal, *, mergeable: bool | None) -> dict[str, Any]:
        """Add what lists leave out; `mergeable` is null until GitHub has tried it."""
        state = {None: "unknown", True: "clean", False: "dirty"}[mergeable]
        more = {"merged": one.state == "merged", "mergeable": mergeable, "mergeable_state": state}
        return self._short(repo, one) | more | {"maintainer_can_modify": False}

    def create(self, call: Call) -> Response:
        """Open a pull request; the documented reasons give 422."""
        repo, body = self.home.find(call, "pull_requests", "write"), self.home.body(call)
        for name in ("head", "base", *(() if body.get("issue") else ("title",))):
            if not body.get(name):
                raise failed("PullRequest", field=name, code="missing_field")
        head, base = body["head"].removeprefix(f"{repo.owner}:"), body["base"]
        for name, branch in (("head", head), ("base", base)):
            if branch not in repo.branches:
                raise failed("PullRequest", field=name, code="invalid")
        self._refuse(repo, head, base)
        one = open_one(
            repo.store,
            repo.pulls,
            title=body.get("title") or f"Issue {body['issue']}",
            source=head,
            target=base,
            login=call.token.login if call.token.kind != "installation" else "",
            body=body.get("body"),
            draft=bool(body.get("draft")),
        )
        made = self._whole(repo, one, mergeable=None)
        return json_response(made, 201, {"Location": made["url"]})

    def _refuse(self, repo: Repo, head: str, base: str, own: Proposal | None = None) -> None:
        """Refuse a second one for the same branches, and one without commits."""
        other = same_open(repo.pulls, head, base)
        if other is not None and other is not own:
            text = f"A pull request already exists for {repo.owner}:{head}."
            raise failed("PullRequest", code="custom", message=text)
        if repo.branches[head] in history(repo, repo.branches[base]):
            text = f"No commits between {base} and {head}"
            raise failed("PullRequest", code="custom", message=text)

    def list(self, call: Call) -> Response:
        """List pull requests by state, head and base."""
        repo = self.home.find(call, "pull_requests")
        state, head, base = call.arg("state", "open"), call.arg("head"), call.arg("base")
        rows = [
            self._short(repo, one)
            for one in reversed(repo.pulls)
            if (state == "all" or (state == "open") == (one.state == "open"))
            and head in {"", f"{repo.owner}:{one.source}"}
            and base in {"", one.target}
        ]
        page, headers = self.home.page(call, rows, f"/repositories/{repo.id}/pulls")
        return json_response(page, headers=headers)

    def _found(self, repo: Repo, call: Call) -> Proposal:
        for one in repo.pulls:
            if str(one.number) == call.params["number"]:
                return one
        raise error(404, "Not Found")

    def one(self, call: Call) -> Response:
        """Answer one pull request."""
        repo = self.home.find(call, "pull_requests")
        one = self._found(repo, call)
        able = is_mergeable(repo, one) if one.state == "open" else None
        return json_response(self._whole(repo, one, mergeable=able))

    def update(self, call: Call) -> Response:
        """Change title, body, base or state; a merged one stays merged."""
        repo, body = self.home.find(call, "pull_requests", "write"), self.home.body(call)
        one = self._found(repo, call)
        state = body.get("state")
        if state not in {None, "open", "closed"}:
            raise failed("PullRequest", field="state", code="invalid")
        if state == "open" and one.state == "merged":
            text = "The pull request cannot be reopened."
            raise failed("PullRequest", field="state", code="custom", message=text)
        if state == "open" and one.state == "closed":
            if one.source not in repo.branches:
                text = f"state cannot be changed. The {one.source} branch has been deleted."
                raise failed("PullRequest", field="state", code="invalid", message=text)
            self._refuse(repo, one.source, one.target, one)
            reopen(repo, one)
        if state == "closed" and one.state == "open":
            shut(repo, one)
        if body.get("base", one.target) not in repo.branches:
            raise failed("PullRequest", field="base", code="invalid")
        one.title, one.body = body.get("title", one.title), body.get("body", one.body)
        one.target, one.updated = body.get("base", one.target), repo.store.tick()
        able = is_mergeable(repo, one) if one.state == "open" else None
        return json_response(self._whole(repo, one, mergeable=able))

    def merge(self, call: Call) -> Response:
        """Merge; 405 when it is not open or conflicts, 409 when its head has moved."""
        repo = self.home.find(call, "contents", "write")
        body, one = self.home.body(call, optional=True), self._found(repo, call)
        method = body.get("merge_method", "merge")
        if method not in METHODS:
            raise error(422, "Invalid merge_method")
        if one.state != "open" or one.draft:
            raise error(405, "Pull Request is not mergeable")
        if body.get("sha", head_of(repo, one)) != head_of(repo, one):
            raise error(409, "Head branch was modified. Review and try the merge again.")
        title = body.get("commit_title") or f"Merge pull request #{one.number}"
        message = f"{title}\n\n{body.get('commit_message', one.title)}"
        push = accept(repo, one, message=message, squash=method != "merge")
        if push is None:
            raise error(405, "Pull Request is not mergeable")
        text = "Pull Request successfully merged"
        return json_response({"sha": push.after, "merged": True, "message": text})
