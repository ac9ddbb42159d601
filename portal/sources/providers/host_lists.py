"""Reading a host's list of repositories: page by page, what did not change from memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from portal.sources.core.trees import SourceDown
from portal.sources.providers.host_calls import NOT_MODIFIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import TypeAdapter

    from portal.sources.core.hosts import Remembered
    from portal.sources.providers.host_calls import HostCalls

    Headers = Callable[[], Mapping[str, str]]

T = TypeVar("T")
Row = dict[str, Any]

PAGE = 100
MOST_REPOSITORIES = 10_000
# More than these gone at once is no accident of paging, and too much to ask one by one.
MOST_RECHECKED = 20
FORM = 1  # changes when rows do, so that older memories are not read
OK, NOT_FOUND = 200, 404


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """How an answer is read: its shape, what is kept of it, what to raise for a 404."""

    shape: TypeAdapter[T]
    reduce: Callable[[T], Any]
    missing: SourceDown | None = None


class HostLists:
    """Lists of one host, with what is remembered of them."""

    def __init__(self, calls: HostCalls, remembered: Remembered, headers: Headers) -> None:
        self._calls = calls
        self._remembered = remembered
        self._headers = headers

    def recall(self, url: str, reading: Reading[T]) -> Any:
        """Return what is needed of the answer to `url`, from memory when it did not change."""
        return self._fetch(url, reading)[0]["value"]

    def list_rows(self, url: str, reading: Reading[T]) -> list[Row]:
        """Return the rows of all pages, each repository once; raises SourceDown."""
        found: dict[str, Row] = {}
        for page in self._walk(url, reading):
            found.update({row["id"]: row for row in page})
            if len(found) > MOST_REPOSITORIES:
                raise self._explain_many()
        return list(found.values())

    def recheck(
        self, url: str, rows: list[Row], find_one: Callable[[str, str], Row | None]
    ) -> list[Row]:
        """Return the rows, with those that only fell between two pages while these were read.

        When a repository is deleted while a list is read, all behind it move up, and one moves
        over the edge between a page that was read and one that was not. So those that were listed
        last time and are not now are asked for one by one.
        """
        key = f"{url}#listed"
        before: Mapping[str, str] = self._remembered.find(key) or {}
        listed = {row["id"]: row["path"] for row in rows}
        missing = [(one, path) for one, path in before.items() if one not in listed]
        if len(missing) <= MOST_RECHECKED:
            again = [find_one(one, path) for one, path in missing]
            rows = rows + [row for row in again if row is not None]
        self._remembered.keep(key, {row["id"]: row["path"] for row in rows})
        return rows

    def _walk(self, url: str, reading: Reading[T]) -> Iterator[list[Row]]:
        following: str | None = url
        number = 0
        while following is not None:
            number += 1
            if number > MOST_REPOSITORIES // PAGE + 1:
                raise self._explain_many()
            kept, is_told = self._fetch(following, reading)
            following = kept["next"]
            if following is None and not is_told and len(kept["value"]) == PAGE:
                # The page is as it was, but another may have begun behind it since.
                following = f"{url}&page={number + 1}"
            yield kept["value"]

    def _fetch(self, url: str, reading: Reading[T]) -> tuple[dict[str, Any], bool]:
        """Return what is kept of an answer, and whether the host told now what follows it."""
        kept = self._remembered.find(url)
        if not isinstance(kept, dict) or kept.get("form") != FORM:
            kept = None
        asked = self._headers()
        if kept:
            asked = {**asked, "If-None-Match": kept["etag"]}
        answer = self._calls.ask(url, asked, okay=(OK, NOT_FOUND) if reading.missing else (OK,))
        if reading.missing and answer.status == NOT_FOUND:
            raise reading.missing
        following = self._calls.find_next(answer)
        if kept and answer.status == NOT_MODIFIED:
            is_told = "Link" in answer.headers
            return {**kept, "next": following if is_told else kept["next"]}, is_told
        value = reading.reduce(self._calls.read(answer, reading.shape, "a list"))
        etag = answer.headers.get("ETag", "")
        made = {"form": FORM, "etag": etag, "value": value, "next": following}
        if etag:
            self._remembered.keep(url, made)
        return made, True

    def _explain_many(self) -> SourceDown:
        return SourceDown(
            f"{self._calls.vendor.name} lists more than {MOST_REPOSITORIES:,} repositories.",
            fix="Connect parts of it: several groups, or a token that sees fewer.",
        )
