"""Merge requests on GitLab: a commit that begins a branch, the request."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, TypeAdapter

from portal.errors import NotFound
from portal.sources.core.proposals import (
    CLOSED,
    MERGED,
    OPEN,
    UNKNOWN,
    FileNow,
    Opened,
    explain_moved,
    explain_taken,
)
from portal.sources.core.trees import SourceDown
from portal.sources.providers.gitlab_errors import explain, explain_writing, names_missing
from portal.sources.providers.host_shapes import (
    ObjectId,
    WebAddress,
    check_blob,
    check_size,
    encode_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portal.infra.outbound import Answer
    from portal.sources.core.hosts import FoundRepository
    from portal.sources.core.proposals import Wanted
    from portal.sources.providers.host_calls import HostCalls

OK, CREATED = 200, 201
BAD, FORBIDDEN, NOT_FOUND, CONFLICT = 400, 403, 404, 409
REFUSED = (BAD, FORBIDDEN, NOT_FOUND, CONFLICT)
FINDABLE = {"opened": OPEN, "locked": OPEN, "merged": MERGED, "closed": CLOSED}


class Contents(BaseModel):
    """A file."""

    blob_id: ObjectId
    last_commit_id: ObjectId
    size: Annotated[int, Field(ge=0)]
    encoding: str
    content: str


class MergeRequest(BaseModel):
    """A merge request."""

    iid: Annotated[int, Field(gt=0)]
    web_url: WebAddress
    state: str


CONTENTS, REQUEST = TypeAdapter(Contents), TypeAdapter(MergeRequest)
REQUESTS = TypeAdapter(list[MergeRequest])


class GitLabProposals:
    """Proposals with one set of calls and headers."""

    word = "merge request"

    def __init__(
        self,
        calls: HostCalls,
        headers: Callable[[], Mapping[str, str]],
        find_version: Callable[[FoundRepository], str],
    ) -> None:
        self._calls = calls
        self._headers = headers
        self._find_version = find_version

    def read_file(self, repository: FoundRepository, path: str, commit: str = "") -> FileNow:
        """Return a file at a commit, else at the head of the branch; raises NotFound."""
        commit = commit or self._find_version(repository)
        found = self._read(repository, path, commit) if commit else None
        if found is None:
            raise NotFound(
                f"{path} is not there any more at the head of {repository.branch}.",
                fix="Have the source read again.",
            )
        last, blob, raw = found
        return FileNow(path, raw, blob, commit, repository.branch, last)

    def propose(self, repository: FoundRepository, wanted: Wanted) -> Opened:
        """Ask for a change; finds the request that already asks for it."""
        answer = self._commit(repository, wanted, wanted.was.last_commit, is_new=True)
        if answer.status != CREATED:
            opened = self._go_on(repository, wanted, answer)
            if opened is not None:
                return opened
        return self._open(repository, wanted)

    def find_state(self, repository: FoundRepository, number: int) -> str:
        """Return how a merge request stands."""
        url = f"{self._locate(repository)}/merge_requests/{number}"
        answer = self._calls.ask(url, self._headers(), okay=(OK, NOT_FOUND))
        if answer.status == NOT_FOUND:
            return UNKNOWN
        found = self._calls.read(answer, REQUEST, "a merge request")
        return FINDABLE.get(found.state, UNKNOWN)

    def _locate(self, repository: FoundRepository) -> str:
        return f"{self._calls.base}/projects/{encode_whole(repository.id)}"

    def _read(
        self, repository: FoundRepository, path: str, version: str
    ) -> tuple[str, str, bytes] | None:
        """Return last commit, id and bytes of a file, None where there is none."""
        place = f"{self._locate(repository)}/repository/files/{encode_whole(path)}"
        answer = self._calls.ask(
            f"{place}?ref={encode_whole(version)}", self._headers(), okay=(OK, NOT_FOUND)
        )
        if answer.status == NOT_FOUND:
            if names_missing(answer, "Project"):
                raise explain(answer)
            return None
        found = self._calls.read(answer, CONTENTS, "a file")
        check_size(found.size)
        try:
            raw = base64.b64decode(found.content)
        except (binascii.Error, ValueError):
            raise SourceDown(
                "GitLab sent a file that cannot be decoded.", fix="Try again later."
            ) from None
        return found.last_commit_id, found.blob_id, check_blob("GitLab", found.blob_id, raw)

    def _commit(
        self, repository: FoundRepository, wanted: Wanted, last: str, *, is_new: bool
    ) -> Answer:
        """Commit the file to its branch, refused where it changed since the commit `last`."""
        action = {
            "action": "update",
            "file_path": wanted.was.path,
            "content": base64.b64encode(wanted.raw).decode(),
            "encoding": "base64",
            "last_commit_id": last,
        }
        body = {
            "branch": wanted.branch,
            "commit_message": wanted.title,
            "actions": [action],
            **({"start_branch": wanted.was.branch} if is_new else {}),
        }
        url = f"{self._locate(repository)}/repository/commits"
        return self._calls.write("POST", url, self._headers(), body=body, okay=(CREATED, *REFUSED))

    def _go_on(self, repository: FoundRepository, wanted: Wanted, answer: Answer) -> Opened | None:
        """Return the request that is open already, None where its branch is ready for one."""
        if answer.status != BAD:
            raise explain_writing(answer)
        if self._has_branch(repository, wanted.branch):
            opened = self._find_open(repository, wanted.branch)
            if opened is not None:
                return opened
            found = self._read(repository, wanted.was.path, wanted.branch)
            if found is None or found[2] not in (wanted.raw, wanted.was.raw):
                raise explain_taken("GitLab", wanted.branch)
            if found[2] != wanted.raw:
                answer = self._commit(repository, wanted, found[0], is_new=False)
                if answer.status != CREATED:
                    raise explain_writing(answer)
            return None
        now = self._read(repository, wanted.was.path, wanted.was.branch)
        if now is None or now[1] != wanted.was.blob:
            raise explain_moved("GitLab")
        raise explain_writing(answer)

    def _has_branch(self, repository: FoundRepository, branch: str) -> bool:
        url = f"{self._locate(repository)}/repository/branches/{encode_whole(branch)}"
        return self._calls.ask(url, self._headers(), okay=(OK, NOT_FOUND)).status == OK

    def _open(self, repository: FoundRepository, wanted: Wanted) -> Opened:
        body = {
            "source_branch": wanted.branch,
            "target_branch": wanted.was.branch,
            "title": wanted.title,
            "description": wanted.body,
            "remove_source_branch": True,
        }
        url = f"{self._locate(repository)}/merge_requests"
        answer = self._calls.write(
            "POST", url, self._headers(), body=body, okay=(CREATED, *REFUSED)
        )
        if answer.status == CREATED:
            found = self._calls.read(answer, REQUEST, "a merge request")
            return Opened(found.web_url, found.iid, wanted.branch)
        opened = self._find_open(repository, wanted.branch) if answer.status == CONFLICT else None
        if opened is not None:
            return opened
        raise explain_writing(answer)

    def _find_open(self, repository: FoundRepository, branch: str) -> Opened | None:
        url = f"{self._locate(repository)}/merge_requests?state=opened&source_branch="
        answer = self._calls.ask(f"{url}{encode_whole(branch)}", self._headers())
        found = self._calls.read(answer, REQUESTS, "merge requests")
        return Opened(found[0].web_url, found[0].iid, branch, is_new=False) if found else None
