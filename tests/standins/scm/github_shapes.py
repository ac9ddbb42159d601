"""The JSON shapes of the GitHub REST API, as far as a catalogue needs them."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any

from .gitobjects import SUBMODULE, SYMLINK
from .merging import head_of

if TYPE_CHECKING:
    from .gitobjects import Commit, Entry
    from .model import Account, Proposal, Repo


def stamp(seconds: float) -> str:
    """Return a time as GitHub writes it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(one: Account, api: str) -> dict[str, Any]:
    """Return the short form of a user or organisation."""
    return {
        "login": one.login,
        "id": one.id,
        "node_id": f"N_{one.id}",
        "url": f"{api}/users/{one.login}",
        "html_url": f"https://github.example/{one.login}",
        "type": one.kind,
        "site_admin": False,
    }


def repository(repo: Repo, api: str, owner: Account, *, push: bool = False) -> dict[str, Any]:
    """Return a repository as lists and the single call give it."""
    url = f"{api}/repos/{repo.full_name}"
    return {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": account(owner, api),
        "html_url": f"https://github.example/{repo.full_name}",
        "description": repo.description or None,
        "fork": repo.fork,
        "url": url,
        "branches_url": f"{url}/branches{{/branch}}",
        "contents_url": f"{url}/contents/{{+path}}",
        "trees_url": f"{url}/git/trees{{/sha}}",
        "clone_url": f"https://github.example/{repo.full_name}.git",
        "created_at": stamp(repo.created),
        "updated_at": stamp(repo.updated),
        "pushed_at": stamp(repo.pushed),
        "size": repo.size,
        "language": None,
        "archived": repo.archived,
        "disabled": False,
        "is_template": False,
        "topics": repo.topics,
        "visibility": repo.visibility,
        "default_branch": repo.default_branch,
        "permissions": {"admin": False, "maintain": False, "push": push, "pull": True},
    }


def commit(one: Commit, url: str) -> dict[str, Any]:
    """Return a commit as the branch call embeds it."""
    who = {"name": "Ada", "email": "ada@acme.example", "date": stamp(one.when)}
    tree = one.trees()[""][0]
    return {
        "sha": one.sha,
        "url": f"{url}/commits/{one.sha}",
        "commit": {
            "author": who,
            "committer": who,
            "message": one.message,
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
        },
        "parents": [{"sha": sha, "url": f"{url}/commits/{sha}"} for sha in one.parents],
    }


def file_meta(path: str, entry: Entry, url: str, ref: str) -> dict[str, Any]:
    """Return what the contents API says of one file, short of its content."""
    kinds = {SYMLINK: "symlink", SUBMODULE: "submodule"}
    here = f"{url}/contents/{path}?ref={ref}"
    git = f"{url}/git/blobs/{entry.sha}"
    html = url.replace("/repos/", "/", 1)
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size,
        "url": here,
        "html_url": f"{html}/blob/{ref}/{path}",
        "git_url": git,
        "download_url": f"https://raw.github.example/{path}?ref={ref}",
        "type": kinds.get(entry.mode, "file"),
        "_links": {"self": here, "git": git, "html": f"{html}/blob/{ref}/{path}"},
    }


def folder_meta(path: str, sha: str, url: str, ref: str) -> dict[str, Any]:
    """Return what a directory listing says of a directory."""
    here = f"{url}/contents/{path}?ref={ref}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": 0,
        "url": here,
        "git_url": f"{url}/git/trees/{sha}",
        "download_url": None,
        "type": "dir",
        "_links": {"self": here},
    }


def base64_lines(data: bytes) -> str:
    """Return base64 in lines of 60 characters, each ended by a newline, as GitHub does."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[i : i + 60]}\n" for i in range(0, len(text), 60))


def git_commit(one: Commit, url: str) -> dict[str, Any]:
    """Return a commit as the Git database and the contents API give it."""
    made = commit(one, url)
    where = f"{url}/git/commits/{one.sha}"
    return {"sha": one.sha, "url": where, **made["commit"], "parents": made["parents"]}


def pull(one: Proposal, repo: Repo, url: str) -> dict[str, Any]:
    """Return a pull request as lists give it: no `merged`, no `mergeable`."""

    def side(branch: str, sha: str) -> dict[str, Any]:
        about = {"id": repo.id, "full_name": repo.full_name}
        label = f"{repo.owner}:{branch}"
        return {"label": label, "ref": branch, "sha": sha, "repo": about}

    bot = {"login": "portal[bot]", "type": "Bot"}
    return {
        "id": repo.id * 1000 + one.number,
        "node_id": f"PR_{repo.id}_{one.number}",
        "number": one.number,
        "state": "open" if one.state == "open" else "closed",
        "locked": False,
        "title": one.title,
        "body": one.body,
        "draft": one.draft,
        "url": f"{url}/pulls/{one.number}",
        "html_url": f"https://github.example/{repo.full_name}/pull/{one.number}",
        "user": {"login": one.login, "type": "User"} if one.login else bot,
        "head": side(one.source, head_of(repo, one)),
        "base": side(one.target, repo.branches.get(one.target, "")),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "closed_at": stamp(one.closed) if one.closed else None,
        "merged_at": stamp(one.merged) if one.merged else None,
        "merge_commit_sha": one.merge_sha or None,
    }
