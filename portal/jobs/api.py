"""Background work as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.jobs.forms import RunsQuery
from portal.jobs.queries import list_runs, read_overview
from portal.jobs.service import run_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import check_whole, get_actor

if TYPE_CHECKING:
    from datetime import datetime

    from portal.infra.work import JobRun

READ, WRITE = "jobs:job:read", "jobs:job:write"
blueprint = Blueprint("jobs_api", __name__, url_prefix="/api/v1")


class RunItem(BaseModel):
    """One run; `finished_at` and `duration_seconds` are null while it goes on.

    `outcome` is running, done, failed or lost; `error` is one line.
    """

    id: int
    topic: str
    subject: str
    consumer: str
    worker: str
    attempt: int
    started_at: str
    finished_at: str | None
    duration_seconds: float | None
    outcome: str
    error: str


class RunList(BaseModel):
    """A page of runs."""

    items: list[RunItem]
    next_cursor: str | None


class JobItem(BaseModel):
    """One topic; `every_seconds` and `next_at` are null for what follows a change."""

    topic: str
    consumers: list[str]
    every_seconds: int | None
    next_at: str | None
    waiting: int
    due: int
    in_hand: int
    failing: int
    last: RunItem | None


class WorkerItem(BaseModel):
    """A worker as it last reported."""

    name: str
    started_at: str
    seen_at: str
    threads: int
    in_hand: int
    is_reporting: bool


class FailingItem(BaseModel):
    """A row whose work failed, and when it is tried again."""

    id: int
    topic: str
    subject: str
    consumer: str
    attempts: int
    due_at: str
    error: str


class JobList(BaseModel):
    """Workers, jobs, and at most 50 of the rows that fail; `is_silent`: no worker reported."""

    is_silent: bool
    workers: list[WorkerItem]
    jobs: list[JobItem]
    failing: list[FailingItem]
    failing_total: int


class AskedItem(BaseModel):
    """Which job was asked for."""

    topic: str
    asked: bool


@blueprint.get("/jobs")
@requires(READ)
@declare(answer=JobList)
def jobs() -> dict[str, Any]:
    """Tell of workers, of each job with its last run, and of what fails."""
    check_whole(READ)
    found = read_overview(get_session())
    return JobList(
        is_silent=found.is_silent,
        workers=[WorkerItem(**_write_times(asdict(worker))) for worker in found.workers],
        jobs=[
            JobItem(
                topic=job.topic,
                consumers=list(job.consumers),
                every_seconds=job.every_seconds,
                next_at=_write_time(job.next_at),
                waiting=job.waiting,
                due=job.due,
                in_hand=job.in_hand,
                failing=job.failing,
                last=_write_run(job.last) if job.last else None,
            )
            for job in found.jobs
        ],
        failing=[FailingItem(**_write_times(asdict(row))) for row in found.failing],
        failing_total=found.failing_total,
    ).model_dump()


@blueprint.get("/jobs/runs")
@requires(READ)
@declare(query=RunsQuery, answer=RunList)
def runs() -> dict[str, Any]:
    """List runs, the newest first; follow `next_cursor` for older ones."""
    check_whole(READ)
    query = parse_arguments(RunsQuery, request.args)
    found = list_runs(
        get_session(),
        topic=query.topic,
        outcome=query.outcome,
        before=query.before,
        limit=query.limit + 1,
    )
    shown, cursor = query.cut(found)
    return RunList(items=[_write_run(run) for run in shown], next_cursor=cursor).model_dump()


@blueprint.post("/jobs/<string:topic>/run")
@requires(WRITE)
@declare(answer=AskedItem)
def run(topic: str) -> dict[str, Any]:
    """Ask for a periodic job now; a worker takes it within a few seconds."""
    run_now(get_session(), get_actor(Actor), topic)
    return AskedItem(topic=topic, asked=True).model_dump()


def _write_run(run: JobRun) -> RunItem:
    lasted = run.finished_at - run.started_at if run.finished_at else None
    return RunItem(
        id=run.id,
        topic=run.topic,
        subject=run.subject,
        consumer=run.consumer,
        worker=run.worker,
        attempt=run.attempt,
        started_at=run.started_at.isoformat(),
        finished_at=_write_time(run.finished_at),
        duration_seconds=max(0.0, lasted.total_seconds()) if lasted else None,
        outcome=run.outcome,
        error=run.error,
    )


def _write_time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _write_times(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with every time as ISO 8601."""
    return {
        name: value.isoformat() if name.endswith("_at") else value for name, value in values.items()
    }
