"""Pull requests on GitHub: a branch at the head, the file on it, the request."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

from portal.catalog.core.yaml_text.documents import MAX_BYTES
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
from portal.sources.providers.github_errors import explain_writing
from portal.sources.providers.host_shapes import (
    ObjectId,
    WebAddress,
    check_blob,
    check_size,
    encode,
    encode_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portal.infra.outbound import Answer
    from portal.sources.core.hosts import FoundRepository
    from portal.sources.core.proposals import Wanted
    from portal.sources.providers.host_calls import HostCalls

OK, CREATED, EMPTY = 200, 201, 204
FORBIDDEN, NOT_FOUND, CONFLICT, INVALID = 403, 404, 409, 422
REFUSED = (FORBIDDEN, NOT_FOUND, CONFLICT, INVALID)
RAW = "application/vnd.github.raw+json"


class Contents(BaseModel):
    """A file; of a large one the text is left out."""

    type: str
    sha: ObjectId
    size: Annotated[int, Field(ge=0)]
    encoding: str = ""
    content: str = ""


class Pull(BaseModel):
    """A pull request."""

    number: Annotated[int, Field(gt=0)]
    html_url: WebAddress
    state: str
    merged_at: AwareDatetime | None = None


CONTENTS, PULL, PULLS = TypeAdapter(Contents), TypeAdapter(Pull), TypeAdapter(list[Pull])


class GitHubProposals:
    """Proposals with one set of calls and headers."""

    word = "pull request"

    def __init__(
        self,
        calls: HostCalls,
        headers: Callable[[], Mapping[str, str]],
        writing_headers: Callable[[], Mapping[str, str]],
        find_version: Callable[[FoundRepository], str],
    ) -> None:
        self._calls = calls
        self._headers = headers
        self._writing = writing_headers
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
        return FileNow(path, found[1], found[0], commit, repository.branch)

    def propose(self, repository: FoundRepository, wanted: Wanted) -> Opened:
        """Ask for a change; finds the request that already asks for it."""
        blob = wanted.was.blob
        is_ours = self._make_branch(repository, wanted)
        if not is_ours:
            opened = self._find_open(repository, wanted.branch)
            if opened is not None:
                return opened
            found = self._read(repository, wanted.was.path, wanted.branch)
            if found is None or found[1] not in (wanted.raw, wanted.was.raw):
                raise explain_taken("GitHub", wanted.branch)
            blob = "" if found[1] == wanted.raw else found[0]
        if blob:
            self._put(repository, wanted, blob)
        return self._open(repository, wanted, is_ours=is_ours)

    def find_state(self, repository: FoundRepository, number: int) -> str:
        """Return how a pull request stands."""
        url = f"{self._locate(repository)}/pulls/{number}"
        answer = self._calls.ask(url, self._writing(), okay=(OK, NOT_FOUND))
        if answer.status == NOT_FOUND:
            return UNKNOWN
        found = self._calls.read(answer, PULL, "a pull request")
        if found.merged_at is not None:
            return MERGED
        return OPEN if found.state == "open" else CLOSED

    def _locate(self, repository: FoundRepository) -> str:
        return f"{self._calls.base}/repos/{encode(repository.path)}"

    def _read(
        self, repository: FoundRepository, path: str, version: str
    ) -> tuple[str, bytes] | None:
        """Return id and bytes of a file, None where there is no ordinary one."""
        url = f"{self._locate(repository)}/contents/{encode(path)}?ref={encode_whole(version)}"
        answer = self._calls.ask(url, self._headers(), okay=(OK, NOT_FOUND))
        if answer.status == NOT_FOUND or answer.body.lstrip()[:1] == b"[":  # a folder is a list
            return None
        found = self._calls.read(answer, CONTENTS, "a file")
        if found.type != "file":
            return None
        check_size(found.size)
        return found.sha, check_blob("GitHub", found.sha, self._decode(repository, found))

    def _decode(self, repository: FoundRepository, found: Contents) -> bytes:
        if found.encoding == "base64":
            try:
                return base64.b64decode(found.content)
            except (binascii.Error, ValueError):
                raise SourceDown(
                    "GitHub sent a file that cannot be decoded.", fix="Try again later."
                ) from None
        url = f"{self._locate(repository)}/git/blobs/{found.sha}"
        headers = {**self._headers(), "Accept": RAW}
        return self._calls.ask(url, headers, most_bytes=MAX_BYTES + 1).body

    def _write(self, method: str, url: str, **body: object) -> Answer:
        return self._calls.write(
            method, url, self._writing(), body=body, okay=(OK, CREATED, EMPTY, *REFUSED)
        )

    def _make_branch(self, repository: FoundRepository, wanted: Wanted) -> bool:
        """Make the branch at the head that was read; False where there is one of this name."""
        base = f"{self._locate(repository)}/git"
        ref = f"heads/{wanted.branch}"
        answer = self._write("POST", f"{base}/refs", ref=f"refs/{ref}", sha=wanted.was.commit)
        if answer.status == CREATED:
            return True
        if answer.status == INVALID:
            url = f"{base}/ref/{encode(ref)}"
            if self._calls.ask(url, self._headers(), okay=(OK, NOT_FOUND)).status == OK:
                return False
        raise explain_writing(answer)

    def _put(self, repository: FoundRepository, wanted: Wanted, blob: str) -> None:
        """Put the file on the branch; a second try finds what the first one did."""
        answer = self._write(
            "PUT",
            f"{self._locate(repository)}/contents/{encode(wanted.was.path)}",
            message=wanted.title,
            content=base64.b64encode(wanted.raw).decode(),
            sha=blob,
            branch=wanted.branch,
        )
        if answer.status in (OK, CREATED):
            return
        if answer.status in (CONFLICT, INVALID):
            found = self._read(repository, wanted.was.path, wanted.branch)
            if found is not None and found[1] == wanted.raw:
                return
            if answer.status == CONFLICT:
                raise explain_moved("GitHub")
        raise explain_writing(answer)

    def _open(self, repository: FoundRepository, wanted: Wanted, *, is_ours: bool) -> Opened:
        """Open the request; where that is refused, take the branch of this try away again."""
        answer = self._write(
            "POST",
            f"{self._locate(repository)}/pulls",
            title=wanted.title,
            body=wanted.body,
            head=wanted.branch,
            base=wanted.was.branch,
        )
        if answer.status == CREATED:
            found = self._calls.read(answer, PULL, "a pull request")
            return Opened(found.html_url, found.number, wanted.branch)
        opened = self._find_open(repository, wanted.branch) if answer.status == INVALID else None
        if opened is not None:
            return opened
        if is_ours:
            self._write("DELETE", f"{self._locate(repository)}/git/refs/heads/{wanted.branch}")
        raise explain_writing(answer)

    def _find_open(self, repository: FoundRepository, branch: str) -> Opened | None:
        owner = repository.path.partition("/")[0]
        url = (
            f"{self._locate(repository)}/pulls?state=open&head={encode_whole(f'{owner}:{branch}')}"
        )
        answer = self._calls.ask(url, self._writing(), okay=(OK, FORBIDDEN, NOT_FOUND))
        if answer.status != OK:
            raise explain_writing(answer)
        found = self._calls.read(answer, PULLS, "pull requests")
        return Opened(found[0].html_url, found[0].number, branch, is_new=False) if found else None
