"""Request id, one log line and one measurement per request."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

import structlog
from flask import g, request

from portal.infra.logs import HIDDEN, get_logger
from portal.web.origin import read_origin

if TYPE_CHECKING:
    from flask import Flask, Response

    from portal.infra.metrics import Metrics

GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = get_logger("http")


def install_telemetry(app: Flask, metrics: Metrics) -> None:
    """Name, time and log every request of `app`."""

    def begin() -> None:
        g.started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        g.origin = read_origin()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        seconds = time.perf_counter() - g.started
        endpoint = request.endpoint or "none"
        metrics.requests.labels(request.method, endpoint, response.status_code).observe(seconds)
        log.info(
            "request",
            method=request.method,
            path=_hide_keys(request.path),
            endpoint=endpoint,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        return response

    app.before_request(begin)
    app.after_request(end)


def _hide_keys(path: str) -> str:
    """Return an address without the key it carries: whoever reads the log could use it."""
    key = (request.view_args or {}).get("key")
    return path.replace(str(key), HIDDEN) if key else path
