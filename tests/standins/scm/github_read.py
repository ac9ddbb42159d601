"""Reading endpoints of the GitHub stand-in: lists, branches, trees, contents, blobs."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from . import github_shapes as shapes
from .github_auth import error
from .gitobjects import SUBMODULE, SYMLINK, Commit
from .merging import last_change
from .server import Refusal, json_response

if TYPE_CHECKING:
    from .github import GitHubStandIn
    from .gitobjects import Entry
    from .model import Repo
    from .server import Call

MEGABYTE = 1_048_576
SORTS = {"created": "created", "updated": "updated", "pushed": "pushed", "full_name": "full_name"}


class Reading:
    """The handlers that change nothing."""

    def __init__(self, home: GitHubStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/orgs/{owner}/repos", self.org_repos)
        add("GET", "/organizations/{account_id}/repos", self.org_repos)
        add("GET", "/users/{owner}/repos", self.user_repos)
        add("GET", "/user/{account_id}/repos", self.user_repos)
        add("GET", "/user/repos", self.own_repos)
        add("GET", "/orgs/{owner}", self.account)
        add("GET", "/users/{owner}", self.account)
        add("GET", "/user", self.me)
        add("GET", "/repos/{o}/{r}", self.repo)
        add("GET", "/repos/{o}/{r}/branches", self.branches)
        add("GET", "/repos/{o}/{r}/branches/{branch*}", self.branch)
        add("GET", "/repos/{o}/{r}/commits/{ref*}", self.commit)
        add("GET", "/repos/{o}/{r}/git/trees/{sha*}", self.tree)
        add("GET", "/repos/{o}/{r}/git/blobs/{sha}", self.blob)
        add("GET", "/repos/{o}/{r}/contents", self.contents)
        add("GET", "/repos/{o}/{r}/contents/{path*}", self.contents)
        add("GET", "/repositories/{id}", home.by_id)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            add(method, "/repositories/{id}/{rest*}", home.by_id)

    def _account(self, call: Call) -> Any:
        """Find the account a list is asked for, by name or by id as Link headers give it."""
        wanted = call.params.get("account_id")
        for one in self.home.store.accounts.values():
            if wanted == str(one.id) or call.params.get("owner", "").lower() == one.login.lower():
                return one
        raise error(404, "Not Found")

    def account(self, call: Call) -> Response:
        """Answer GET /orgs/{org} and GET /users/{user}."""
        one = self._account(call)
        if call.endpoint.startswith("GET /orgs") and one.kind != "Organization":
            raise error(404, "Not Found")
        return json_response(shapes.account(one, self.home.api_url))

    def me(self, call: Call) -> Response:
        """Answer GET /user; an installation has no user."""
        if call.token is None:
            raise error(401, "Requires authentication")
        if call.token.kind == "installation":
            raise error(403, "Resource not accessible by integration")
        return json_response({"login": call.token.login, "id": call.token.user_id, "type": "User"})

    def org_repos(self, call: Call) -> Response:
        """Answer GET /orgs/{org}/repos."""
        one = self._account(call)
        if one.kind != "Organization":
            raise error(404, "Not Found")
        self.home.gate.policies(call.token, one.login)
        repos = [r for r in self._seen(call) if r.owner.lower() == one.login.lower()]
        return self._listed(call, repos, f"/organizations/{one.id}/repos", "created")

    def user_repos(self, call: Call) -> Response:
        """Answer GET /users/{user}/repos: public repositories only, whoever asks."""
        one = self._account(call)
        repos = [r for r in self._seen(call) if r.owner.lower() == one.login.lower()]
        public = [repo for repo in repos if not repo.private]
        return self._listed(call, public, f"/user/{one.id}/repos", "full_name")

    def own_repos(self, call: Call) -> Response:
        """Answer GET /user/repos."""
        if call.token is None:
            raise error(401, "Requires authentication")
        return self._listed(call, self._seen(call), "/user/repos", "full_name")

    def _seen(self, call: Call) -> list[Repo]:
        sees = self.home.gate.sees
        return [repo for repo in self.home.store.repos.values() if sees(call.token, repo)]

    def _listed(self, call: Call, repos: list[Repo], link: str, default: str) -> Response:
        """Filter by type, sort, and cut out the page asked for."""
        kind = call.arg("type", "all")
        tests = {
            "public": lambda repo: not repo.private,
            "private": lambda repo: repo.private,
            "forks": lambda repo: repo.fork,
            "sources": lambda repo: not repo.fork,
        }
        chosen = [repo for repo in repos if tests.get(kind, lambda _: True)(repo)]
        sort = SORTS.get(call.arg("sort"), default)
        way = call.arg("direction") or ("asc" if sort == "full_name" else "desc")
        chosen.sort(key=lambda repo: (getattr(repo, sort), repo.id), reverse=way == "desc")
        page, headers = self.home.page(call, chosen, link)
        return json_response([self.home.shape(call, repo) for repo in page], headers=headers)

    def repo(self, call: Call) -> Response:
        """Answer GET /repos/{owner}/{repo}."""
        repo = self.home.find(call, "metadata")
        when = {"Last-Modified": self.home.http_date(repo.updated)}
        return json_response(self.home.shape(call, repo), headers=when)

    def branches(self, call: Call) -> Response:
        """Answer the list of branches."""
        repo = self.home.find(call, "contents")
        rows = [
            {"name": name, "commit": {"sha": sha}, "protected": name in repo.protected}
            for name, sha in sorted(repo.branches.items())
        ]
        page, headers = self.home.page(call, rows, f"/repositories/{repo.id}/branches")
        return json_response(page, headers=headers)

    def branch(self, call: Call) -> Response:
        """Answer one branch with its commit, or a redirect when it was renamed."""
        repo, name = self.home.find(call, "contents"), call.params["branch"]
        if name not in repo.branches:
            if new := repo.renamed_branches.get(name):
                raise self.home.moved(call, f"/repositories/{repo.id}/branches/{new}")
            raise error(404, "Branch not found")
        url = f"{self.home.api_url}/repos/{repo.full_name}"
        made = shapes.commit(repo.commits[repo.branches[name]], url)
        protected = name in repo.protected
        return json_response({"name": name, "commit": made, "protected": protected})

    def commit(self, call: Call) -> Response:
        """Answer one commit; the sha media type gives the bare id, cheap to poll."""
        repo = self.home.find(call, "contents")
        found = self._commit(repo, call.params["ref"], 422)
        if "github.sha" in call.header("Accept"):
            return Response(found.sha, content_type="application/vnd.github.sha; charset=utf-8")
        return json_response(shapes.commit(found, f"{self.home.api_url}/repos/{repo.full_name}"))

    def _commit(self, repo: Repo, ref: str, status: int = 404) -> Commit:
        """Resolve a ref or refuse in the words of the endpoint."""
        if not repo.commits:
            if status == 404:
                raise error(404, "This repository is empty.")
            raise error(409, "Git Repository is empty.")
        found = repo.resolve(ref)
        if found is None:
            words = {404: "No commit found for the ref ", 422: "No commit found for SHA: "}
            raise error(status, words[status] + ref)
        return found

    def tree(self, call: Call) -> Response:
        """Answer a tree by branch, commit or tree id; any value of `recursive` recurses."""
        repo, wanted = self.home.find(call, "contents"), call.params["sha"]
        if not repo.commits:
            raise error(409, "Git Repository is empty.")
        commit, folder = self._tree(repo, wanted)
        sha = commit.trees()[folder][0]
        rows = list(_walk(commit, folder, deep="recursive" in call.request.args))
        url = f"{self.home.api_url}/repos/{repo.full_name}/git"
        for row in rows:
            if row["type"] != "commit":
                row["url"] = f"{url}/{row['type']}s/{row['sha']}"
        limit = self.home.tree_limit
        body = {"sha": sha, "url": f"{url}/trees/{sha}", "tree": rows[:limit]}
        return json_response(body | {"truncated": len(rows) > limit})

    def _tree(self, repo: Repo, wanted: str) -> tuple[Commit, str]:
        """Find the commit and directory a tree id, commit id or ref stands for."""
        if found := repo.resolve(wanted):
            return found, ""
        for commit in repo.commits.values():
            for folder, (sha, _) in commit.trees().items():
                if sha == wanted:
                    return commit, folder
        if (loose := repo.loose.get(f"tree {wanted}")) is not None:
            return Commit("", loose, (), "", 0), ""
        raise error(404, "Not Found")

    def blob(self, call: Call) -> Response:
        """Answer a blob in base64, or raw."""
        repo, sha = self.home.find(call, "contents"), call.params["sha"]
        here = [e for c in repo.commits.values() for e in c.files.values() if e.sha == sha]
        here += [repo.loose[f"blob {sha}"]] if f"blob {sha}" in repo.loose else []
        if not here:
            raise error(404, "Not Found")
        data = self.home.store.blobs[sha]
        _too_large(here[0])
        if "raw" in call.header("Accept"):
            return Response(data, content_type="application/vnd.github.raw; charset=utf-8")
        body = {"sha": sha, "size": here[0].size, "encoding": "base64"}
        return json_response(body | {"content": shapes.base64_lines(data)})

    def contents(self, call: Call) -> Response:
        """Answer a file, a directory listing, a symlink or a submodule."""
        repo = self.home.find(call, "contents")
        path = call.params.get("path", "").strip("/")
        commit = self._commit(repo, call.arg("ref", repo.default_branch))
        if path in commit.trees():
            return self._listing(call, repo, commit, path)
        if path not in commit.files:
            raise error(404, "Not Found")
        return self._file(call, repo, commit, path)

    def _listing(self, call: Call, repo: Repo, commit: Commit, path: str) -> Response:
        """List a directory: at most 1,000 files, as documented."""
        url, ref = self._place(call, repo)
        rows = []
        for mode, name, sha in commit.trees()[path][1][:1000]:
            full = f"{path}/{name}" if path else name
            if mode == "040000":
                rows.append(shapes.folder_meta(full, sha, url, ref))
            else:
                rows.append(shapes.file_meta(full, commit.files[full], url, ref))
        if "object" in call.header("Accept"):
            sha = commit.trees()[path][0]
            return json_response(shapes.folder_meta(path, sha, url, ref) | {"entries": rows})
        return json_response(rows)

    def _place(self, call: Call, repo: Repo) -> tuple[str, str]:
        ref = call.arg("ref", repo.default_branch)
        return f"{self.home.api_url}/repos/{repo.full_name}", ref

    def _file(self, call: Call, repo: Repo, commit: Commit, path: str) -> Response:
        """Answer one file; a symlink to a file of the same tree gives that file's content."""
        entry, blobs = commit.files[path], self.home.store.blobs
        meta = shapes.file_meta(path, entry, *self._place(call, repo))
        if entry.mode == SUBMODULE:
            return json_response(meta | {"submodule_git_url": "https://git.example/sub.git"})
        if entry.mode == SYMLINK:
            target = blobs[entry.sha].decode()
            real = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if real not in commit.files:
                return json_response(meta | {"target": target})
            entry = commit.files[real]
        _too_large(entry)
        headers = {"Last-Modified": self.home.http_date(last_change(repo, commit, path).when)}
        accept = call.header("Accept")
        if "raw" in accept:
            kind = "application/vnd.github.raw+json; charset=utf-8"
            return Response(blobs[entry.sha], content_type=kind, headers=headers)
        if entry.size > MEGABYTE:
            return json_response(meta | {"content": "", "encoding": "none"}, headers=headers)
        text = shapes.base64_lines(blobs[entry.sha])
        made = meta | {"size": entry.size, "content": text, "encoding": "base64"}
        return json_response(made, headers=headers)


def _too_large(entry: Entry) -> None:
    """Refuse a blob past 100 MB."""
    if entry.size > 100 * MEGABYTE:
        text = (
            "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch."
        )
        errors = [{"resource": "Blob", "field": "data", "code": "too_large"}]
        raise Refusal(403, {"message": text, "errors": errors, "status": "403"})


def _walk(commit: Commit, folder: str, *, deep: bool) -> Any:
    """Yield the rows of a tree in git's order."""
    trees = commit.trees()
    base = f"{folder}/" if folder else ""

    def step(inside: str, shown: str) -> Any:
        for mode, name, sha in trees[inside][1]:
            full, short = (f"{inside}/{name}" if inside else name), shown + name
            if mode == "040000":
                yield {"path": short, "mode": mode, "type": "tree", "sha": sha}
                if deep:
                    yield from step(full, f"{short}/")
            elif mode == SUBMODULE:
                yield {"path": short, "mode": mode, "type": "commit", "sha": sha}
            else:
                size = commit.files[full].size
                yield {"path": short, "mode": mode, "type": "blob", "sha": sha, "size": size}

    yield from step(base.rstrip("/"), "")
