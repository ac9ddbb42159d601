"""The HTTP side of a stand-in: a threaded 127.0.0.1 server, routing, call counting, faults."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from .faults import FAULTS, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .model import Store


class Refusal(Exception):  # noqa: N818 - it is an answer, not a programming error
    """An answer other than success, raised from wherever the reason is known."""

    def __init__(
        self, status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, dict(headers or {})


@dataclass
class Call:
    """One request with its route parameters and, once known, who is asking."""

    request: Request
    endpoint: str
    params: dict[str, str]
    token: Any = None
    notes: dict[str, str] = field(default_factory=dict)

    def arg(self, name: str, default: str = "") -> str:
        """Return one query parameter."""
        return self.request.args.get(name, default)

    def flag(self, name: str) -> bool | None:
        """Return a query parameter as a boolean, None when it is absent."""
        value = self.request.args.get(name)
        return None if value is None else value.lower() in {"true", "1", "yes", "on", "t"}

    def header(self, name: str) -> str:
        """Return one request header."""
        return self.request.headers.get(name, "")


@dataclass
class Record:
    """What was asked and what was answered."""

    method: str
    endpoint: str
    url: str
    status: int
    token: str
    user_agent: str
    counted: bool = True


class Router:
    """Maps raw paths to handlers; a segment keeps its %2F, and {name*} swallows several."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, list[str], str, Callable[[Call], Any]]] = []

    def add(self, method: str, pattern: str, handler: Callable[[Call], Any]) -> None:
        """Register a handler; the first match in the order of registration wins."""
        self._routes.append((method, pattern.strip("/").split("/"), pattern, handler))

    def find(
        self, method: str, raw: str
    ) -> tuple[Callable[[Call], Any], str, dict[str, str]] | None:
        """Return handler, pattern and parameters for a method and an undecoded path."""
        parts = raw.strip("/").split("/")
        wanted = "GET" if method == "HEAD" else method
        for known, pattern, name, handler in self._routes:
            found = _match(pattern, parts) if known == wanted else None
            if found is not None:
                return handler, f"{known} {name}", found
        return None


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    """Match one pattern; a swallowing parameter takes what the fixed tail leaves."""
    star = next((i for i, word in enumerate(pattern) if word.endswith("*}")), None)
    if star is not None:
        extra = len(parts) - len(pattern) + 1
        if extra < 1:
            return None
        middle = "/".join(parts[star : star + extra])
        parts = [*parts[:star], middle, *parts[star + extra :]]
    if len(parts) != len(pattern):
        return None
    found = {}
    for word, part in zip(pattern, parts, strict=True):
        if word.startswith("{"):
            found[word.strip("{}*")] = unquote(part)
        elif word != part:
            return None
    return found


class Quiet(WSGIRequestHandler):
    """Says nothing on standard error; the call log is the record."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Drop the line."""


class StandIn:
    """Base of both products: start and stop it, count calls, and make it fail by name."""

    product = ""

    def __init__(self, store: Store, *, prefix: str = "") -> None:
        self.store, self.prefix = store, prefix
        self.router = Router()
        self.records: list[Record] = []
        self.faults: list[Fault] = []
        self.stopping = threading.Event()
        self.peak_concurrency = self.running = 0
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._skew = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the stand-in's time: the real clock plus what `advance` added."""
        return time.time() + self._skew

    def advance(self, seconds: float) -> None:
        """Move the stand-in's clock on, so limits reset and tokens expire."""
        self._skew += seconds

    @property
    def base_url(self) -> str:
        """Return the address without the API prefix."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        """Return the address to configure a client with."""
        return self.base_url + self.prefix

    def start(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self.stopping.clear()
        self._server = make_server("127.0.0.1", 0, self._wsgi, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Wake whatever hangs, stop listening and wait for the server's thread."""
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            if self._thread:
                self._thread.join(5)

    def __enter__(self) -> Self:
        return self if self._server and not self.stopping.is_set() else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail(
        self, name: str, *, on: str = "", times: int | None = 1, after: int = 0, **options: Any
    ) -> Fault:
        """Make calls whose endpoint or path contains `on` fail; `times=None` lasts for ever."""
        if name not in self.fault_table():
            raise ValueError(f"unknown fault {name!r}; known: {sorted(self.fault_table())}")
        fault = Fault(name, on, times, after, options)
        self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        """Heal everything."""
        self.faults.clear()

    def fault_table(self) -> dict[str, Callable[..., Response]]:
        """Return the faults of this product by name."""
        return FAULTS

    def calls(self) -> Counter[str]:
        """Count the calls so far by "METHOD /pattern"."""
        return Counter(record.endpoint for record in self.records)

    def statuses(self) -> Counter[int]:
        """Count the answers so far by status code."""
        return Counter(record.status for record in self.records)

    def forget_calls(self) -> None:
        """Start counting anew."""
        self.records.clear()

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Fill the yielded counter with the calls made inside the block."""
        counter: Counter[str] = Counter()
        first = len(self.records)
        yield counter
        counter.update(record.endpoint for record in self.records[first:])

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            self.running += 1
            self.peak_concurrency = max(self.peak_concurrency, self.running)
        try:
            request = Request(environ)
            response = self._serve(request, environ.get("RAW_URI", request.path).partition("?")[0])
            return response(environ, start_response)
        finally:
            with self._lock:
                self.running -= 1

    def _serve(self, request: Request, raw: str) -> Response:
        """Route one request, let a fault step in, and write the record."""
        inside = raw.removeprefix(self.prefix) if raw.startswith(self.prefix) else "/\0"
        found = self.router.find(request.method, inside)
        handler, endpoint, params = found or (None, f"{request.method} (no route)", {})
        call = Call(request, endpoint, params)
        fault = self._fault_for(call)
        if fault:
            act = self.fault_table()[fault.name]
            response = act(self, call, lambda: self._locked(call, handler), fault.options)
        else:
            response = self._locked(call, handler)
        secret = request.headers.get("Authorization") or request.headers.get("PRIVATE-TOKEN", "")
        agent = request.headers.get("User-Agent", "")
        record = Record(request.method, endpoint, request.url, response.status_code, secret, agent)
        record.counted = "uncounted" not in call.notes
        self.records.append(record)
        return response

    def _locked(self, call: Call, handler: Callable[[Call], Any] | None) -> Response:
        """Answer while nobody else changes the store."""
        with self.store.lock:
            return self.answer(call, handler)

    def _fault_for(self, call: Call) -> Fault | None:
        """Return the first fault due for this call and use it up by one."""
        with self._lock:
            place = f"{call.endpoint} {call.request.full_path}"
            return next((fault for fault in self.faults if fault.due(place)), None)

    def answer(self, call: Call, handler: Callable[[Call], Any] | None) -> Response:
        """Answer without faults; each product has its own order of checks."""
        raise NotImplementedError


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Build a JSON answer as both products send it."""
    text = json.dumps(body, separators=(",", ":"))
    made = Response(text, status, content_type="application/json; charset=utf-8")
    made.headers.extend(dict(headers or {}))
    return made
