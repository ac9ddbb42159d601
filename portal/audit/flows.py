"""Entries read unit by unit: for exports, and for a stream that waits for more."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from portal.audit.queries.entries import (
    describe_entry,
    list_entries,
    list_names,
    list_sealed_after,
)
from portal.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.audit.core.filters import EntryFilter
    from portal.infra.db import Database

ROWS_AT_ONCE = 500
LOOK_EVERY_SECONDS = 0.5
# A stream that waits keeps a thread, and pages need some too.
WAITING = threading.BoundedSemaphore(2)


def read_entries(database: Database, wanted: EntryFilter) -> Iterator[dict[str, Any]]:
    """Yield chosen entries, newest first, batch by batch."""
    before = None
    while True:
        with database.unit(write=False) as session:
            found = list_entries(session, wanted, before=before, limit=ROWS_AT_ONCE)
            names = list_names(session, found)
        yield from (describe_entry(entry, names) for entry in found)
        if len(found) < ROWS_AT_ONCE:
            return
        before = found[-1].id


def check_place(database: Database, after: int) -> None:
    """Raise NotFound where a stream cannot go on."""
    with database.unit(write=False) as session:
        if list_sealed_after(session, after, limit=1) is None:
            raise NotFound(
                f"There is no audit entry {after} to go on behind.",
                fix="Begin with `after=0`, or with the id of the last entry you hold.",
            )


def stream_entries(database: Database, after: int, *, wait: float) -> Iterator[dict[str, Any]]:
    """Yield sealed entries in the order of the chain, and for `wait` seconds what is sealed then.

    Where too many wait already, it ends with what there is.
    """
    may_wait = wait > 0 and WAITING.acquire(blocking=False)
    try:
        ends_at = time.monotonic() + (wait if may_wait else 0)
        while True:
            with database.unit(write=False) as session:
                found = list_sealed_after(session, after, limit=ROWS_AT_ONCE) or []
                names = list_names(session, found)
            yield from (describe_entry(entry, names) for entry in found)
            after = found[-1].id if found else after
            if len(found) == ROWS_AT_ONCE:
                continue
            if time.monotonic() + LOOK_EVERY_SECONDS > ends_at:
                return
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        if may_wait:
            WAITING.release()
