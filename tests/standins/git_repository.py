"""Bare repositories that tests fill and change with the real git, also in ways a client refuses."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FIRST_COMMIT = 1_767_225_600
"""2026-01-01: every repository begins here, each commit is a minute later than the one before."""
PERSON = "Standin <standin@example.test>"
PLAIN_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")
FILE, EXECUTABLE, SYMLINK, SUBMODULE, FOLDER = "100644", "100755", "120000", "160000", "40000"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a path holds when it is no ordinary file; a submodule's data is a commit's hash."""

    mode: str
    data: bytes


Content = str | bytes | Entry


def symlink(target: str | bytes) -> Entry:
    """Return a symbolic link to `target`, whatever that is."""
    return Entry(SYMLINK, _to_bytes(target))


def submodule(commit: str = "1" * 40) -> Entry:
    """Return a submodule pinned to a commit that nobody has."""
    return Entry(SUBMODULE, commit.encode())


def executable(text: str | bytes) -> Entry:
    """Return a file with the executable bit."""
    return Entry(EXECUTABLE, _to_bytes(text))


def git_environment() -> dict[str, str]:
    """Return an environment in which no configuration of this machine or user counts."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Standin",
        "GIT_AUTHOR_EMAIL": "standin@example.test",
        "GIT_COMMITTER_NAME": "Standin",
        "GIT_COMMITTER_EMAIL": "standin@example.test",
    }


def run_git(*arguments: str, given: bytes = b"", at: int = FIRST_COMMIT) -> str:
    """Run git on its own configuration and the fixed clock; returns what it printed."""
    environment = git_environment()
    environment["GIT_AUTHOR_DATE"] = environment["GIT_COMMITTER_DATE"] = f"{at} +0000"
    done = subprocess.run(
        ["git", *arguments], input=given, capture_output=True, check=False, env=environment
    )
    if done.returncode:
        problem = done.stderr.decode(errors="replace").strip()
        raise AssertionError(f"git {' '.join(arguments)}: {problem}")
    return done.stdout.decode(errors="surrogateescape").strip()


@dataclass
class GitRepo:
    """A bare repository; every change is a commit whose hash is the same on every machine."""

    path: Path
    name: str
    branch: str
    commits: int = 0

    def git(self, *arguments: str, given: bytes = b"") -> str:
        """Run git inside this repository."""
        return run_git("--git-dir", str(self.path), *arguments, given=given, at=self._now())

    def head(self, branch: str | None = None) -> str:
        """Return the commit a branch points at."""
        return self.git("rev-parse", "--verify", f"refs/heads/{branch or self.branch}")

    def branches(self) -> list[str]:
        """Return the names of all branches."""
        return self.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()

    def push(
        self,
        files: Mapping[str, Content],
        delete: Iterable[str] = (),
        branch: str | None = None,
        message: str = "change",
    ) -> str:
        """Add a commit; a branch that does not exist yet starts at the default branch."""
        branch = branch or self.branch
        known = self.branches()
        parent = branch if branch in known else self.branch if self.branch in known else None
        return self._import(branch, parent, files, delete, message)

    def force(self, files: Mapping[str, Content], branch: str | None = None) -> str:
        """Replace a branch by one new commit without parents that holds exactly `files`."""
        return self._import(branch or self.branch, None, files, (), "forced")

    def push_tree(
        self, entries: Mapping[str | bytes, Content | Mapping], branch: str | None = None
    ) -> str:
        """Commit a tree that holds exactly these names, in this order, unchecked.

        Names may be `..`, `.git`, hold slashes or backslashes, or be no UTF-8.
        """
        branch = branch or self.branch
        tree = self._write_tree(entries)
        parents = ["-p", self.head(branch)] if branch in self.branches() else []
        commit = self.git("commit-tree", tree, *parents, "-m", "odd names")
        self.git("update-ref", f"refs/heads/{branch}", commit)
        self.commits += 1
        return commit

    def rename_branch(self, new: str, old: str | None = None) -> None:
        """Rename a branch; HEAD follows when it named the old one."""
        old = old or self.branch
        self.git("branch", "-M", old, new)
        if old == self.branch:
            self.branch = new
            self.git("symbolic-ref", "HEAD", f"refs/heads/{new}")

    def delete_branch(self, branch: str) -> None:
        """Delete a branch, even the one HEAD names."""
        self.git("update-ref", "-d", f"refs/heads/{branch}")

    def set_head(self, branch: str) -> None:
        """Let HEAD name a branch, also one that does not exist."""
        self.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def tag(self, name: str, *, commit: str | None = None, annotated: bool = False) -> str:
        """Set a tag; returns the hash it holds, an annotated tag's own one."""
        options = ["-a", "-m", name] if annotated else []
        self.git("tag", "--force", *options, name, commit or self.head())
        return self.git("rev-parse", f"refs/tags/{name}")

    def forget_old_commits(self) -> None:
        """Drop every object that no branch or tag reaches, as hosts do after a force-push."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "--quiet", "--prune=now")

    def configure(self, key: str, value: str) -> None:
        """Set a value in this repository's own configuration."""
        self.git("config", key, value)

    def _now(self) -> int:
        return FIRST_COMMIT + 60 * self.commits

    def _import(
        self,
        branch: str,
        parent: str | None,
        files: Mapping[str, Content],
        delete: Iterable[str],
        message: str,
    ) -> str:
        ref = f"refs/heads/{branch}"
        text = message.encode()
        lines = [
            f"commit {ref}\ncommitter {PERSON} {self._now()} +0000\ndata {len(text)}\n".encode(),
            text,
            b"\n",
        ]
        if parent:
            lines.append(f"from {self.head(parent)}\n".encode())
        lines += [b"D " + _quote(path) + b"\n" for path in delete]
        lines += [part for path, content in files.items() for part in _modify(path, content)]
        if parent is None:
            # Without `from` fast-import goes on from the branch it already knows.
            lines.insert(0, f"reset {ref}\n\n".encode())
        self.git("fast-import", "--quiet", "--force", given=b"".join(lines))
        self.commits += 1
        return self.head(branch)

    def _write(self, kind: str, data: bytes) -> str:
        return self.git("hash-object", "-t", kind, "-w", "--stdin", "--literally", given=data)

    def _write_tree(self, entries: Mapping[str | bytes, Content | Mapping]) -> str:
        raw = bytearray()
        for name, content in entries.items():
            mode, sha = self._write_entry(content)
            raw += mode.encode() + b" " + _to_bytes(name) + b"\0" + bytes.fromhex(sha)
        return self._write("tree", bytes(raw))

    def _write_entry(self, content: Content | Mapping) -> tuple[str, str]:
        if not isinstance(content, str | bytes | Entry):
            return FOLDER, self._write_tree(content)
        mode, data = _to_entry(content)
        return mode, data.decode() if mode == SUBMODULE else self._write("blob", data)


def make_repository(
    root: Path, name: str, files: Mapping[str, Content], branch: str = "main"
) -> GitRepo:
    """Make the bare repository `root/name` with one commit, or an empty one without files."""
    path = root / name
    path.mkdir(parents=True)
    run_git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(path))
    repo = GitRepo(path, name, branch)
    # Who may push over HTTP is the server's question; without this nobody could.
    repo.configure("http.receivepack", "true")
    if files:
        repo.push(files, message="first")
    return repo


def _to_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="surrogateescape")


def _to_entry(content: Content) -> tuple[str, bytes]:
    if isinstance(content, Entry):
        return content.mode, content.data
    return FILE, _to_bytes(content)


def _quote(path: str) -> bytes:
    raw = _to_bytes(path)
    inside = (chr(byte) if byte in PLAIN_BYTES else f"\\{byte:03o}" for byte in raw)
    return f'"{"".join(inside)}"'.encode()


def _modify(path: str, content: Content) -> Iterator[bytes]:
    mode, data = _to_entry(content)
    if mode == SUBMODULE:
        yield b"M " + mode.encode() + b" " + data + b" " + _quote(path) + b"\n"
        return
    yield b"M " + mode.encode() + b" inline " + _quote(path) + b"\n"
    yield f"data {len(data)}\n".encode() + data + b"\n"
