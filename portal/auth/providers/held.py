"""Values fetched from a provider: kept for a while, and never asked for in a rush."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from portal.auth.core.signing_in import SignInRefused

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
LASTING_SECONDS = 600.0
PAUSE_AFTER_FAILURE_SECONDS = 5.0
PAUSE_BETWEEN_ASKED_SECONDS = 30.0


class Held(Generic[T]):
    """One value; one thread fetches it while the others wait for its result."""

    def __init__(self, fetch: Callable[[], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fetched_at = self._failed_at = self._asked_at = float("-inf")
        self._failure: SignInRefused | None = None

    def get(self) -> T:
        """Return the value, fetched anew when it is old; raises SignInRefused."""
        with self._lock:
            if self._value is not None and self._clock() < self._fetched_at + LASTING_SECONDS:
                return self._value
            return self._renew()

    def get_newer(self) -> T:
        """Return the value fetched anew, because something was missing in it.

        That happens twice a minute at most: whoever sends what is unknown cannot make the portal
        ask the provider for each.
        """
        with self._lock:
            now = self._clock()
            if self._value is not None and now < self._asked_at + PAUSE_BETWEEN_ASKED_SECONDS:
                return self._value
            self._asked_at = now
            return self._renew()

    def _renew(self) -> T:
        if self._failure and self._clock() < self._failed_at + PAUSE_AFTER_FAILURE_SECONDS:
            raise self._failure.with_traceback(None)
        try:
            self._value = self._fetch()
        except SignInRefused as failure:
            self._failure, self._failed_at = failure, self._clock()
            raise
        self._failure, self._fetched_at = None, self._clock()
        return self._value
