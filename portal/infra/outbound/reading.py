"""Reads answers under the call's clock and caps: slow drips and endless headers end here."""

from __future__ import annotations

import io
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from portal.infra.outbound.calls import current_call
from portal.infra.outbound.errors import AnswerTooLarge, BadAnswer

if TYPE_CHECKING:
    import socket

    from urllib3 import HTTPResponse as PoolResponse

    from portal.infra.outbound.calls import Call

CHUNK_BYTES = 65_536
PLAIN = frozenset({"", "identity"})
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class ClockedReader(io.RawIOBase):
    """The receiving side of a socket; each read waits at most as long as the call has left."""

    def __init__(self, opened: socket.socket, call: Call) -> None:
        super().__init__()
        self._socket = opened
        self._call = call
        self._raw = opened.makefile("rb", buffering=0)
        self._seconds = opened.gettimeout()
        self.left_bytes = 0
        self.what = "answer"

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill `buffer`; raises TimedOut or AnswerTooLarge."""
        self._socket.settimeout(self._call.allot(self._seconds))
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            self._call.allot(None)
            raise
        self.left_bytes -= count or 0
        if self.left_bytes < 0:
            raise explain_size(self._call, self.what)
        return count

    def fileno(self) -> int:
        """Return the socket's number."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the socket back."""
        self._raw.close()
        super().close()


class GuardedResponse(HTTPResponse):
    """An answer off the wire, its status and headers capped, then its body as transmitted."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._call = current_call()
        self._reader = ClockedReader(sock, self._call)
        super().__init__(_Opened(self._reader), *args, **kwargs)  # type: ignore[arg-type]  # only its makefile is used

    def begin(self) -> None:
        """Read status and headers."""
        limits = self._call.limits
        self._reader.what, self._reader.left_bytes = "header", limits.header_bytes
        super().begin()
        # Chunks and packing may make the wire longer than the body, but not endlessly so.
        self._reader.what = "answer"
        self._reader.left_bytes = 2 * limits.body_bytes + limits.header_bytes
        expected = PLAIN if self._call.identity_only else PLAIN | PACKED
        packing = self.getheader("Content-Encoding", "").lower().split(",")
        if not {word.strip() for word in packing} <= expected:
            raise BadAnswer("The answer is packed in a way that was not asked for.")


class _Opened:
    """What HTTPResponse wants of a socket."""

    def __init__(self, reader: ClockedReader) -> None:
        self._reader = reader

    def makefile(self, *_args: Any) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


def read_body(raw: PoolResponse, call: Call) -> bytes:
    """Return the whole body, unpacked piece by piece; raises AnswerTooLarge."""
    limit = call.limits.body_bytes
    if (raw.length_remaining or 0) > limit:
        raise explain_size(call, "answer")
    body = bytearray()
    for piece in raw.stream(CHUNK_BYTES, decode_content=True):
        body += piece
        call.allot(None)
        if len(body) > limit:
            raise explain_size(call, "answer")
    return bytes(body)


def explain_size(call: Call, what: str) -> AnswerTooLarge:
    """Return the error that names the cap that was passed."""
    limits = call.limits
    size = limits.header_bytes if what == "header" else limits.body_bytes
    where = call.at.label if call.at else "the other side"
    return AnswerTooLarge(
        f"The {what} of {where} is larger than {size:,} bytes.", fix="Ask for less at once."
    )
