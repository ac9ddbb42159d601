"""Push payloads of GitHub and GitLab, built from what a `Push` changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .github_shapes import stamp

if TYPE_CHECKING:
    from .gitobjects import Commit
    from .model import Push, Repo

LEVELS = {"private": 0, "internal": 10, "public": 20}
GITLAB_COMMITS = 20
GITHUB_COMMITS = 2048


def _github_repo(repo: Repo) -> dict[str, Any]:
    """Return the repository of a push event; its times are numbers, unlike the REST API's."""
    html = f"https://github.example/{repo.full_name}"
    return {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": {
            "name": repo.owner,
            "login": repo.owner,
            "id": repo.id + 7,
            "type": "Organization",
        },
        "html_url": html,
        "description": repo.description or None,
        "fork": repo.fork,
        "url": html,
        "clone_url": f"{html}.git",
        "created_at": repo.created,
        "updated_at": stamp(repo.updated),
        "pushed_at": repo.pushed,
        "size": repo.size,
        "archived": repo.archived,
        "visibility": repo.visibility,
        "topics": repo.topics,
        "default_branch": repo.default_branch,
        "master_branch": repo.default_branch,
        "organization": repo.owner,
    }


def _github_commit(repo: Repo, commit: Commit, lists: dict[str, list[str]]) -> dict[str, Any]:
    who = {"name": "Ada", "email": "ada@acme.example", "username": "ada"}
    return {
        "id": commit.sha,
        "tree_id": commit.trees()[""][0],
        "distinct": True,
        "message": commit.message,
        "timestamp": stamp(commit.when),
        "url": f"https://github.example/{repo.full_name}/commit/{commit.sha}",
        "author": who,
        "committer": who,
        **lists,
    }


def github_push(push: Push, *, installation: int | None = None) -> dict[str, Any]:
    """Return GitHub's push payload: at most 2,048 commits, none when a ref goes."""
    repo = push.repo
    commits = [_github_commit(repo, one, lists) for one, lists in push.commits][:GITHUB_COMMITS]
    base = f"https://github.example/{repo.full_name}/compare/{push.before[:12]}...{push.after[:12]}"
    made = {
        "ref": push.ref,
        "before": push.before,
        "after": push.after,
        "repository": _github_repo(repo),
        "pusher": {"name": "ada", "email": "ada@acme.example"},
        "organization": {"login": repo.owner, "id": repo.id + 7},
        "sender": {"login": "ada", "id": 583231, "type": "User"},
        "created": push.created,
        "deleted": push.deleted,
        "forced": push.forced,
        "base_ref": None,
        "compare": base,
        "commits": [] if push.deleted else commits,
        "head_commit": None if push.deleted or not commits else commits[-1],
    }
    return made | ({"installation": {"id": installation}} if installation else {})


def github_ping(repo: Repo, hook_id: int = 30) -> dict[str, Any]:
    """Return the payload sent when a webhook has just been set up."""
    hook = {
        "type": "Repository",
        "id": hook_id,
        "name": "web",
        "active": True,
        "events": ["push"],
        "config": {
            "content_type": "json",
            "insecure_ssl": "0",
            "url": "https://portal.example/hook",
        },
    }
    base = {"zen": "Keep it logically awesome.", "hook_id": hook_id, "hook": hook}
    return base | {"repository": _github_repo(repo), "sender": {"login": "ada", "id": 583231}}


def github_repository(repo: Repo, action: str, **changes: Any) -> dict[str, Any]:
    """Return a repository event: archived, deleted, renamed, transferred, privatized, …."""
    made = {"action": action, "repository": _github_repo(repo), "sender": {"login": "ada"}}
    return made | ({"changes": changes} if changes else {})


def _gitlab_project(repo: Repo) -> dict[str, Any]:
    web = f"https://gitlab.example/{repo.path}"
    ssh = f"git@gitlab.example:{repo.path}.git"
    return {
        "id": repo.id,
        "name": repo.name,
        "description": repo.description,
        "web_url": web,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": f"{web}.git",
        "namespace": repo.group.rpartition("/")[2],
        "visibility_level": LEVELS[repo.visibility],
        "path_with_namespace": repo.path,
        "default_branch": repo.default_branch,
        "homepage": web,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": f"{web}.git",
    }


def gitlab_push(push: Push) -> dict[str, Any]:
    """Return GitLab's push or tag_push payload: at most 20 commits, the total beside them."""
    repo, kind = push.repo, "tag_push" if push.ref.startswith("refs/tags/") else "push"
    project = _gitlab_project(repo)
    commits = [
        {
            "id": one.sha,
            "message": one.message,
            "title": one.message.partition("\n")[0],
            "timestamp": stamp(one.when),
            "url": f"{project['web_url']}/-/commit/{one.sha}",
            "author": {"name": "Ada", "email": "ada@acme.example"},
            **lists,
        }
        for one, lists in push.commits
    ]
    short = ("name", "url", "description", "homepage", "git_http_url", "git_ssh_url")
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": push.before,
        "after": push.after,
        "ref": push.ref,
        "ref_protected": push.ref.rpartition("/")[2] in repo.protected,
        "checkout_sha": None if push.deleted else push.after,
        "message": None,
        "user_id": 4,
        "user_name": "Ada",
        "user_username": "ada",
        "user_email": "",
        "user_avatar": None,
        "project_id": repo.id,
        "project": project,
        "commits": [] if push.deleted else commits[-GITLAB_COMMITS:],
        "total_commits_count": 0 if push.deleted else len(commits),
        "push_options": {},
        "repository": {key: project[key] for key in short}
        | {"visibility_level": project["visibility_level"]},
    }
