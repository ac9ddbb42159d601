"""A small HTTP client of the standard library: no redirects followed, no proxy, no cookies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def status_code(self) -> int:
        """The status under the name that `requests` uses."""
        return self.status

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """The target of a redirect, or an empty text."""
        return self.headers.get("location", "")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class _NoRedirect(HTTPRedirectHandler):
    """Hands a redirect back to the caller."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Never build a follow-up request."""
        return


_OPENER = build_opener(_NoRedirect, ProxyHandler({}))


def send(
    url: str,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 10.0,
) -> Answer:
    """GET the address, or POST the form to it, and return whatever comes back."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"not an http address: {url!r}")
    data = None if form is None else urlencode(form).encode("ascii")
    request = Request(url, data=data, headers=headers or {})
    try:
        with _OPENER.open(request, timeout=timeout) as reply:
            return Answer(reply.status, _lower(reply.headers), reply.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Message) -> dict[str, str]:
    """Header names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
