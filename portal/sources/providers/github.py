"""Repositories of an organisation or user on GitHub, read through its REST API.

What was found about its fields, in the vendor's documentation: `pushed_at` moves with every push
to any branch, to the second. So a stamp is `pushed_at` and the default branch (choosing another
one is no push), and a push within the last two minutes marks it as not settled: once the two
minutes are over the stamp changes once more, so that a second push in the same second, or one
that the API did not show yet, is looked for again. An answer 304 costs nothing of the limit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, TypeAdapter

from portal.sources.core.hosts import FoundRepository
from portal.sources.core.trees import SourceDown
from portal.sources.providers.github_app import AppTokens
from portal.sources.providers.github_errors import UNAUTHORISED, explain, find_wait
from portal.sources.providers.github_proposals import GitHubProposals
from portal.sources.providers.github_trees import GitHubTrees
from portal.sources.providers.host_calls import HostCalls, Vendor, check_credential
from portal.sources.providers.host_lists import HostLists, Reading
from portal.sources.providers.host_shapes import (
    OBJECT,
    Branch,
    FullPath,
    Named,
    WebAddress,
    clean_topics,
    encode,
    encode_whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.infra.outbound import Answer, Outbound
    from portal.sources.core.host_credentials import HostCredential
    from portal.sources.core.hosts import Budget, Remembered
    from portal.sources.core.trees import Tree
    from portal.sources.providers.host_lists import Row

OK, NOT_MODIFIED, NOT_FOUND, EMPTY, NO_COMMIT = 200, 304, 404, 409, 422
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
BARE_ID = "application/vnd.github.sha"
# In this order new repositories come last and move nothing, so that pages stay as they were.
ORDER = "sort=created&direction=asc&per_page=100"
UNSETTLED = timedelta(minutes=2)


class Repository(BaseModel):
    """A repository as lists give it."""

    id: int
    full_name: FullPath
    default_branch: Branch
    html_url: WebAddress
    pushed_at: AwareDatetime | None = None
    topics: list[str] | None = None
    archived: bool = False
    fork: bool = False


class Installed(BaseModel):
    """The list an installation of an App gets."""

    repositories: list[Repository]


REPOSITORIES, INSTALLED = TypeAdapter(list[Repository]), TypeAdapter(Installed)
ACCOUNT = TypeAdapter(Named)


class GitHub:
    """github.com, or a GitHub Enterprise Server by its `https://host/api/v3`."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        api_url: str = "https://api.github.com",
        organisation: str,
        credential: HostCredential,
        remembered: Remembered,
        ca_bundle: str = "",
    ) -> None:
        vendor = Vendor(
            "GitHub",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            find_wait,
            self._explain,
        )
        self._organisation = organisation
        self._credential = credential
        self._remembered = remembered
        self._calls = HostCalls(outbound, vendor, api_url, ca_bundle=ca_bundle)
        self._lists = HostLists(self._calls, remembered, self._make_headers)
        self._trees = GitHubTrees(self._calls, self._make_headers)
        self._app = AppTokens(self._calls, credential, organisation, HEADERS)
        self._writing_app = AppTokens(self._calls, credential, organisation, HEADERS, writes=True)
        self.proposals = GitHubProposals(
            self._calls, self._make_headers, self._make_writing_headers, self.find_version
        )

    @property
    def budget(self) -> Budget:
        """What was asked so far, and what is left."""
        return self._calls.budget

    def discover(self) -> list[FoundRepository]:
        """Return every repository the credential sees; raises SourceDown."""
        if self._credential.app_id:
            url = f"{self._calls.base}/installation/repositories?per_page=100"
            rows = self._lists.list_rows(url, Reading(INSTALLED, lambda f: _reduce(f.repositories)))
        else:
            url = self._find_list()
            rows = self._keep_own(self._lists.list_rows(url, Reading(REPOSITORIES, _reduce)))
            rows = self._lists.recheck(url, rows, self._find_one)
        for row in rows:  # what is known of its branch is kept although nobody asks today
            self._remembered.find(self._locate_branch(row["path"], row["branch"]))
        return [self._make(row) for row in rows]

    def find_version(self, repository: FoundRepository) -> str:
        """Return the commit its branch points at, '' without one; raises SourceDown."""
        url = self._locate_branch(repository.path, repository.branch)
        kept = self._remembered.find(url)
        headers = {**self._make_headers(), "Accept": BARE_ID}
        if isinstance(kept, dict):
            headers["If-None-Match"] = kept["etag"]
        answer = self._calls.ask(url, headers, okay=(OK, EMPTY, NO_COMMIT))
        if isinstance(kept, dict) and answer.status == NOT_MODIFIED:
            return str(kept["commit"])
        if answer.status != OK:
            return ""
        commit = answer.body[:100].decode(errors="replace").strip()
        if not OBJECT.fullmatch(commit):
            raise SourceDown(
                "GitHub sent no commit when asked for one.",
                fix="Check the address of the API, and that no sign-in page stands in between.",
            )
        etag = answer.headers.get("ETag", "")
        if etag:
            self._remembered.keep(url, {"etag": etag, "commit": commit})
        return commit

    def open(self, repository: FoundRepository, version: str, patterns: Sequence[str]) -> Tree:
        """Return the files of a repository at a commit; raises SourceDown."""
        return self._trees.open(repository, version, patterns)

    def _make_headers(self) -> dict[str, str]:
        return self._make_headers_with(self._app)

    def _make_writing_headers(self) -> dict[str, str]:
        return self._make_headers_with(self._writing_app)

    def _make_headers_with(self, app: AppTokens) -> dict[str, str]:
        check_credential("GitHub", self._calls.base, self._credential.token)
        token = app.get() if self._credential.app_id else self._credential.token
        return {**HEADERS, "Authorization": f"Bearer {token}"} if token else {**HEADERS}

    def _explain(self, answer: Answer) -> SourceDown:
        if answer.status == UNAUTHORISED:
            self._app.forget()
            self._writing_app.forget()
        return explain(answer)

    def _find_list(self) -> str:
        """Return where the list begins: an organisation's, one's own, or another user's."""
        base, name = self._calls.base, encode_whole(self._organisation)
        if self._find_kind(name) == "Organization":
            return f"{base}/orgs/{name}/repos?type=all&{ORDER}"
        if self._credential.token and self._find_own() == self._organisation.lower():
            return f"{base}/user/repos?affiliation=owner&{ORDER}"
        return f"{base}/users/{name}/repos?type=owner&{ORDER}"

    def _find_kind(self, name: str) -> str:
        missing = SourceDown(
            "GitHub knows no organisation or user of this name, or hides it from this token.",
            fix=f"Check how {self._organisation} is spelled, and the address of the API.",
        )
        reading = Reading(ACCOUNT, lambda found: found.type, missing)
        return str(self._lists.recall(f"{self._calls.base}/users/{name}", reading))

    def _find_own(self) -> str:
        reading = Reading(ACCOUNT, lambda found: found.login.lower())
        return str(self._lists.recall(f"{self._calls.base}/user", reading))

    def _keep_own(self, rows: list[Row]) -> list[Row]:
        """Leave out what belongs to others, which a user's list may hold."""
        start = f"{self._organisation.lower()}/"
        return [row for row in rows if row["path"].lower().startswith(start)]

    def _find_one(self, number: str, path: str) -> Row | None:
        """Return one repository by its last path, None when it is gone or another one now."""
        url = f"{self._calls.base}/repos/{encode(path)}"
        answer = self._calls.ask(url, self._make_headers(), okay=(OK, 403, NOT_FOUND, 451))
        if answer.status != OK:
            return None
        found = self._calls.read(answer, TypeAdapter(Repository), "a repository")
        rows = self._keep_own(_reduce([found]))
        return next((row for row in rows if row["id"] == number), None)

    def _locate_branch(self, path: str, branch: str) -> str:
        # With `heads/` it is the branch, whatever tags there are.
        return f"{self._calls.base}/repos/{encode(path)}/commits/heads/{encode(branch)}"

    def _make(self, row: Row) -> FoundRepository:
        is_settled = row["pushed"] < (self._calls.now - UNSETTLED).timestamp()
        state = "settled" if is_settled else "unsettled"
        return FoundRepository(
            id=row["id"],
            path=row["path"],
            branch=row["branch"],
            stamp=f"{row['pushed']:.0f} {state} {row['branch']}",
            file_url=f"{row['web']}/blob/{encode(row['branch'])}/",
            topics=tuple(row["topics"]),
            is_archived=row["archived"],
            is_fork=row["fork"],
        )


def _reduce(found: Sequence[Repository]) -> list[dict[str, Any]]:
    """Return what is kept of a page."""
    return [
        {
            "id": str(one.id),
            "path": one.full_name,
            "branch": one.default_branch,
            "web": one.html_url,
            "pushed": one.pushed_at.timestamp() if one.pushed_at else 0,
            "topics": clean_topics(one.topics),
            "archived": one.archived,
            "fork": one.fork,
        }
        for one in found
    ]
