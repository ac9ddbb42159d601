"""What the catalog does by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.catalog.queries.columns import find_last_tombstone
from portal.catalog.service.own_values import read_batch
from portal.catalog.service.removals import forget_removed
from portal.catalog.service.revisions import forget_tombstones
from portal.infra.queue import raise_if_stopping
from portal.infra.work import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.db import Database

FORGET = "catalog.forget_removed"
FORGET_TOMBSTONES = "catalog.forget_tombstones"
# Twice as long as a process may hold columns before it reads everything again.
TOMBSTONES_KEPT = timedelta(hours=24)


def make_forget(kept: timedelta) -> Callable[[Session, str, datetime], None]:
    """Return the job that forgets what was removed longer than `kept` ago, every hour.

    Tombstones have no time, so it also asks that those there are now be forgotten a day later.
    """

    def forget(session: Session, subject: str, now: datetime) -> None:
        del subject
        forget_removed(session, now - kept)
        revision = find_last_tombstone(session)
        if revision is not None:
            publish(session, FORGET_TOMBSTONES, str(revision), due_at=now + TOMBSTONES_KEPT)

    return forget


def forget_old_tombstones(session: Session, subject: str, now: datetime) -> None:
    """Forget the tombstones up to the revision in `subject`, which was the last a day ago."""
    del now
    forget_tombstones(session, int(subject) + 1)


def read_own_fields(database: Database, subject: str, now: datetime) -> None:
    """Read the own fields of all entities again, batch by batch, after a declaration changed."""
    del subject
    goes_on = True
    while goes_on:
        raise_if_stopping()
        with database.unit(write=True) as session:
            goes_on = read_batch(session, now=now)
