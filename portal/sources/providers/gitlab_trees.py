"""The files of a project on GitLab at one commit; listed at once, fetched one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import TooLarge
from portal.sources.core.trees import MAX_FILES, ListedTree, SourceDown
from portal.sources.providers.gitlab_errors import explain, names_missing
from portal.sources.providers.host_shapes import (
    ObjectId,
    TreeEntry,
    check_blob,
    encode_whole,
    is_file,
    split_blob,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portal.infra.outbound import Answer
    from portal.sources.core.hosts import FoundRepository
    from portal.sources.providers.host_calls import HostCalls

OK, REFUSED, NOT_FOUND = 200, 400, 404
# What a list in one piece may be; a longer one is read in pages.
WHOLE_BYTES = 24_000_000
MOST_PAGES = 500


class Entry(TreeEntry):
    """One line of a tree."""

    id: ObjectId


ENTRIES = TypeAdapter(list[Entry])


class GitLabTrees:
    """Opens trees with one set of calls and headers."""

    def __init__(self, calls: HostCalls, headers: Callable[[], Mapping[str, str]]) -> None:
        self._calls = calls
        self._headers = headers

    def open(
        self, repository: FoundRepository, version: str, patterns: Sequence[str]
    ) -> ListedTree:
        """Return the files at a commit; raises SourceDown."""
        base = f"{self._calls.base}/projects/{encode_whole(repository.id)}/repository"
        ref = encode_whole(version)
        url = f"{base}/tree?ref={ref}&recursive=true&per_page=100"
        entries = self._list_whole(url)
        if entries is None:
            entries = self._list_paged(url, repository.path)

        def fetch(value: str) -> bytes:
            blob, path = split_blob(value)
            # By path, not by id: that is what the narrower scope `read_repository` covers too.
            where = f"{base}/files/{encode_whole(path)}/raw?ref={ref}"
            answer = self._calls.ask(where, self._headers(), most_bytes=MAX_BYTES + 1)
            return check_blob("GitLab", blob, answer.body)

        blobs = {one.path: f"{one.id} {one.path}" for one in entries if is_file(one)}
        key = f"{self._calls.base}/projects/{repository.id}@{version}"
        return ListedTree(key, blobs, fetch, patterns=patterns)

    def _list_whole(self, url: str) -> list[Entry] | None:
        """Return the tree in one call; None where it is too long, or GitLab too old for that."""
        try:
            answer = self._calls.ask(
                f"{url}&pagination=none",
                self._headers(),
                okay=(OK, REFUSED, NOT_FOUND),
                most_bytes=WHOLE_BYTES,
            )
        except TooLarge:
            return None
        return None if answer.status == REFUSED else self._read(answer)

    def _list_paged(self, url: str, name: str) -> list[Entry]:
        found: list[Entry] = []
        page = f"{url}&pagination=keyset"
        for _ in range(MOST_PAGES):
            answer = self._calls.ask(page, self._headers(), okay=(OK, NOT_FOUND))
            found += self._read(answer)
            following = self._calls.find_next(answer)
            if following is None:
                return found
            page = following
            if len(found) > MAX_FILES:
                break
        raise SourceDown(
            f"{name} holds too many files to list all of them.",
            fix="Leave this project out, or read it as a Git repository.",
        )

    def _read(self, answer: Answer) -> list[Entry]:
        if answer.status == NOT_FOUND:
            if names_missing(answer, "Project"):
                raise explain(answer)
            raise SourceDown(
                "GitLab no longer has the commit that was to be read.",
                fix="Read it again: something else was pushed meanwhile.",
            )
        return self._calls.read(answer, ENTRIES, "the files of a project")
