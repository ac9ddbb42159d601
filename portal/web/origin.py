"""Where a request comes from, as sessions and the audit trail keep it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """A request's id, the address it came from and what the browser calls itself."""

    request_id: str
    address: str
    agent: str


def read_origin() -> RequestOrigin:
    """Return the origin of the running request; proxies were already believed or not."""
    return RequestOrigin(
        g.get("request_id", ""), request.remote_addr or "", request.headers.get("User-Agent", "")
    )
