"""Git over HTTP: dulwich speaks, the guarded pool carries, and nothing else has a say.

No configuration file, environment variable, stored credential or proxy takes part: dulwich reads
those only for a pool that it makes itself.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from dulwich.client import Urllib3HttpGitClient

from portal.infra.outbound import (
    WIRE_FAILURES,
    OutboundError,
    explain_break,
    explain_failure,
    inspect_url,
)
from portal.sources.core.trees import SourceDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portal.infra.outbound import Call, Outbound
    from portal.sources.core.credentials import Credential
    from portal.sources.core.git_addresses import GitAddress

# What leads dulwich to other addresses, or brings more than was asked for.
UNWANTED = (b"packfile-uris", b"include-tag")
MOVED = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
# Hosts that take a token instead of a password take any user, but not none.
ANY_USER = "git"
# The end of an answer, which says why there is no more; it is only searched, never shown.
HEARD_BYTES = 500
FIRST_ERROR, SERVER_ERROR = 400, 500

# Its lines hold what servers say.
logging.getLogger("dulwich").setLevel(logging.CRITICAL)


class WebClient(Urllib3HttpGitClient):
    """Talks to one repository at one origin; counts what comes over the wire."""

    def __init__(
        self,
        outbound: Outbound,
        address: GitAddress,
        credential: Credential,
        call: Call,
    ) -> None:
        self.received = 0
        self.heard = b""
        self._call = call
        self._header = make_header(credential)
        self._shown = address.text
        manager = outbound.make_pool_manager(call.limits, credential.ca_bundle or None)
        super().__init__(
            f"{address.scheme}://{address.place}{address.path}",
            pool_manager=manager,
            quiet=True,
        )
        self._fetch_capabilities.difference_update(UNWANTED)

    def close(self) -> None:
        """Close every connection."""
        self.pool_manager.clear()

    @staticmethod
    def _warn_filter_objects() -> None:
        """Say nothing: large files are then fetched, and skipped here."""

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: FBT001, FBT002 theirs
    ) -> tuple[Any, Callable[[int], bytes]]:
        """Send one request to the origin of the address, never to another."""
        del raise_for_status  # asked for by the old protocol of plain files, which is not spoken
        if inspect_url(url) != inspect_url(self._base_url):
            raise SourceDown("The server names another server to fetch from, which is not done.")
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url, headers or {}, data)
            if response.status not in MOVED:
                break
            response.close()
            url = self._follow(url, response.headers.get("Location", ""), is_get=data is None)
        else:
            raise SourceDown(f"{self._shown} redirects more than {MAX_REDIRECTS} times.")
        try:
            self._check(response, is_listing=data is None)
        except BaseException:
            response.close()
            raise
        response.content_type = response.headers.get("Content-Type")
        response.redirect_location = url if url != asked else ""
        return response, self._make_reader(response)

    def _send(self, url: str, headers: dict[str, str], data: Any) -> Any:
        sent = {**self.pool_manager.headers, **headers, "Pragma": "no-cache", **self._header}
        method = "GET" if data is None else "POST"
        try:
            return self.pool_manager.request(
                method, url, headers=sent, body=data, preload_content=False, redirect=False
            )
        except WIRE_FAILURES as error:
            raise explain_failure(error, inspect_url(url), self._call) from None

    def _follow(self, url: str, location: str, *, is_get: bool) -> str:
        """Return where a redirect leads, within the origin; a repository may have been renamed."""
        tail = "/info/refs?service=git-upload-pack"
        following = urljoin(url, location)
        try:
            is_here = inspect_url(following) == inspect_url(url)
        except OutboundError:
            is_here = False
        if not (is_get and is_here and location and following.endswith(tail)):
            raise SourceDown(
                f"{self._shown} redirects to another address, which is not followed.",
                fix="Give the address that it redirects to.",
            )
        return following

    def _check(self, response: Any, *, is_listing: bool) -> None:
        status = response.status
        if status >= FIRST_ERROR:
            raise self._explain(status)
        expected = "application/x-git-upload-pack-advertisement"
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if is_listing and kind != expected:
            raise SourceDown(
                f"{self._shown} answers, but not as a Git repository.",
                fix="Give the address that `git clone` takes; it often ends in .git.",
            )

    def _explain(self, status: int) -> SourceDown:
        if status in (401, 403) and not self._header:
            return SourceDown(
                f"{self._shown} asks for a credential ({status}): it is private, or does not "
                "exist.",
                fix="Check the address and give a user and token.",
            )
        if status in (401, 403):
            return SourceDown(
                f"{self._shown} refuses the credential ({status}): it is wrong, has expired or "
                "may not read this repository.",
                fix="Give a token that may read it.",
            )
        if status in (404, 410):
            return SourceDown(
                f"There is no repository at {self._shown} ({status}). Some hosts also say so of a "
                "private one that the credential does not reach.",
                fix="Check the address, and that the credential may read it.",
            )
        if status == 429 or status >= SERVER_ERROR:  # noqa: PLR2004 too many requests
            return SourceDown(f"{self._shown} answered {status}.", fix="Try again later.")
        return SourceDown(
            f"{self._shown} answered {status}, which no Git server should.",
            fix="Give the address that `git clone` takes.",
        )

    def _make_reader(self, response: Any) -> Callable[[int], bytes]:
        def read(size: int) -> bytes:
            self._call.allot(None)
            try:
                piece: bytes = response.read(size)
            except WIRE_FAILURES as error:
                raise explain_break(error, inspect_url(self._base_url), self._call) from None
            self.received += len(piece)
            self.heard = (self.heard + piece[-HEARD_BYTES:])[-HEARD_BYTES:]
            if self.received > self._call.limits.body_bytes:
                raise explain_amount(self._shown, self._call)
            return piece

        return read


def explain_amount(shown: str, call: Call) -> SourceDown:
    """Return what to say when more came than is taken."""
    size = call.limits.body_bytes / (1 << 20)
    return SourceDown(
        f"{shown} sent more than {size:g} MB, which is the most that is taken at once.",
        fix="Split the repository, or take large files out of it.",
    )


def make_header(credential: Credential) -> dict[str, str]:
    """Return what proves who asks; in UTF-8, as hosts read it today."""
    if not credential.password:
        return {}
    pair = f"{credential.user or ANY_USER}:{credential.password}"
    return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}
