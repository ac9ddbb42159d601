"""What happened: how runs end, in one line, and which of them are forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, or_, select, update

from portal.errors import DatabaseUnavailable, PortalError
from portal.infra.db import BATCH_ROWS
from portal.infra.logs import blank_secrets
from portal.infra.work.tables import (
    DONE,
    ERROR_CHARACTERS,
    LOST,
    RUNNING,
    JobRun,
    Work,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

NEWEST_KEPT = 200
TROUBLE_KEPT = timedelta(days=30)
# Whatever keeps failing may not fill the table: so much trouble of one topic is enough.
MOST_TROUBLE_KEPT = 5_000
ABANDONED_AFTER = timedelta(days=1)


def tell_error(error: BaseException) -> str:
    """Return what went wrong in one line, without secrets and without a traceback."""
    if isinstance(error, DatabaseUnavailable):
        return "The database did not answer."  # why names hosts and users
    text = error.detail if isinstance(error, PortalError) else str(error)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not isinstance(error, PortalError):
        first = f"{type(error).__name__}: {first}" if first else type(error).__name__
    hidden = str(blank_secrets(first)).replace("\0", " ")
    return hidden.encode(errors="replace").decode()[:ERROR_CHARACTERS]


def end_run(session: Session, run_id: int, outcome: str, error: str = "", *, now: datetime) -> None:
    """Write down how a run ended, unless that is known."""
    session.execute(
        update(JobRun)
        .where(JobRun.id == run_id, JobRun.outcome == RUNNING)
        .values(outcome=outcome, error=error[:ERROR_CHARACTERS], finished_at=now)
    )


def forget_runs(session: Session, *, now: datetime) -> int:
    """Delete one batch of old runs; returns how many.

    The newest of each topic stay, failures and losses for 30 days, and what still runs.
    """
    _end_abandoned(session, now)
    newer = func.row_number().over(partition_by=JobRun.topic, order_by=JobRun.id.desc())
    ranked = select(JobRun.id, JobRun.outcome, JobRun.started_at, newer.label("place")).subquery()
    is_old = and_(
        ranked.c.place > NEWEST_KEPT,
        ranked.c.outcome != RUNNING,
        or_(
            ranked.c.outcome == DONE,
            ranked.c.started_at < now - TROUBLE_KEPT,
            ranked.c.place > MOST_TROUBLE_KEPT,
        ),
    )
    ids = session.scalars(select(ranked.c.id).where(is_old).limit(BATCH_ROWS)).all()
    session.execute(delete(JobRun).where(JobRun.id.in_(ids)))
    return len(ids)


def _end_abandoned(session: Session, now: datetime) -> None:
    """Write down as lost what no row of work knows of any more."""
    held = select(Work.claimed_by).where(Work.claimed_by.is_not(None))
    session.execute(
        update(JobRun)
        .where(
            JobRun.outcome == RUNNING,
            JobRun.started_at < now - ABANDONED_AFTER,
            JobRun.id.not_in(held),
        )
        .values(outcome=LOST, error="Its row of work is gone.", finished_at=now)
    )
