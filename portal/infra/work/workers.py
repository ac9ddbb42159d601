"""Which processes do background work, and how much of it waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from portal.infra.work.publishing import insert_into
from portal.infra.work.tables import JobWorker, Work

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

# A worker reports every 15 seconds; one that missed four reports does not count as alive.
ALIVE = timedelta(seconds=60)
WORKERS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Rows of work that wait, those of them that are due and free, and workers alive."""

    waiting: int
    due: int
    oldest_due_seconds: float
    workers: int


def beat(session: Session, name: str, *, started_at: datetime, threads: int, now: datetime) -> None:
    """Write down that a worker is alive."""
    statement = insert_into(session, JobWorker).values(
        name=name, started_at=started_at, seen_at=now, threads=threads
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"started_at": started_at, "seen_at": now, "threads": threads},
        )
    )


def leave(session: Session, name: str) -> None:
    """Forget a worker that ends."""
    session.execute(delete(JobWorker).where(JobWorker.name == name))


def forget_workers(session: Session, *, now: datetime) -> None:
    """Forget workers that were not heard of for a day."""
    session.execute(delete(JobWorker).where(JobWorker.seen_at < now - WORKERS_KEPT))


def measure(session: Session, *, now: datetime) -> Backlog:
    """Return how much waits and how many workers are alive, with one query."""
    is_due = (Work.due_at <= now) & (Work.claimed_until.is_(None) | (Work.claimed_until < now))
    alive = (
        select(func.count()).select_from(JobWorker).where(JobWorker.seen_at > now - ALIVE)
    ).scalar_subquery()
    row = session.execute(
        select(
            func.count(Work.id),
            func.count(Work.id).filter(is_due),
            func.min(Work.due_at).filter(is_due),
            alive,
        )
    ).one()
    waiting, due, oldest, workers = row
    seconds = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Backlog(waiting, due, seconds, workers)
