"""A WSGI server in a background thread that records requests and has a fault switch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event, RLock, Thread
from typing import Any, ClassVar, Self

from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

MEGABYTE = 1024 * 1024
OUTAGES = ("500", "not_json", "hangs", "oversized")


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived: query and form parameters in one mapping."""

    endpoint: str
    method: str
    params: dict[str, str]
    headers: dict[str, str]
    at: float


class _QuietHandler(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, *args: Any, **kwargs: Any) -> None:
        """Drop the line."""


class BackgroundServer:
    """Runs `self.app` on a free port of 127.0.0.1; a restart keeps the port."""

    known_faults: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.app = Flask(type(self).__name__, static_folder=None)
        self.app.before_request(self._record)
        self.lock = RLock()
        self.clock = clock
        self.hang_seconds = 30.0
        self.oversized_bytes = 8 * MEGABYTE
        self.records: list[Recorded] = []
        self._fault: str | None = None
        self._release = Event()
        self._port = 0
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; the first start picks a free port."""
        if self._server is not None:
            return
        server = make_server(
            "127.0.0.1", self._port, self.app, threaded=True, request_handler=_QuietHandler
        )
        self._server, self._port = server, server.port
        self._release = Event()
        serve = partial(server.serve_forever, poll_interval=0.02)
        self._thread = Thread(target=serve, name=type(self).__name__, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections from now on and let hanging answers go."""
        server, thread = self._server, self._thread
        self._release.set()
        if server is None or thread is None:
            return
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
        self._server = self._thread = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        if not self._port:
            raise RuntimeError("the server has not been started")
        return f"http://127.0.0.1:{self._port}"

    def now(self) -> int:
        """The provider's clock in whole seconds."""
        return int(self.clock())

    @property
    def fault(self) -> str | None:
        """The one deviation that is switched on, or None."""
        return self._fault

    @fault.setter
    def fault(self, name: str | None) -> None:
        if name is not None and name not in self.known_faults:
            raise ValueError(f"unknown fault {name!r}")
        self._release.set()
        self._release = Event()
        self._fault = name

    @contextmanager
    def faulty(self, name: str) -> Iterator[Self]:
        """Switch a fault on for the length of a with block."""
        before = self._fault
        self.fault = name
        try:
            yield self
        finally:
            self.fault = before

    def outage(self, name: str, good: dict[str, Any]) -> Response | None:
        """The broken answer of an endpoint that is out of order, or None."""
        if self._fault == f"{name}_500":
            return Response("<h1>Internal Server Error</h1>", 500, mimetype="text/html")
        if self._fault == f"{name}_not_json":
            return Response("<!doctype html><title>maintenance</title>", mimetype="text/html")
        if self._fault == f"{name}_hangs":
            self._release.wait(self.hang_seconds)
            return Response("gateway timeout", 504, mimetype="text/plain")
        if self._fault == f"{name}_oversized":
            return json_answer({**good, "padding": "x" * self.oversized_bytes})
        return None

    def requests_to(self, endpoint: str) -> list[Recorded]:
        """All recorded requests of one endpoint, oldest first."""
        with self.lock:
            return [record for record in self.records if record.endpoint == endpoint]

    def last(self, endpoint: str) -> Recorded:
        """The newest request of one endpoint; LookupError when there was none."""
        found = self.requests_to(endpoint)
        if not found:
            raise LookupError(f"no request to {endpoint}")
        return found[-1]

    def count(self, endpoint: str) -> int:
        """How often an endpoint was asked."""
        return len(self.requests_to(endpoint))

    def forget_requests(self) -> None:
        """Empty the record."""
        with self.lock:
            self.records.clear()

    def _record(self) -> None:
        """Keep the request before it is handled."""
        record = Recorded(
            request.endpoint or "unknown",
            request.method,
            request.values.to_dict(),
            {name.lower(): value for name, value in request.headers.items()},
            self.clock(),
        )
        with self.lock:
            self.records.append(record)


class PageError(HTTPException):
    """A refusal that is shown to the user and never sent to the client by redirect."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = status


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that may not be cached."""
    response = Response(json.dumps(content), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    response.headers.update(headers or {})
    return response


def repeated(values: MultiDict[str, str]) -> set[str]:
    """Names of parameters that occur more than once."""
    return {name for name, found in values.lists() if len(found) > 1}
