"""Merge requests of the GitLab stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import gitlab_pages as pages
from .gitlab_shapes import stamp
from .gitlab_write import may_push, need, refused
from .merging import (
    accept,
    drop_branch,
    head_of,
    is_mergeable,
    open_one,
    reopen,
    same_open,
    shut,
)
from .server import Refusal, json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .gitlab import GitLabStandIn
    from .model import Proposal, Repo
    from .server import Call

STATES = {"opened": "open", "closed": "closed", "merged": "merged", "locked": "locked"}


class MergeRequests:
    """The handlers below /merge_requests."""

    def __init__(self, home: GitLabStandIn) -> None:
        self.home = home
        add, base = home.router.add, "/projects/{id}/merge_requests"
        add("GET", base, self.list)
        add("POST", base, self.create)
        add("GET", f"{base}/{{iid}}", self.one)
        add("PUT", f"{base}/{{iid}}", self.update)
        add("PUT", f"{base}/{{iid}}/merge", self.merge)

    def _shape(self, repo: Repo, one: Proposal, *, checked: bool = True) -> dict[str, Any]:
        """Return a merge request; right after its making GitLab has not tried the merge yet."""
        fits = is_mergeable(repo, one)
        status = ("can_be_merged" if fits else "cannot_be_merged") if checked else "unchecked"
        detail = "not_open" if one.state != "open" else "mergeable" if fits else "conflict"
        if one.draft and one.state == "open":
            detail = "draft_status"
        return {
            "id": repo.id * 1000 + one.number,
            "iid": one.number,
            "project_id": repo.id,
            "title": one.title,
            "description": one.body,
            "state": "opened" if one.state == "open" else one.state,
            "created_at": stamp(one.created),
            "updated_at": stamp(one.updated),
            "merged_at": stamp(one.merged) if one.merged else None,
            "closed_at": stamp(one.closed) if one.closed and not one.merged else None,
            "source_branch": one.source,
            "target_branch": one.target,
            "source_project_id": repo.id,
            "target_project_id": repo.id,
            "author": {"id": 1, "username": one.login, "state": "active"},
            "draft": one.draft,
            "merge_status": status,
            "detailed_merge_status": detail if checked else "unchecked",
            "has_conflicts": checked and one.state == "open" and not fits,
            "sha": head_of(repo, one) or None,
            "merge_commit_sha": None if one.squash else one.merge_sha or None,
            "squash_commit_sha": one.merge_sha or None if one.squash else None,
            "squash": one.squash,
            "should_remove_source_branch": None,
            "force_remove_source_branch": one.remove_source,
            "references": {"short": f"!{one.number}", "full": f"{repo.path}!{one.number}"},
            "web_url": f"https://gitlab.example/{repo.path}/-/merge_requests/{one.number}",
        }

    def create(self, call: Call) -> Response:
        """Open a merge request: 409 when one is open, 422 for a branch into itself."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        need(body, "title", "source_branch", "target_branch")
        source, target, title = body["source_branch"], body["target_branch"], body["title"]
        if source == target:
            raise refused(["You can't use same project/branch for source and target"], 422)
        for name, branch in (("Source", source), ("Target", target)):
            if branch not in repo.branches:
                raise refused([f'{name} branch "{branch}" does not exist'])
        self._alone(repo, source, target)
        one = open_one(
            repo.store,
            repo.merge_requests,
            title=title,
            source=source,
            target=target,
            login=call.token.login,
            body=body.get("description"),
            draft=title.lower().startswith(("draft:", "[draft]", "(draft)")),
            squash=_true(body.get("squash")),
            remove_source=_true(body.get("remove_source_branch")),
        )
        return json_response(self._shape(repo, one, checked=False), 201)

    def _alone(self, repo: Repo, source: str, target: str) -> None:
        """Refuse a second open one between the same branches, naming the first."""
        other = same_open(repo.merge_requests, source, target)
        if other is not None:
            text = "Another open merge request already exists for this source branch"
            raise refused([f"{text}: !{other.number}"], 409)

    def list(self, call: Call) -> Response:
        """List merge requests by state, branches and iids."""
        repo = self.home.find(call)
        state, source, target = (
            call.arg(name) for name in ("state", "source_branch", "target_branch")
        )
        if state not in {"", "all", *STATES}:
            raise pages.bad("state", "does not have a valid value")
        iids = call.request.args.getlist("iids[]")
        rows = [
            self._shape(repo, one)
            for one in reversed(repo.merge_requests)
            if state in {"", "all"} or STATES[state] == one.state
            if source in {"", one.source} and target in {"", one.target}
            if not iids or str(one.number) in iids
        ]
        page, headers = pages.offset(call, rows, self.home.here(call), "MergeRequest")
        return json_response(page, headers=headers)

    def _found(self, repo: Repo, call: Call) -> Proposal:
        for one in repo.merge_requests:
            if str(one.number) == call.params["iid"]:
                return one
        raise Refusal(404, {"message": "404 Not found"})

    def one(self, call: Call) -> Response:
        """Answer one merge request by its iid."""
        repo = self.home.find(call)
        return json_response(self._shape(repo, self._found(repo, call)))

    def update(self, call: Call) -> Response:
        """Change title and description, or close and reopen; a merged one stays merged."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        one, event = self._found(repo, call), body.get("state_event")
        if event not in {None, "close", "reopen"}:
            raise pages.bad("state_event", "does not have a valid value")
        known = {"title", "description", "state_event", "target_branch", "remove_source_branch"}
        if not known & set(body):
            names = ", ".join(sorted(known))
            raise pages.bad(names, "are missing, at least one parameter must be provided")
        if event == "close" and one.state == "open":
            shut(repo, one)
        if event == "reopen" and one.state == "closed":
            self._alone(repo, one.source, one.target)
            reopen(repo, one)
        one.title, one.body = body.get("title", one.title), body.get("description", one.body)
        one.target, one.updated = body.get("target_branch", one.target), repo.store.tick()
        return json_response(self._shape(repo, one))

    def merge(self, call: Call) -> Response:
        """Merge: 401 without the right, 405 when not open, 409 on a moved head, 422 on conflict."""
        repo, body = self.home.find(call, "push_code"), self.home.body(call)
        one = self._found(repo, call)
        if not may_push(repo, one.target, call.token.level):
            raise refused("401 Unauthorized", 401)
        if one.state != "open" or one.draft:
            raise refused("405 Method Not Allowed", 405)
        head = head_of(repo, one)
        if body.get("sha", head) != head:
            raise refused(f"SHA does not match HEAD of source branch: {head}", 409)
        squash = _true(body.get("squash", one.squash))
        push = accept(repo, one, message=body.get("merge_commit_message", ""), squash=squash)
        if push is None:
            raise refused("Branch cannot be merged", 422)
        one.squash = squash
        if _true(body.get("should_remove_source_branch", one.remove_source)):
            drop_branch(repo, one.source)
        return json_response(self._shape(repo, one))


def _true(value: Any) -> bool:
    """Read a boolean from JSON or a form."""
    return value is True or str(value).lower() in {"true", "1", "yes", "on", "t"}
