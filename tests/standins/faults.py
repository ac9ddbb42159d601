"""A TCP proxy in front of a real server that fails in a chosen way."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Self

from tests.standins.endless import answer_endlessly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODES = (
    "pass",
    "hang",
    "reset",
    "truncate",
    "drip",
    "500",
    "huge",
    "garbage",
    "slow_headers",
)
PIECE = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"
SECONDS_FOR_A_BODY = 2.0
"""How long `truncate` gathers a body before it sends the first half of what has come."""


class _Request:
    """What the client said since the last answer: a head and its body may come in pieces."""

    def __init__(self) -> None:
        self.text = b""
        self._is_answered = False

    def hear(self, piece: bytes, is_from_client: bool) -> None:  # noqa: FBT001 - about one piece
        if is_from_client:
            said = b"" if self._is_answered else self.text
            self.text = (said + piece)[-PIECE:]
        self._is_answered = not is_from_client


class FaultProxy:
    """Passes on to `upstream` until a connection is struck by `mode`.

    `mode` and the options may be set at any time; they count from the next piece that arrives.
    `only`: a connection is struck from the request on that holds these bytes, e.g. `b"POST "`,
    or `b"command=fetch"` for git's protocol 2, which lists refs by POST too; empty: at once.
    `reset_after` bytes of the answer go out before a reset; `pause` is the time between two
    bytes of `drip` and two headers of `slow_headers`.
    """

    def __init__(self, upstream: tuple[str, int], mode: str = "pass") -> None:
        self.upstream = upstream
        self.only = b""
        self.reset_after = 64
        self.pause = 0.2
        self.connections = 0
        self.sent = 0
        self._mode = "pass"
        self.mode = mode
        self._lock = Lock()
        self.stopping = Event()
        self._threads: list[Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(0.1)
        self.port: int = self._listener.getsockname()[1]

    @property
    def mode(self) -> str:
        """Return how connections are struck."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"No such fault: {mode}; there are {', '.join(MODES)}.")
        self._mode = mode

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _begin(self, work: Callable, *arguments: object) -> None:
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                self.connections += 1
            self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if self.mode in ("hang", *ANSWERS) and not self.only:
                # Whoever answers by itself needs no upstream, so it may be down as well.
                self._strike(client, None, self.read(client))
                return
            with socket.create_connection(self.upstream, timeout=10) as upstream:
                self._pump(client, upstream)

    def _pump(self, client: socket.socket, upstream: socket.socket) -> None:
        """Pass on both ways until a side ends or the fault strikes."""
        open_sides, request, is_struck = [client, upstream], _Request(), False
        while upstream in open_sides and not self.stopping.is_set():
            for side in select.select(open_sides, [], [], 0.1)[0]:
                piece = side.recv(PIECE)
                is_from_client = side is client
                request.hear(piece, is_from_client)
                is_struck = is_struck or self._is_struck(request)
                # Where upstream is not asked at all it is the client's piece that begins.
                if is_struck and is_from_client == (self.mode in ("hang", *ANSWERS)):
                    self._strike(client, upstream, request.text if is_from_client else piece)
                    return
                if not piece:
                    open_sides.remove(side)
                self._pass_on(piece, client, upstream, is_from_client)

    def _is_struck(self, request: _Request) -> bool:
        return self.mode != "pass" and self.only in request.text

    def _pass_on(
        self,
        piece: bytes,
        client: socket.socket,
        upstream: socket.socket,
        is_from_client: bool,  # noqa: FBT001 - about one piece
    ) -> None:
        if not is_from_client:
            self.send(client, piece)
        elif piece:
            upstream.sendall(piece)
        else:
            upstream.shutdown(socket.SHUT_WR)

    def _strike(self, client: socket.socket, upstream: socket.socket | None, piece: bytes) -> None:
        if self.mode in ANSWERS:
            ANSWERS[self.mode](self, client, piece)
            _end(client)
        elif self.mode == "hang":
            while self.read(client):
                """Whatever comes is read and never answered."""
        else:
            PASSES[self.mode](self, client, upstream, piece)

    def read(self, side: socket.socket) -> bytes:
        """Return the next piece, or nothing when the side or the proxy ends."""
        while not self.stopping.is_set():
            if select.select([side], [], [], 0.1)[0]:
                return side.recv(PIECE)
        return b""

    def send(self, client: socket.socket, data: bytes) -> None:
        """Send to the client and count."""
        client.sendall(data)
        with self._lock:
            self.sent += len(data)


def _reset(proxy: FaultProxy, client: socket.socket, upstream: socket.socket, piece: bytes) -> None:
    """Send the first bytes of the answer, then a RST."""
    data = piece
    while len(data) < proxy.reset_after and (more := proxy.read(upstream)):
        data += more
    proxy.send(client, data[: proxy.reset_after])
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _truncate(
    proxy: FaultProxy, client: socket.socket, upstream: socket.socket, piece: bytes
) -> None:
    """Send the whole head and half of the body, then close in good order."""
    data = piece
    while not _is_whole(data) and select.select([upstream], [], [], SECONDS_FOR_A_BODY)[0]:
        more = upstream.recv(PIECE)
        if not more or len(data) > 16 * PIECE:
            break
        data += more
    head, mark, body = data.partition(END_OF_HEAD)
    proxy.send(client, head + mark + body[: len(body) // 2] if mark else data[: len(data) // 2])
    _end(client)


def _drip(proxy: FaultProxy, client: socket.socket, upstream: socket.socket, piece: bytes) -> None:
    """Send the answer byte by byte; what the client says meanwhile still reaches upstream."""
    waiting, sides = bytearray(piece), [client, upstream]
    while waiting or upstream in sides:
        for side in select.select(sides, [], [], 0 if waiting else 0.1)[0]:
            more = side.recv(PIECE)
            if not more:
                sides.remove(side)
            elif side is client:
                upstream.sendall(more)
            else:
                waiting += more
        if waiting:
            proxy.send(client, waiting[:1])
            del waiting[:1]
        if proxy.stopping.wait(proxy.pause if waiting else 0):
            return


def _answer_500(proxy: FaultProxy, client: socket.socket, _: bytes) -> None:
    body = b"The machine room is under water.\n"
    head = f"HTTP/1.1 500 Internal Server Error\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: text/plain\r\nConnection: close\r\n\r\n"
    proxy.send(client, head.encode() + body)


def _answer_hugely(proxy: FaultProxy, client: socket.socket, request: bytes) -> None:
    for part in answer_endlessly(request):
        if proxy.stopping.is_set():
            return
        proxy.send(client, part)


def _answer_garbage(proxy: FaultProxy, client: socket.socket, _: bytes) -> None:
    proxy.send(client, random.Random(7).randbytes(4096))


def _answer_slowly(proxy: FaultProxy, client: socket.socket, _: bytes) -> None:
    for line in _never_ending_head():
        proxy.send(client, line)
        if proxy.stopping.wait(proxy.pause):
            return


ANSWERS: dict[str, Callable[[FaultProxy, socket.socket, bytes], None]] = {
    "500": _answer_500,
    "huge": _answer_hugely,
    "garbage": _answer_garbage,
    "slow_headers": _answer_slowly,
}
PASSES: dict[str, Callable[[FaultProxy, socket.socket, socket.socket, bytes], None]] = {
    "reset": _reset,
    "truncate": _truncate,
    "drip": _drip,
}


def _never_ending_head() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    number = 0
    while True:
        number += 1
        yield f"X-Filler-{number}: still not done\r\n".encode()


def _is_whole(data: bytes) -> bool:
    """Say whether an HTTP answer has arrived as far as its head tells."""
    head, mark, body = data.partition(END_OF_HEAD)
    if not mark:
        return False
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"content-length" in fields:
        return len(body) >= int(fields[b"content-length"])
    return body.endswith(b"0" + END_OF_HEAD)


def _end(client: socket.socket) -> None:
    """Close so that what was sent arrives: a close over unread bytes would be a RST."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(1)
    with contextlib.suppress(OSError):
        while client.recv(PIECE):
            """Read until the client ends as well."""
