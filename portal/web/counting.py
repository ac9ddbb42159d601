"""Where requests are counted when no Redis is: in this process's memory."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from limits.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable

CLEAR_EVERY_SECONDS = 60


class ProcessCounts(Storage):
    """Counts of a fixed window; what ended is dropped once a minute.

    The library's own store starts a thread for that a hundred times a second.
    """

    STORAGE_SCHEME = ["process"]  # noqa: RUF012 as the library declares it

    def __init__(self, uri: str | None = None, clock: Callable[[], float] = time.time) -> None:
        super().__init__(uri)
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._clear_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what may go wrong with it."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a key and return its count; the first of a window begins it."""
        now = self._clock()
        with self._lock:
            if now >= self._clear_at:
                self._counts = {k: held for k, held in self._counts.items() if held[1] > now}
                self._clear_at = now + CLEAR_EVERY_SECONDS
            count, ends_at = self._counts.get(key, (0, 0.0))
            if ends_at <= now:
                count, ends_at = 0, now + expiry
            self._counts[key] = (count + amount, ends_at)
        return count + amount

    def get(self, key: str) -> int:
        """Return the count of a key in its window."""
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of a key ends; now when it has none."""
        now = self._clock()
        return max(self._counts.get(key, (0, now))[1], now)

    def check(self) -> bool:
        """Whether it can count, which it always can."""
        return True

    def reset(self) -> int:
        """Forget every count; returns how many there were."""
        with self._lock:
            found, self._counts = len(self._counts), {}
        return found

    def clear(self, key: str) -> None:
        """Forget the count of a key."""
        with self._lock:
            self._counts.pop(key, None)
