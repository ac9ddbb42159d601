"""Something the worker stands on is away: said once when it goes, once when it is back."""

from __future__ import annotations

import threading
import time

from portal.infra.logs import get_logger

log = get_logger("queue")


class Outage:
    """Whether one thing is away, told of in one line each way, whoever notices and how often."""

    def __init__(self, what: str, where: str) -> None:
        self.where = where
        self._what = what
        self._noticed: float | None = None
        self._lock = threading.Lock()

    def begin(self, reason: str) -> None:
        """Say that it is away, if nobody said so yet."""
        with self._lock:
            is_news, self._noticed = self._noticed is None, time.monotonic()
        if is_news:
            log.warning("away", what=self._what, where=self.where, reason=reason)

    def end(self, asked: float) -> None:
        """Say that it is back, if it was away when it was asked at the moment `asked`.

        An answer to a question from before the outage says nothing.
        """
        if self._noticed is None:
            return
        with self._lock:
            is_news = self._noticed is not None and asked > self._noticed
            if is_news:
                self._noticed = None
        if is_news:
            log.warning("back", what=self._what, where=self.where)
