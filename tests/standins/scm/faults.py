"""Faults by name that can befall any call of either stand-in."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Fault:
    """A fault waiting for its calls: skip `after` matches, then strike `times` times."""

    name: str
    on: str = ""
    times: int | None = 1
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def due(self, place: str) -> bool:
        """Say whether the fault strikes here, and count it."""
        if self.on not in place or (self.times is not None and self.struck >= self.times):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.struck += 1
        return True


def _page(status: int, title: str) -> Callable[..., Response]:
    """Make a fault that answers with a gateway's HTML page instead of JSON."""

    def strike(*_: Any) -> Response:
        text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return Response(text, status, content_type="text/html; charset=utf-8")

    return strike


def truncated_body(
    _: Any, __: Any, produce: Callable[[], Response], options: dict[str, Any]
) -> Response:
    """Promise the whole body, send part of it, close."""
    made = produce()
    data = made.get_data()
    keep = int(options.get("keep", len(data) // 2))
    made.response = [data[:keep]]
    made.headers["Content-Length"] = str(len(data))
    return made


def slow_drip(
    standin: Any, _: Any, produce: Callable[[], Response], options: dict[str, Any]
) -> Response:
    """Send the body a few bytes at a time (`size`, every `pause` seconds)."""
    made = produce()
    data, size = made.get_data(), int(options.get("size", 1))

    def drip() -> Iterator[bytes]:
        for start in range(0, len(data), size):
            if standin.stopping.wait(float(options.get("pause", 0.2))):
                return
            yield data[start : start + size]

    made.response = drip()
    made.headers["Content-Length"] = str(len(data))
    return made


def hang(
    standin: Any, _: Any, produce: Callable[[], Response], options: dict[str, Any]
) -> Response:
    """Say nothing for `seconds`, then answer."""
    standin.stopping.wait(float(options.get("seconds", 60)))
    return produce()


def dropped_connection(_: Any, call: Any, __: Any, ___: Any) -> Response:
    """Close the connection without a word."""
    with contextlib.suppress(OSError, KeyError):
        call.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response("", 500)


def huge_body(standin: Any, _: Any, __: Any, options: dict[str, Any]) -> Response:
    """Stream `size` bytes of well-formed JSON without announcing a length."""

    def stream() -> Iterator[bytes]:
        yield b'["'
        for _ in range(int(options.get("size", 64_000_000)) // 65_536):
            if standin.stopping.is_set():
                return
            yield b"x" * 65_536
        yield b'"]'

    return Response(stream(), 200, content_type="application/json; charset=utf-8")


def not_json(*_: Any) -> Response:
    """Answer 200 with a sign-in page, as a proxy in between would."""
    return Response("<html>Please sign in</html>", 200, content_type="text/html")


def wrong_shape(*_: Any) -> Response:
    """Answer 200 with JSON of a shape nobody documented."""
    return Response('{"surprise":[null]}', 200, content_type="application/json; charset=utf-8")


def redirect_away(_: Any, __: Any, ___: Any, options: dict[str, Any]) -> Response:
    """Send the client, and perhaps its token, to another address (`to`)."""
    target = options.get("to", "http://169.254.169.254/latest/meta-data/")
    return Response("", int(options.get("status", 301)), {"Location": target})


def redirect_loop(_: Any, call: Any, __: Any, ___: Any) -> Response:
    """Send the client back to where it came from."""
    return Response("", 301, {"Location": call.request.url})


def lost_answer(_: Any, __: Any, produce: Callable[[], Response], ___: Any) -> Response:
    """Do what was asked, then answer as a gateway that waited too long for it."""
    produce()
    return _page(504, "Gateway Time-out")()


FAULTS: dict[str, Callable[..., Response]] = {
    "server_error": _page(500, "Internal Server Error"),
    "bad_gateway": _page(502, "Bad Gateway"),
    "unavailable": _page(503, "Service Unavailable"),
    "gateway_timeout": _page(504, "Gateway Time-out"),
    "truncated_body": truncated_body,
    "slow_drip": slow_drip,
    "hang": hang,
    "dropped_connection": dropped_connection,
    "huge_body": huge_body,
    "not_json": not_json,
    "wrong_shape": wrong_shape,
    "redirect_away": redirect_away,
    "redirect_loop": redirect_loop,
}
