"""History and merges: what a commit stands on, when a file last changed, how two sides join."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from .gitobjects import REGULAR, Commit, Entry, difference
from .model import Proposal, Push

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Repo, Store


def history(repo: Repo, sha: str) -> dict[str, Commit]:
    """Return every commit reachable from one, the newest first."""
    found: dict[str, Commit] = {}
    waiting = [sha]
    while waiting:
        commit = repo.commits.get(waiting.pop())
        if commit is not None and commit.sha not in found:
            found[commit.sha] = commit
            waiting += commit.parents
    return dict(sorted(found.items(), key=lambda row: row[1].when, reverse=True))


def last_change(repo: Repo, commit: Commit, path: str) -> Commit:
    """Return the commit that gave a path its content, looking through merges as git log does."""
    wanted = commit.files.get(path)
    while True:
        parents = [repo.commits[sha] for sha in commit.parents if sha in repo.commits]
        same = next((one for one in parents if one.files.get(path) == wanted), None)
        if same is None:
            return commit
        commit = same


def join(repo: Repo, ours: Commit, theirs: Commit) -> dict[str, Entry] | None:
    """Merge two commits file by file and line by line; None when they conflict."""
    known = history(repo, ours.sha)
    base = next((one for sha, one in history(repo, theirs.sha).items() if sha in known), None)
    old = base.files if base else {}
    made: dict[str, Entry] = {}
    for path in {*old, *ours.files, *theirs.files}:
        entries = [files.get(path) for files in (old, ours.files, theirs.files)]
        before, left, right = entries
        if left in (right, before) or right == before:
            chosen = right if left == before else left
        elif any(entry is None or entry.mode != REGULAR for entry in entries):
            return None
        else:
            texts = [repo.store.blobs[entry.sha] for entry in entries if entry]
            joined = join_lines(*texts)
            if joined is None:
                return None
            chosen = repo.store.write(joined)
        if chosen is not None:
            made[path] = chosen
    return made


def join_lines(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge two changed texts as git would: lines both sides touch, or adjoin, conflict."""
    lines = base.splitlines(keepends=True)
    edits = sorted({*_edits(lines, ours), *_edits(lines, theirs)})
    made, at = b"", 0
    for index, (start, end, text) in enumerate(edits):
        if index and start <= edits[index - 1][1]:
            return None
        made += b"".join(lines[at:start]) + text
        at = end
    return made + b"".join(lines[at:])


def _edits(lines: list[bytes], changed: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield what one side replaced: from line, to line, by what."""
    new = changed.splitlines(keepends=True)
    for tag, start, end, first, last in SequenceMatcher(None, lines, new, False).get_opcodes():
        if tag != "equal":
            yield start, end, b"".join(new[first:last])


def head_of(repo: Repo, one: Proposal) -> str:
    """Return the commit a proposal ends in: the branch's while it is open, the last one after."""
    return repo.branches.get(one.source, one.head_sha) if one.state == "open" else one.head_sha


def is_mergeable(repo: Repo, one: Proposal) -> bool:
    """Say whether an open proposal would merge without a conflict."""
    ours, theirs = repo.branches.get(one.target, ""), repo.branches.get(one.source, "")
    if one.state != "open" or not ours or not theirs:
        return False
    return join(repo, repo.commits[ours], repo.commits[theirs]) is not None


def accept(repo: Repo, one: Proposal, *, message: str = "", squash: bool = False) -> Push | None:
    """Merge a proposal into its target; None when it conflicts."""
    if not is_mergeable(repo, one):
        return None
    before, head = repo.branches[one.target], repo.branches[one.source]
    ours, theirs = repo.commits[before], repo.commits[head]
    files = join(repo, ours, theirs) or {}
    parents = (before,) if squash else (before, head)
    commit = repo.add_commit(files, parents, message or f"Merge {one.source}: {one.title}")
    repo.branches[one.target] = commit.sha
    one.head_sha, one.state, one.merge_sha = head, "merged", commit.sha
    one.merged = one.closed = one.updated = repo.store.tick()
    lists = difference(ours.files, files)
    return Push(repo, f"refs/heads/{one.target}", before, commit.sha, [(commit, lists)])


def shut(repo: Repo, one: Proposal) -> None:
    """Close a proposal without merging it."""
    one.head_sha, one.state = head_of(repo, one), "closed"
    one.closed = one.updated = repo.store.tick()


def reopen(repo: Repo, one: Proposal) -> None:
    """Open a closed proposal again."""
    one.state, one.closed, one.updated = "open", None, repo.store.tick()


def drop_branch(repo: Repo, name: str) -> str:
    """Delete a branch; what was proposed from it is closed, as both products do."""
    for one in (*repo.pulls, *repo.merge_requests):
        if one.source == name and one.state == "open":
            shut(repo, one)
    return repo.branches.pop(name)


def same_open(rows: list[Proposal], source: str, target: str) -> Proposal | None:
    """Find the open proposal from one branch into another."""
    for one in rows:
        if (one.source, one.target, one.state) == (source, target, "open"):
            return one
    return None


def open_one(store: Store, rows: list[Proposal], **fields: str | bool | None) -> Proposal:
    """Add a proposal with the next number."""
    when = store.tick()
    one = Proposal(len(rows) + 1, when, when, **fields)  # type: ignore[arg-type]
    rows.append(one)
    return one
