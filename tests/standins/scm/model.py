"""An in-memory git host with real git ids, shared by the GitHub and the GitLab stand-in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .gitobjects import (
    START,
    SUBMODULE,
    ZERO,
    Commit,
    Content,
    Entry,
    difference,
    git_id,
    hash_trees,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Push:
    """What one push changed; the webhook builders turn it into a payload."""

    repo: Repo
    ref: str
    before: str
    after: str
    commits: list[tuple[Commit, dict[str, list[str]]]] = field(default_factory=list)
    forced: bool = False

    @property
    def created(self) -> bool:
        """Whether the push made the ref."""
        return self.before == ZERO

    @property
    def deleted(self) -> bool:
        """Whether the push removed the ref."""
        return self.after == ZERO


@dataclass
class Proposal:
    """A pull request or a merge request: a branch that asks to be merged into another."""

    number: int
    created: int
    updated: int
    title: str
    source: str
    target: str
    login: str
    body: str | None = None
    draft: bool = False
    squash: bool = False
    remove_source: bool = False
    state: str = "open"
    head_sha: str = ""
    merge_sha: str = ""
    closed: int | None = None
    merged: int | None = None


@dataclass
class Repo:
    """One repository; `owner` is its GitHub account, `group` its GitLab group path."""

    store: Store = field(repr=False)
    id: int
    owner: str
    name: str
    group: str
    visibility: str = "public"
    archived: bool = False
    fork: bool = False
    description: str = ""
    topics: list[str] = field(default_factory=list)
    default_branch: str = "main"
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict, repr=False)
    renamed_branches: dict[str, str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    pulls: list[Proposal] = field(default_factory=list, repr=False)
    merge_requests: list[Proposal] = field(default_factory=list, repr=False)
    loose: dict[str, Any] = field(default_factory=dict, repr=False)
    created: int = START
    updated: int = START
    pushed: int = START
    blocked: dict[str, str] | None = None

    @property
    def private(self) -> bool:
        """Whether GitHub would call it private (internal counts as private there)."""
        return self.visibility != "public"

    @property
    def full_name(self) -> str:
        """Return the GitHub name, owner/name."""
        return f"{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        """Return the GitLab path, group/subgroup/name."""
        return f"{self.group}/{self.name}"

    @property
    def size(self) -> int:
        """Return the size in kilobytes of the default branch's files."""
        head = self.resolve(self.default_branch)
        return sum(entry.size for entry in head.files.values()) // 1024 + 1 if head else 0

    def resolve(self, ref: str | None) -> Commit | None:
        """Return the commit a branch, tag, ref (`heads/main` too), id or HEAD names."""
        ref = self.default_branch if ref in (None, "", "HEAD") else ref
        for prefix, names in (("heads/", self.branches), ("tags/", self.tags)):
            sha = names.get(ref) or names.get(ref.removeprefix("refs/").removeprefix(prefix))
            if sha:
                return self.commits[sha]
        return self.commits.get(ref)

    def push(
        self,
        changes: Mapping[str, str | bytes | Content | None],
        *,
        branch: str | None = None,
        message: str = "Change",
        start: str | None = None,
        replace: bool = False,
    ) -> Push:
        """Commit changes (None removes a path); `replace` drops the branch's history first."""
        branch = branch or self.default_branch
        before = self.branches.get(branch, ZERO)
        old = self.resolve(start) if start else self.commits.get(before)
        base = None if replace else old
        files = dict(base.files) if base else {}
        for path, value in changes.items():
            if value is None:
                files.pop(path, None)
            else:
                files[path] = self.store.write(value)
        commit = self.add_commit(files, (base.sha,) if base else (), message)
        self.branches[branch] = commit.sha
        lists = difference(old.files if old else {}, files)
        forced = replace and before != ZERO
        return Push(self, f"refs/heads/{branch}", before, commit.sha, [(commit, lists)], forced)

    def add_commit(self, files: dict[str, Entry], parents: tuple[str, ...], message: str) -> Commit:
        """Store a commit object and stamp the repository as pushed."""
        when = self.pushed = self.updated = self.store.tick()
        tree = hash_trees(files)[""][0]
        lines = [f"tree {tree}", *(f"parent {sha}" for sha in parents)]
        who = f"Ada <ada@acme.example> {when} +0000"
        body = "\n".join([*lines, f"author {who}", f"committer {who}", "", message]).encode()
        commit = Commit(git_id("commit", body), files, parents, message, when)
        self.commits[commit.sha] = commit
        return commit


@dataclass
class Account:
    """A GitHub user or organisation with the policies that can refuse a token."""

    id: int
    login: str
    kind: str = "Organization"
    forbids_classic: bool = False
    sso: bool = False


@dataclass
class Group:
    """A GitLab group; subgroups carry their parent's path."""

    id: int
    path: str
    visibility: str = "private"

    @property
    def parent(self) -> str:
        """Return the parent's full path, empty at the top."""
        return self.path.rpartition("/")[0]


class Store:
    """Everything both stand-ins serve: accounts, groups, repositories, blobs, old names."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.groups: dict[str, Group] = {}
        self.repos: dict[int, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.old_names: dict[str, int] = {}
        self.old_paths: dict[str, int] = {}
        self._time, self._last_id = START, 1000

    def tick(self) -> int:
        """Advance invented time by one second and return it."""
        self._time += 1
        return self._time

    def next_id(self) -> int:
        """Return a fresh number for an account, a group or a repository."""
        self._last_id += 1
        return self._last_id

    def write(self, value: str | bytes | Content) -> Entry:
        """Store a blob and return the tree entry for it."""
        if isinstance(value, str):
            value = value.encode()
        content = value if isinstance(value, Content) else Content(value)
        if content.mode == SUBMODULE:
            return Entry(content.data.decode(), 0, SUBMODULE)
        sha = git_id("blob", content.data)
        self.blobs[sha] = content.data
        size = len(content.data) if content.pretended_size is None else content.pretended_size
        return Entry(sha, size, content.mode)

    def add_account(self, login: str, kind: str = "Organization", **flags: bool) -> Account:
        """Add a GitHub user ("User") or organisation."""
        account = self.accounts[login.lower()] = Account(self.next_id(), login, kind, **flags)
        return account

    def add_group(self, path: str, visibility: str = "private") -> Group:
        """Add a GitLab group by its full path."""
        group = self.groups[path.lower()] = Group(self.next_id(), path, visibility)
        return group

    def add_repo(self, owner: str, name: str, *, group: str | None = None, **more: Any) -> Repo:
        """Add an empty repository; a former name that is taken again stops redirecting."""
        made = self.tick()
        repo = Repo(self, self.next_id(), owner, name, group or owner, **more)
        repo.created = repo.updated = repo.pushed = made
        self.repos[repo.id] = repo
        self._index()
        return repo

    def _index(self) -> None:
        """Forget the lookups; they are rebuilt on the next question."""
        self._by_name: dict[str, Repo] | None = None

    def _lookup(self) -> dict[str, Repo]:
        if getattr(self, "_by_name", None) is None:
            self._by_name = {f"gh:{repo.full_name.lower()}": repo for repo in self.repos.values()}
            self._by_name |= {f"gl:{repo.path.lower()}": repo for repo in self.repos.values()}
        return self._by_name or {}

    def by_name(self, full_name: str) -> Repo | None:
        """Find a repository by its present GitHub name."""
        return self._lookup().get(f"gh:{full_name.lower()}")

    def by_path(self, path: str) -> Repo | None:
        """Find a repository by its present GitLab path."""
        return self._lookup().get(f"gl:{path.lower()}")

    def relocate(
        self, repo: Repo, *, name: str = "", owner: str = "", group: str | None = None
    ) -> None:
        """Rename or transfer a repository, leaving redirects behind as both products do."""
        self.old_names[repo.full_name.lower()] = repo.id
        self.old_paths[repo.path.lower()] = repo.id
        repo.name, repo.owner = name or repo.name, owner or repo.owner
        repo.group = group or repo.group
        repo.updated = self.tick()
        self._index()

    def remove(self, repo: Repo) -> None:
        """Delete a repository; its redirects lead nowhere from then on."""
        del self.repos[repo.id]
        self._index()
