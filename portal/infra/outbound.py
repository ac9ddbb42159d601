"""Sessions for calls to the outside: no redirects, no proxies, limits on time and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take."""

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    body_bytes: int = 2_000_000


class _LimitedSession(requests.Session):
    """Reads an answer up to its limit and asks no setting of the machine for a way out."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.trust_env = False
        self._limits = limits

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send one request within the limits; its redirects are not followed."""
        limits = self._limits
        options |= {
            "timeout": (limits.connect_seconds, limits.read_seconds),
            "stream": True,
            "allow_redirects": False,
        }
        response = super().send(request, **options)
        body = b""
        for piece in response.iter_content(PIECE_BYTES):
            body += piece
            if len(body) > limits.body_bytes:
                response.close()
                raise requests.RequestException("the answer is too large")
        response._content = body  # noqa: SLF001 as requests itself fills it
        return response


class Outbound:
    """Hands out sessions that keep to the limits."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()

    def make_session(self) -> requests.Session:
        """Return a session for a library; the caller closes it."""
        return _LimitedSession(self._limits)
