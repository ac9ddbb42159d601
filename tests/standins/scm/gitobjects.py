"""Git objects: ids, contents, tree entries, commits, and the difference of two trees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO = "0" * 40
START = 1_767_600_000  # 2026-01-05T08:00:00Z: every invented commit is dated after it
SYMLINK, SUBMODULE, EXECUTABLE, REGULAR = "120000", "160000", "100755", "100644"


def git_id(kind: str, body: bytes) -> str:
    """Return the object id git itself would give this body."""
    head = f"{kind} {len(body)}\0".encode()
    return hashlib.sha1(head + body, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Content:
    """What to store at a path when bytes alone do not say enough: a mode, or a pretended size."""

    data: bytes
    mode: str = REGULAR
    pretended_size: int | None = None


@dataclass(frozen=True)
class Entry:
    """One file of a tree."""

    sha: str
    size: int
    mode: str = REGULAR


@dataclass
class Commit:
    """One commit with the whole list of its files."""

    sha: str
    files: dict[str, Entry]
    parents: tuple[str, ...]
    message: str
    when: int
    author: str = "ada"

    def trees(self) -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
        """Return every directory as path -> (tree id, [(mode, name, id)])."""
        if not hasattr(self, "_trees"):
            self._trees = hash_trees(self.files)
        return self._trees


def hash_trees(files: Mapping[str, Entry]) -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
    """Hash the directories of a tree from the leaves up, as git does."""
    listing: dict[str, list[tuple[str, str, str]]] = {"": []}
    for path, entry in files.items():
        parent, _, name = path.rpartition("/")
        walk = parent
        while walk not in listing:
            listing[walk] = []
            walk = walk.rpartition("/")[0]
        listing[parent].append((entry.mode, name, entry.sha))
    done: dict[str, tuple[str, list[tuple[str, str, str]]]] = {}
    for folder in sorted(listing, key=lambda path: (path == "", -path.count("/"))):
        rows = sorted(listing[folder], key=lambda row: row[1] + ("/" if row[0] == "040000" else ""))
        body = b"".join(
            f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in rows
        )
        done[folder] = (git_id("tree", body), rows)
        if folder:
            parent, _, name = folder.rpartition("/")
            listing[parent].append(("040000", name, done[folder][0]))
    return done


def difference(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> dict[str, list[str]]:
    """Return the added, modified and removed paths between two trees."""
    return {
        "added": sorted(set(new) - set(old)),
        "modified": sorted(path for path in set(new) & set(old) if new[path] != old[path]),
        "removed": sorted(set(old) - set(new)),
    }
