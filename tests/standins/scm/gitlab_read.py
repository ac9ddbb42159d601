"""Reading endpoints of the GitLab stand-in: groups, projects, trees, files, branches."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from . import gitlab_pages as pages
from .gitlab_shapes import commit_shape, missing, stamp, tree_rows
from .gitobjects import EXECUTABLE, SUBMODULE
from .merging import last_change
from .server import Refusal, json_response

if TYPE_CHECKING:
    from .gitlab import GitLabStandIn
    from .gitobjects import Commit
    from .model import Group, Repo
    from .server import Call

ORDERS = ("id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity")


class Reading:
    """The handlers that change nothing."""

    def __init__(self, home: GitLabStandIn) -> None:
        self.home = home
        add = home.router.add
        add("GET", "/groups", self.groups)
        add("GET", "/groups/{id}", self.group)
        add("GET", "/groups/{id}/subgroups", self.subgroups)
        add("GET", "/groups/{id}/projects", self.group_projects)
        add("GET", "/projects", self.projects)
        add("GET", "/projects/{id}", self.project)
        add("GET", "/projects/{id}/repository/tree", self.tree)
        add("GET", "/projects/{id}/repository/files/{path}", self.file)
        add("GET", "/projects/{id}/repository/files/{path}/raw", self.raw)
        add("GET", "/projects/{id}/repository/branches", self.branches)
        add("GET", "/projects/{id}/repository/branches/{branch}", self.branch)
        add("GET", "/projects/{id}/repository/commits/{ref}", self.commit)
        add("GET", "/user", self.me)
        add("GET", "/version", self.version)

    def me(self, call: Call) -> Response:
        """Answer GET /user."""
        if call.token is None:
            raise Refusal(401, {"message": "401 Unauthorized"})
        return json_response({"id": 1, "username": call.token.login, "state": "active"})

    def version(self, call: Call) -> Response:
        """Answer GET /version, for the authenticated only."""
        if call.token is None:
            raise Refusal(401, {"message": "401 Unauthorized"})
        return json_response({"version": "18.5.0-ee", "revision": "0123456789a"})

    def _group_shape(self, one: Group) -> dict[str, Any]:
        parent = self.home.store.groups.get(one.parent.lower())
        return {
            "id": one.id,
            "name": one.path.rpartition("/")[2],
            "path": one.path.rpartition("/")[2],
            "full_path": one.path,
            "parent_id": parent.id if parent else None,
            "visibility": one.visibility,
            "web_url": f"https://gitlab.example/groups/{one.path}",
        }

    def groups(self, call: Call) -> Response:
        """Answer GET /groups; keyset is documented for the unauthenticated by name."""
        rows = [one for one in self.home.store.groups.values() if self.home.sees_group(call, one)]
        rows.sort(key=lambda one: one.path)
        page, headers = pages.offset(call, rows, self.home.here(call), "Group")
        return json_response([self._group_shape(one) for one in page], headers=headers)

    def _group(self, call: Call) -> Group:
        wanted = call.params["id"].lower()
        for one in self.home.store.groups.values():
            if wanted in {str(one.id), one.path.lower()} and self.home.sees_group(call, one):
                return one
        raise missing("Group")

    def group(self, call: Call) -> Response:
        """Answer one group by id or URL-encoded path."""
        return json_response(self._group_shape(self._group(call)))

    def subgroups(self, call: Call) -> Response:
        """Answer the direct subgroups of a group."""
        top = self._group(call)
        rows = [one for one in self.home.store.groups.values() if one.parent == top.path]
        seen = [one for one in rows if self.home.sees_group(call, one)]
        page, headers = pages.offset(call, seen, self.home.here(call), "Group")
        return json_response([self._group_shape(one) for one in page], headers=headers)

    def group_projects(self, call: Call) -> Response:
        """Answer a group's projects; subgroups only when asked for."""
        path = self._group(call).path
        deep = call.flag("include_subgroups")
        rows = [
            repo
            for repo in self.home.store.repos.values()
            if (repo.group == path or (deep and repo.group.startswith(f"{path}/")))
            and self.home.sees(call, repo)
        ]
        chosen = self._ordered(call, self._filtered(call, rows))
        page, headers = pages.offset(call, chosen, self.home.here(call))
        return json_response([self._project(call, repo) for repo in page], headers=headers)

    def projects(self, call: Call) -> Response:
        """Answer GET /projects, by offset or by keyset."""
        rows = [repo for repo in self.home.store.repos.values() if self.home.sees(call, repo)]
        if call.flag("membership") and call.token is None:
            rows = []
        rows = self._filtered(call, rows)
        if call.arg("pagination") == "keyset":
            page, headers = pages.keyset_projects(call, rows, self.home.here(call))
        else:
            page, headers = pages.offset(call, self._ordered(call, rows), self.home.here(call))
        return json_response([self._project(call, repo) for repo in page], headers=headers)

    def _filtered(self, call: Call, rows: list[Repo]) -> list[Repo]:
        """Apply archived, visibility, search and topic."""
        archived, visibility = call.flag("archived"), call.arg("visibility")
        search, topic = call.arg("search").lower(), call.arg("topic")
        if visibility not in {"", "public", "internal", "private"}:
            raise pages.bad("visibility", "does not have a valid value")
        return [
            repo
            for repo in rows
            if archived in {None, repo.archived}
            and visibility in {"", repo.visibility}
            and search in repo.path.lower()
            and (not topic or topic in repo.topics)
        ]

    def _ordered(self, call: Call, rows: list[Repo]) -> list[Repo]:
        """Sort a list, newest first unless told otherwise."""
        order, sort = call.arg("order_by", "created_at"), call.arg("sort", "desc")
        if order not in ORDERS:
            raise pages.bad("order_by", "does not have a valid value")
        if sort not in {"asc", "desc"}:
            raise pages.bad("sort", "does not have a valid value")
        names = {"created_at": "created", "updated_at": "updated", "last_activity_at": "updated"}
        key = names.get(order, order if order in {"id", "name", "path"} else "id")
        return sorted(rows, key=lambda repo: (getattr(repo, key), repo.id), reverse=sort == "desc")

    def _project(self, call: Call, repo: Repo) -> dict[str, Any]:
        """Return a project; `simple=true` and the unauthenticated get fewer fields."""
        group = self.home.store.groups.get(repo.group.lower())
        web = f"https://gitlab.example/{repo.path}"
        made: dict[str, Any] = {
            "id": repo.id,
            "name": repo.name,
            "name_with_namespace": repo.path.replace("/", " / "),
            "path": repo.name,
            "path_with_namespace": repo.path,
            "description": repo.description,
            "default_branch": repo.default_branch if repo.commits else None,
            "topics": repo.topics,
            "created_at": stamp(repo.created),
            "last_activity_at": stamp(repo.updated),
            "web_url": web,
            "http_url_to_repo": f"{web}.git",
            "namespace": self._group_shape(group) | {"kind": "group"} if group else None,
        }
        if call.flag("simple") or call.token is None:
            return made
        made |= {
            "archived": repo.archived,
            "visibility": repo.visibility,
            "empty_repo": not repo.commits,
            "updated_at": stamp(repo.updated),
            "marked_for_deletion_on": None,
        }
        return made | ({"forked_from_project": {"id": 1}} if repo.fork else {})

    def project(self, call: Call) -> Response:
        """Answer one project by id or URL-encoded path."""
        return json_response(self._project(call, self.home.find(call)))

    def _commit(self, repo: Repo, ref: str, what: str) -> Commit:
        found = repo.resolve(ref)
        if found is None:
            raise missing(what)
        return found

    def tree(self, call: Call) -> Response:
        """Answer a tree by offset, keyset or (recursive only) unpaginated."""
        repo = self.home.find(call, "read_code")
        deep, folder = bool(call.flag("recursive")), call.arg("path").strip("/")
        if call.arg("pagination") == "none" and not deep:
            text = 'pagination cannot be "none" unless "recursive" is true'
            raise Refusal(400, {"error": text})
        commit = self._commit(repo, call.arg("ref"), "Tree")
        if folder not in commit.trees():
            raise missing("invalid revision or path")
        rows = list(tree_rows(commit, folder, deep=deep))
        if call.arg("pagination") == "none":
            return json_response(rows)
        cut = pages.keyset_tree if call.arg("pagination") == "keyset" else pages.offset
        page, headers = cut(call, rows, self.home.here(call))
        return json_response(page, headers=headers)

    def _file(self, call: Call, ref: str) -> tuple[dict[str, Any], bytes]:
        """Collect what both file endpoints say of a file."""
        repo, path = self.home.find(call, "read_code"), call.params["path"]
        commit = self._commit(repo, ref, "Commit")
        entry = commit.files.get(path)
        if entry is None or entry.mode == SUBMODULE:
            raise missing("File")
        data = self.home.store.blobs[entry.sha]
        made = {
            "file_name": path.rpartition("/")[2],
            "file_path": path,
            "size": entry.size,
            "encoding": "base64",
            "content_sha256": hashlib.sha256(data).hexdigest(),
            "ref": ref,
            "blob_id": entry.sha,
            "commit_id": commit.sha,
            "last_commit_id": last_change(repo, commit, path).sha,
            "execute_filemode": entry.mode == EXECUTABLE,
        }
        return made, data

    def _headers(self, made: dict[str, Any]) -> dict[str, str]:
        names = {key: f"X-Gitlab-{key.replace('_', '-').title()}" for key in made}
        return {names[key]: str(value) for key, value in made.items()}

    def file(self, call: Call) -> Response:
        """Answer a file in base64; `ref` is required."""
        if "ref" not in call.request.args:
            raise pages.bad("ref", "is missing")
        made, data = self._file(call, call.arg("ref"))
        body = made | {"content": base64.b64encode(data).decode()}
        return json_response(body, headers=self._headers(made))

    def raw(self, call: Call) -> Response:
        """Answer the bare bytes; `ref` defaults to HEAD."""
        made, data = self._file(call, call.arg("ref", "HEAD"))
        headers = self._headers(made) | {"Content-Disposition": "inline"}
        return Response(data, content_type="text/plain; charset=utf-8", headers=headers)

    def branch_shape(self, repo: Repo, name: str) -> dict[str, Any]:
        """Return a branch with its commit."""
        web = f"https://gitlab.example/{repo.path}"
        return {
            "name": name,
            "default": name == repo.default_branch,
            "protected": name in repo.protected,
            "web_url": f"{web}/-/tree/{name}",
            "commit": commit_shape(repo.commits[repo.branches[name]], web),
        }

    def branches(self, call: Call) -> Response:
        """Answer the list of branches."""
        repo = self.home.find(call, "read_code")
        rows = [self.branch_shape(repo, name) for name in sorted(repo.branches)]
        page, headers = pages.offset(call, rows, self.home.here(call), "Branch")
        return json_response(page, headers=headers)

    def branch(self, call: Call) -> Response:
        """Answer one branch."""
        repo, name = self.home.find(call, "read_code"), call.params["branch"]
        if name not in repo.branches:
            raise missing("Branch")
        return json_response(self.branch_shape(repo, name))

    def commit(self, call: Call) -> Response:
        """Answer one commit by id, branch or tag."""
        repo = self.home.find(call, "read_code")
        found = self._commit(repo, call.params["ref"], "Commit")
        return json_response(commit_shape(found, f"https://gitlab.example/{repo.path}"))
