"""The files of a repository on GitHub at one commit; listed at once, fetched one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, TypeAdapter

from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.sources.core.paths import SKIPPED_FOLDERS
from portal.sources.core.trees import MAX_FILES, ListedTree, SourceDown
from portal.sources.providers.host_shapes import (
    ObjectId,
    TreeEntry,
    check_blob,
    check_size,
    encode,
    encode_whole,
    is_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.sources.core.hosts import FoundRepository
    from portal.sources.providers.host_calls import HostCalls

# A tree that GitHub cuts off is asked for folder by folder, up to so many calls.
MOST_CALLS = 500
OK, EMPTY = 200, 409
RAW = "application/vnd.github.raw+json"


class Entry(TreeEntry):
    """One line of a tree."""

    sha: ObjectId
    size: Annotated[int, Field(ge=0)] | None = None


class Listing(BaseModel):
    """A tree, or the part of it that GitHub sends at most."""

    tree: list[Entry]
    truncated: bool


class GitHubTrees:
    """Opens trees with one set of calls and headers."""

    def __init__(self, calls: HostCalls, headers: Callable[[], Mapping[str, str]]) -> None:
        self._calls = calls
        self._headers = headers

    def open(
        self, repository: FoundRepository, version: str, patterns: Sequence[str]
    ) -> ListedTree:
        """Return the files at a commit; raises SourceDown."""
        base = f"{self._calls.base}/repos/{encode(repository.path)}/git"
        entries = self._list_entries(base, repository.path, version)
        sizes = {entry.sha: entry.size for entry in entries.values()}

        def fetch(blob: str) -> bytes:
            check_size(sizes.get(blob))
            headers = {**self._headers(), "Accept": RAW}
            url = f"{base}/blobs/{encode_whole(blob)}"
            answer = self._calls.ask(url, headers, most_bytes=MAX_BYTES + 1)
            return check_blob("GitHub", blob, answer.body)

        key = f"{self._calls.base}/repos/{repository.path}@{version}"
        blobs = {path: entry.sha for path, entry in entries.items()}
        return ListedTree(key, blobs, fetch, patterns=patterns)

    def _list_entries(self, base: str, name: str, version: str) -> dict[str, Entry]:
        """Return every ordinary file by path, also of a tree too long for one answer.

        Such a tree is asked for folder by folder; folders that are never searched are left out,
        since what they hold is mostly why it is so long.
        """
        found: dict[str, Entry] = {}
        pending, asked = [("", version)], 0
        while pending:
            folder, sha = pending.pop()
            listing = self._read(base, sha, deep=True)
            if listing.truncated:
                listing = self._read(base, sha, deep=False)
                pending += [
                    (f"{folder}{entry.path}/", entry.sha)
                    for entry in listing.tree
                    if entry.type == "tree" and entry.path not in SKIPPED_FOLDERS
                ]
                asked += 1
            found.update({f"{folder}{one.path}": one for one in listing.tree if is_file(one)})
            asked += 1
            if listing.truncated or asked + len(pending) > MOST_CALLS or len(found) > MAX_FILES:
                raise SourceDown(
                    f"{name} holds too many files to list all of them.",
                    fix="Leave this repository out, or read it as a Git repository.",
                )
        return found

    def _read(self, base: str, sha: str, *, deep: bool) -> Listing:
        url = f"{base}/trees/{encode_whole(sha)}{'?recursive=1' if deep else ''}"
        answer = self._calls.ask(url, self._headers(), okay=(OK, EMPTY))
        if answer.status == EMPTY:
            return Listing(tree=[], truncated=False)
        return self._calls.read(answer, TypeAdapter(Listing), "the files of a repository")
