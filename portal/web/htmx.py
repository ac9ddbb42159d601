"""htmx on the server: the only module that knows htmx-flask.

htmx 4 sends `HX-Source` instead of `HX-Trigger` and targets as `tag#id`, which htmx-flask 0.1
does not know, so its request class is extended here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import request
from htmx_flask import Htmx
from htmx_flask.requests import HtmxAwareRequest

if TYPE_CHECKING:
    from flask import Flask, Response

NEVER_STORED = "no-store"


class PortalRequest(HtmxAwareRequest):  # type: ignore[misc]  # htmx-flask ships no types
    """Flask's request with htmx 4's headers read."""

    @property
    def wants_fragment(self) -> bool:
        """Whether htmx asks for part of a page; restoring history wants the whole."""
        return bool(self.htmx) and not self.htmx.history_restore_request and not self.htmx.boosted

    @property
    def fragment_target(self) -> str | None:
        """Return the id of the element that will be replaced."""
        target = self.headers.get("HX-Target", "")
        return target.rpartition("#")[2] or None


def install_htmx(app: Flask) -> None:
    """Make requests know htmx, and caches know that answers differ by it."""
    Htmx(app)
    app.request_class = PortalRequest
    app.after_request(_vary)


def current_request() -> PortalRequest:
    """Return the running request as the portal's own type."""
    return cast("PortalRequest", request)


def _vary(response: Response) -> Response:
    response.vary.add("HX-Request")
    return response
