"""What background work does for itself: it forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra import work
from portal.infra.db import BATCH_ROWS
from portal.infra.queue import raise_if_stopping

if TYPE_CHECKING:
    from datetime import datetime

    from portal.infra.db import Database

FORGET = "jobs.forget_runs"


def forget_runs(database: Database, subject: str, now: datetime) -> None:
    """Forget old runs, batch by batch, and workers that are long gone."""
    del subject
    with database.unit(write=True) as session:
        work.forget_workers(session, now=now)
    gone = BATCH_ROWS
    while gone == BATCH_ROWS:
        raise_if_stopping()
        with database.unit(write=True) as session:
            gone = work.forget_runs(session, now=now)
