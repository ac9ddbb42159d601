"""A command that runs on an SSH server, as dulwich reads and writes it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from portal.infra.outbound import TimedOut
from portal.sources.providers.git.web import HEARD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    from portal.infra.outbound import Call

# Of what a server says beside the protocol; it is only searched, never shown.
STDERR_BYTES = 4096


class Channel:
    """One running command, read under the call's clock."""

    stderr = None

    def __init__(self, channel: paramiko.Channel, count: Callable[[int], None], call: Call) -> None:
        self._channel = channel
        self._count = count
        self._call = call
        self._said = b""
        self.heard = b""

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes; fewer only at the end."""
        pieces, left = [], size
        while left:
            self._channel.settimeout(self._call.allot(self._call.limits.read_seconds))
            try:
                piece = self._channel.recv(left)
            except TimeoutError:
                self._call.allot(None)
                raise TimedOut("The server fell silent.", fix="Try again later.") from None
            if not piece:
                break
            self._count(len(piece))
            self._keep_stderr()
            self.heard = (self.heard + piece[-HEARD_BYTES:])[-HEARD_BYTES:]
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def write(self, data: bytes) -> int:
        """Send all of `data`."""
        self._channel.settimeout(self._call.allot(self._call.limits.read_seconds))
        with suppress(OSError):  # a server that has ended has said why, which is read next
            self._channel.sendall(data)
        return len(data)

    def can_read(self) -> bool:
        """Whether something has come."""
        return bool(self._channel.recv_ready())

    def read_stderr(self) -> bytes:
        """Return what the server said beside the protocol."""
        self._channel.status_event.wait(min(1.0, max(0.0, self._call.left)))
        self._keep_stderr()
        return self._said

    def close(self) -> None:
        """End the command."""
        self._channel.close()

    def _keep_stderr(self) -> None:
        """Take it off the channel, which would stop when full."""
        while self._channel.recv_stderr_ready():
            piece = self._channel.recv_stderr(STDERR_BYTES)
            self._said = (self._said + piece)[:STDERR_BYTES]
