"""Projects of a group on GitLab and of all groups below it, read through its REST API.

What was found about its fields, in the vendor's documentation and source: `last_activity_at` moves
with every event of a project, a push being one, but at most once an hour (the model `Event`,
`RESET_PROJECT_ACTIVITY_INTERVAL`); a push within an hour of another event leaves it as it was. No
other field of the list tells of a push. So the stamp of a project whose last activity is over an
hour old is that time: the next push moves it. Within that hour its branch's commit, which costs a
call, is part of the stamp. When the hour is over the stamp changes once more, so that a last push
is not missed. An answer 304 counts against the limit here; it only saves sending the list.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, TypeAdapter

from portal.sources.core.hosts import FoundRepository
from portal.sources.core.trees import SourceDown
from portal.sources.providers.gitlab_errors import NEEDED, explain, find_wait, names_missing
from portal.sources.providers.gitlab_proposals import GitLabProposals
from portal.sources.providers.gitlab_trees import GitLabTrees
from portal.sources.providers.host_calls import HostCalls, Vendor, check_credential
from portal.sources.providers.host_lists import HostLists, Reading
from portal.sources.providers.host_shapes import (
    Branch,
    FullPath,
    ObjectId,
    WebAddress,
    clean_topics,
    encode,
    encode_whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.infra.outbound import Outbound
    from portal.sources.core.host_credentials import HostCredential
    from portal.sources.core.hosts import Budget, Remembered
    from portal.sources.core.trees import Tree
    from portal.sources.providers.host_lists import Row

OK, FORBIDDEN, NOT_FOUND = 200, 403, 404
# The hour, and what clocks and queues may add to it.
UNSETTLED = timedelta(minutes=65)
ORDER = "include_subgroups=true&with_shared=false&order_by=id&sort=asc&per_page=100"


class Project(BaseModel):
    """A project as lists give it; without a token some fields are left out."""

    id: int
    path_with_namespace: FullPath
    web_url: WebAddress
    last_activity_at: AwareDatetime
    default_branch: Branch | None = None
    topics: list[str] | None = None
    archived: bool = False
    empty_repo: bool = False
    forked_from_project: dict[str, Any] | None = None


class Commit(BaseModel):
    """A commit of a branch."""

    id: ObjectId


class Tip(BaseModel):
    """A branch."""

    commit: Commit


PROJECTS, TIP = TypeAdapter(list[Project]), TypeAdapter(Tip)


class GitLab:
    """gitlab.com or a GitLab of one's own."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        url: str = "https://gitlab.com",
        group: str,
        credential: HostCredential,
        remembered: Remembered,
        ca_bundle: str = "",
    ) -> None:
        vendor = Vendor(
            "GitLab",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            find_wait,
            explain,
        )
        self._group = group.strip("/")
        self._credential = credential
        self._tips: dict[str, str] = {}
        self._calls = HostCalls(outbound, vendor, f"{url.rstrip('/')}/api/v4", ca_bundle=ca_bundle)
        self._lists = HostLists(self._calls, remembered, self._make_headers)
        self._trees = GitLabTrees(self._calls, self._make_headers)
        self.proposals = GitLabProposals(self._calls, self._make_headers, self.find_version)

    @property
    def budget(self) -> Budget:
        """What was asked so far, and what is left."""
        return self._calls.budget

    def discover(self) -> list[FoundRepository]:
        """Return every project of the group and the groups below it; raises SourceDown."""
        missing = SourceDown(
            "GitLab knows no group of this path, or hides it from this token.",
            fix=f"Check how {self._group} is spelled, with all groups above it, and the address. "
            f"{NEEDED}",
        )
        # Pages by number: GitLab has no keyset paging for the projects of a group.
        url = f"{self._calls.base}/groups/{encode_whole(self._group)}/projects?{ORDER}"
        rows = self._lists.list_rows(url, Reading(PROJECTS, _reduce, missing))
        rows = self._lists.recheck(url, rows, self._find_one)
        return [self._make(row) for row in rows]

    def find_version(self, repository: FoundRepository) -> str:
        """Return the commit its branch points at, '' without one; raises SourceDown."""
        if not repository.branch:
            return ""
        if repository.id in self._tips:  # asked for a moment ago, while it was listed
            return self._tips.pop(repository.id)
        url = self._locate_branch(repository.id, repository.branch)
        answer = self._calls.ask(url, self._make_headers(), okay=(OK, NOT_FOUND))
        if answer.status == NOT_FOUND:
            if names_missing(answer, "Branch") or names_missing(answer, "Repository"):
                return ""
            raise explain(answer)
        return self._calls.read(answer, TIP, "a branch").commit.id

    def open(self, repository: FoundRepository, version: str, patterns: Sequence[str]) -> Tree:
        """Return the files of a project at a commit; raises SourceDown."""
        return self._trees.open(repository, version, patterns)

    def _make_headers(self) -> dict[str, str]:
        token = self._credential.token
        check_credential("GitLab", self._calls.base, token)
        return {"PRIVATE-TOKEN": token} if token else {}

    def _find_one(self, number: str, _path: str) -> Row | None:
        """Return one project, None when it is gone or in another group now."""
        url = f"{self._calls.base}/projects/{encode_whole(number)}"
        answer = self._calls.ask(url, self._make_headers(), okay=(OK, FORBIDDEN, NOT_FOUND))
        if answer.status != OK:
            return None
        found = _reduce([self._calls.read(answer, TypeAdapter(Project), "a project")])
        start = f"{self._group.lower()}/"
        return next((row for row in found if row["path"].lower().startswith(start)), None)

    def _find_tip(self, row: Row) -> str:
        """Return the commit of a project's branch, '' where there is none to be seen."""
        if not row["branch"]:
            return ""
        url = self._locate_branch(row["id"], row["branch"])
        answer = self._calls.ask(url, self._make_headers(), okay=(OK, FORBIDDEN, NOT_FOUND))
        if answer.status != OK:
            return ""
        tip = self._tips[row["id"]] = self._calls.read(answer, TIP, "a branch").commit.id
        return tip

    def _locate_branch(self, number: str, branch: str) -> str:
        project = f"{self._calls.base}/projects/{encode_whole(number)}"
        return f"{project}/repository/branches/{encode_whole(branch)}"

    def _make(self, row: Row) -> FoundRepository:
        is_settled = row["active"] < (self._calls.now - UNSETTLED).timestamp()
        state = "settled" if is_settled else self._find_tip(row)
        return FoundRepository(
            id=row["id"],
            path=row["path"],
            branch=row["branch"],
            stamp=f"{row['active']:.3f} {state} {row['branch']}",
            file_url=f"{row['web']}/-/blob/{encode(row['branch'])}/",
            topics=tuple(row["topics"]),
            is_archived=row["archived"],
            is_fork=row["fork"],
            is_empty=row["empty"],
        )


def _reduce(found: Sequence[Project]) -> list[dict[str, Any]]:
    """Return what is kept of a page."""
    return [
        {
            "id": str(one.id),
            "path": one.path_with_namespace,
            "branch": one.default_branch or "",
            "web": one.web_url,
            "active": one.last_activity_at.timestamp(),
            "topics": clean_topics(one.topics),
            "archived": one.archived,
            "fork": one.forked_from_project is not None,
            "empty": one.empty_repo or one.default_branch is None,
        }
        for one in found
    ]
