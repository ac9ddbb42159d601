"""The web worker: gunicorn's threads, and an end to requests that never end."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LONGEST_READ_SECONDS = 20.0


class ImpatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Stops listening to a client that takes too long to send its request.

    A thread that waits for the rest of a request serves nobody else, and few of them are all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Serve a connection, and note until when its request has to be here."""
        self._reading[conn] = time.monotonic() + LONGEST_READ_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def murder_pending(self) -> None:
        """Run every second: let nothing more be read where time is over; answers still go out."""
        super().murder_pending()
        now = time.monotonic()
        for conn, ends_at in self._reading.copy().items():
            if ends_at < now:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
