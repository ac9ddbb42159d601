"""The Git database of the GitHub stand-in: blobs, trees and commits made one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import github_shapes as shapes
from .github_auth import error
from .github_write import decoded, failed, missing, not_empty
from .gitobjects import Content, Entry, hash_trees
from .server import Refusal, json_response

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from .github import GitHubStandIn
    from .model import Repo
    from .server import Call

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "160000": "commit"}


class GitData:
    """The handlers below /git that make objects; a ref makes them visible."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("POST", "/repos/{o}/{r}/git/blobs", self.create_blob)
        add("POST", "/repos/{o}/{r}/git/trees", self.create_tree)
        add("POST", "/repos/{o}/{r}/git/commits", self.create_commit)
        add("GET", "/repos/{o}/{r}/git/commits/{sha}", self.get_commit)

    def _begin(self, call: Call, *names: str) -> tuple[Repo, dict[str, Any], str]:
        """Check what all three have in common: permission, body, a repository with commits."""
        repo, body = self.home.find(call, "contents", "write"), self.home.body(call)
        not_empty(repo)
        missing(body, *names)
        return repo, body, f"{self.home.api_url}/repos/{repo.full_name}"

    def create_blob(self, call: Call) -> Response:
        """Store a text (utf-8, the default) or base64."""
        repo, body, url = self._begin(call, "content")
        coding = body.get("encoding", "utf-8")
        if coding not in {"utf-8", "base64"}:
            raise failed("Blob", field="encoding", code="invalid")
        data = decoded(body["content"]) if coding == "base64" else body["content"].encode()
        entry = repo.store.write(data)
        repo.loose[f"blob {entry.sha}"] = entry
        made = {"sha": entry.sha, "url": f"{url}/git/blobs/{entry.sha}"}
        return json_response(made, 201)

    def create_tree(self, call: Call) -> Response:
        """Store a tree, usually on top of `base_tree`; a null sha takes a path away."""
        repo, body, url = self._begin(call, "tree")
        files = dict(self._base(repo, body.get("base_tree")))
        for row in body["tree"]:
            path, mode = row.get("path"), row.get("mode", "100644")
            if not path or {"", ".", "..", ".git"} & set(path.split("/")):
                raise error(422, "tree.path contains a malformed path component")
            if mode not in MODES:
                raise error(422, "tree.mode is invalid")
            if "content" in row:
                files[path] = repo.store.write(Content(row["content"].encode(), mode))
            elif row.get("sha", "") is None:
                if files.pop(path, None) is None:
                    raise error(422, "GitRPC::BadObjectState")
            else:
                files[path] = self._entry(repo, row, mode)
        sha, rows = hash_trees(files)[""]
        repo.loose[f"tree {sha}"] = files
        kinds = {"040000": "tree"} | MODES
        shown = [{"path": n, "mode": m, "type": kinds[m], "sha": s} for m, n, s in rows]
        made = {"sha": sha, "url": f"{url}/git/trees/{sha}", "tree": shown, "truncated": False}
        return json_response(made, 201)

    def _base(self, repo: Repo, wanted: str | None) -> dict[str, Entry]:
        """Find the files of a base tree, named by the id of a root tree or of a commit."""
        if wanted is None:
            return {}
        if wanted in repo.commits:
            return repo.commits[wanted].files
        if f"tree {wanted}" in repo.loose:
            found: dict[str, Entry] = repo.loose[f"tree {wanted}"]
            return found
        for commit in repo.commits.values():
            if commit.trees()[""][0] == wanted:
                return commit.files
        raise error(404, "Not Found")

    def _entry(self, repo: Repo, row: dict[str, Any], mode: str) -> Entry:
        """Return the entry a row of the body names by the id of a blob."""
        sha = row.get("sha", "")
        known = [one for commit in repo.commits.values() for one in commit.files.values()]
        loose = repo.loose.get(f"blob {sha}")
        found = loose or next((one for one in known if one.sha == sha), None)
        if found is None:
            raise error(422, f"tree.sha {sha} is not a valid {MODES[mode]}")
        return Entry(sha, found.size, mode)

    def create_commit(self, call: Call) -> Response:
        """Store a commit of a tree; no branch moves."""
        repo, body, url = self._begin(call, "message", "tree")
        try:
            files = self._base(repo, body["tree"])
        except Refusal:
            raise error(422, "Tree SHA does not exist") from None
        parents = tuple(body.get("parents") or ())
        for sha in parents:
            if sha not in repo.commits:
                raise error(422, "Parent SHA does not exist or is not a commit object")
        commit = repo.add_commit(dict(files), parents, body["message"])
        return json_response(shapes.git_commit(commit, url), 201)

    def get_commit(self, call: Call) -> Response:
        """Answer one commit by its id."""
        repo = self.home.find(call, "contents")
        not_empty(repo)
        commit = repo.commits.get(call.params["sha"])
        if commit is None:
            raise error(404, "Not Found")
        url = f"{self.home.api_url}/repos/{repo.full_name}"
        return json_response(shapes.git_commit(commit, url))
