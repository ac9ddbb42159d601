"""What a process keeps between requests; every process has its own and may lose it any time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

T = TypeVar("T")


class ProcessCache:
    """Values by name; one thread renews while others that want the same wait for its result."""

    def __init__(self) -> None:
        self._values: dict[str, object] = {}
        self._locks: dict[str, threading.RLock] = {}

    def renew(self, name: str, expected: type[T], make: Callable[[T | None], T]) -> T:
        """Return what `make` gives for the value held so far, and hold that from now on."""
        # Each value has its own lock: lists need not wait while the words of search are read.
        # `setdefault` keeps one lock when two threads come first.
        with self._locks.setdefault(name, threading.RLock()):
            held = self._values.get(name)
            fresh = make(held if isinstance(held, expected) else None)
            self._values[name] = fresh
            return fresh


def get_cache(session: Session) -> ProcessCache:
    """Return the cache of this session's process; a bare session has an empty one of its own."""
    found = session.info.setdefault("cache", ProcessCache())
    if not isinstance(found, ProcessCache):
        raise TypeError("session.info['cache'] holds something else")
    return found
