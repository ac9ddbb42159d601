"""Reads of background work: a fixed number of queries, whatever there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from portal.infra.contributions import get_contributions
from portal.infra.db import read_clock
from portal.infra.work import (
    FAILED,
    LOST,
    RUNNING,
    JobRun,
    JobSlot,
    JobWorker,
    Work,
    find_next_slot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

SILENT_AFTER = timedelta(minutes=3)
REPORTS_WITHIN = timedelta(minutes=1)
MOST_FAILING_SHOWN = 50


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker as it last reported, and how many rows it has in hand."""

    name: str
    started_at: datetime
    seen_at: datetime
    threads: int
    in_hand: int
    is_reporting: bool


@dataclass(frozen=True, slots=True)
class JobState:
    """One topic: who works on it, what waits, and how it last went.

    `every_seconds` and `next_at` are None for what follows a change.
    """

    topic: str
    consumers: tuple[str, ...]
    every_seconds: int | None
    next_at: datetime | None
    waiting: int
    due: int
    in_hand: int
    failing: int
    last: JobRun | None


@dataclass(frozen=True, slots=True)
class FailingRow:
    """A row whose work failed: how often, with what, and when it is tried again."""

    id: int
    topic: str
    subject: str
    consumer: str
    attempts: int
    due_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, as of `now`; `seen_at` is when any worker last reported."""

    now: datetime
    workers: tuple[WorkerState, ...]
    seen_at: datetime | None
    jobs: tuple[JobState, ...]
    failing: tuple[FailingRow, ...]
    failing_total: int

    @property
    def is_silent(self) -> bool:
        """Whether no worker reported for so long that something is wrong."""
        return self.seen_at is None or self.seen_at < self.now - SILENT_AFTER

    @property
    def periodic(self) -> tuple[JobState, ...]:
        """Return what the clock asks for."""
        return tuple(job for job in self.jobs if job.every_seconds is not None)

    @property
    def following(self) -> tuple[JobState, ...]:
        """Return what follows a change."""
        return tuple(job for job in self.jobs if job.every_seconds is None)


def read_overview(session: Session) -> Overview:
    """Return workers, jobs and what fails; times are compared with the database's own clock."""
    now = read_clock(session)
    workers = _list_workers(session, now)
    jobs = _list_jobs(session, now)
    return Overview(
        now=now,
        workers=workers,
        seen_at=max((worker.seen_at for worker in workers), default=None),
        jobs=jobs,
        failing=_list_failing(session),
        failing_total=sum(job.failing for job in jobs),
    )


def list_runs(
    session: Session, *, topic: str = "", outcome: str = "", before: int | None = None, limit: int
) -> list[JobRun]:
    """Return runs, the newest first, from the one below the id `before` on."""
    query = select(JobRun).order_by(JobRun.id.desc()).limit(limit)
    if topic:
        query = query.where(JobRun.topic == topic)
    if outcome:
        query = query.where(JobRun.outcome == outcome)
    if before is not None:
        query = query.where(JobRun.id < before)
    return list(session.scalars(query))


def _list_workers(session: Session, now: datetime) -> tuple[WorkerState, ...]:
    in_hand = (
        select(func.count())
        .select_from(JobRun)
        .where(JobRun.worker == JobWorker.name, JobRun.outcome == RUNNING)
        .correlate(JobWorker)
        .scalar_subquery()
    )
    rows = session.execute(
        select(JobWorker, in_hand).order_by(JobWorker.seen_at.desc(), JobWorker.name)
    ).all()
    return tuple(
        WorkerState(
            name=row.name,
            started_at=row.started_at,
            seen_at=row.seen_at,
            threads=row.threads,
            in_hand=count,
            is_reporting=row.seen_at > now - REPORTS_WITHIN,
        )
        for row, count in rows
    )


def _list_jobs(session: Session, now: datetime) -> tuple[JobState, ...]:
    known = get_contributions(session)
    every = {job.name: job.every_seconds for job in known.periodic}
    slots = {slot.job: slot.slot for slot in session.scalars(select(JobSlot))}
    counts = _count_rows(session, now)
    topics = sorted({c.topic for c in known.consumers} | counts.keys())
    last = _list_last_runs(session, topics)
    return tuple(
        JobState(
            topic=topic,
            consumers=tuple(c.name for c in known.consumers if c.topic == topic),
            every_seconds=every.get(topic),
            next_at=_find_next(every.get(topic), slots.get(topic), now),
            waiting=counts.get(topic, NOTHING)[0],
            due=counts.get(topic, NOTHING)[1],
            in_hand=counts.get(topic, NOTHING)[2],
            failing=counts.get(topic, NOTHING)[3],
            last=last.get(topic),
        )
        for topic in topics
    )


NOTHING = (0, 0, 0, 0)


def _find_next(every: int | None, slot: int | None, now: datetime) -> datetime | None:
    """Return the next slot: the one that was published, or the one that comes."""
    if every is None:
        return None
    coming = find_next_slot(every, now)
    is_published = slot is not None and now.timestamp() < slot <= coming
    return datetime.fromtimestamp(slot if is_published and slot else coming, tz=UTC)


def _count_rows(session: Session, now: datetime) -> dict[str, tuple[int, int, int, int]]:
    is_held = Work.claimed_until >= now
    is_free = Work.claimed_until.is_(None) | (Work.claimed_until < now)
    rows = session.execute(
        select(
            Work.topic,
            func.count().filter(is_free),
            func.count().filter(is_free, Work.due_at <= now),
            func.count().filter(is_held),
            func.count().filter(_is_failing()),
        ).group_by(Work.topic)
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _is_failing() -> ColumnElement[bool]:
    return (Work.attempts > 0) & Work.claimed_by.is_(None)


def _list_last_runs(session: Session, topics: Iterable[str]) -> Mapping[str, JobRun]:
    newest = (
        select(func.max(JobRun.id))
        .where(JobRun.topic.in_(topics), JobRun.outcome != RUNNING)
        .group_by(JobRun.topic)
    )
    return {run.topic: run for run in session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def _list_failing(session: Session) -> tuple[FailingRow, ...]:
    error = (
        select(JobRun.error)
        .where(
            JobRun.topic == Work.topic,
            JobRun.subject == Work.subject,
            JobRun.consumer == Work.consumer,
            JobRun.outcome.in_((FAILED, LOST)),
        )
        .order_by(JobRun.id.desc())
        .limit(1)
        .correlate(Work)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Work.id,
            Work.topic,
            Work.subject,
            Work.consumer,
            Work.attempts,
            Work.due_at,
            error.label("error"),
        )
        .where(_is_failing())
        .order_by(Work.due_at, Work.id)
        .limit(MOST_FAILING_SHOWN)
    )
    return tuple(
        FailingRow(
            id=row.id,
            topic=row.topic,
            subject=row.subject,
            consumer=row.consumer,
            attempts=row.attempts,
            due_at=row.due_at,
            error=row.error or "",
        )
        for row in rows
    )
