"""The page of background work, and what can be asked of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.infra.work import OUTCOMES
from portal.jobs.core import say_duration, say_every, say_slot, say_wait
from portal.jobs.forms import AskForm, RunsQuery
from portal.jobs.queries import list_runs, read_overview
from portal.jobs.service import run_now, try_again
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import check_whole, get_actor

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from werkzeug.wrappers import Response

    from portal.infra.work import JobRun
    from portal.jobs.queries import FailingRow, JobState

READ, WRITE = "jobs:job:read", "jobs:job:write"
blueprint = Blueprint("jobs", __name__)


@blueprint.get("/admin/jobs")
@requires(READ)
def index() -> str:
    """Show workers, jobs, what fails and the latest runs."""
    check_whole(READ)
    session = get_session()
    query = parse_arguments(RunsQuery, request.args)
    found = list_runs(
        session,
        topic=query.topic,
        outcome=query.outcome,
        before=query.before,
        limit=query.limit + 1,
    )
    shown, cursor = query.cut(found)
    overview = read_overview(session)
    given = query.list_given()
    return render(
        "jobs/index.html",
        overview=overview,
        periodic=[_present_job(job, overview.now) for job in overview.periodic],
        following=[_present_job(job, overview.now) for job in overview.following],
        failing=[_present_failing(row, overview.now) for row in overview.failing],
        runs=[_present_run(run, {job.topic for job in overview.periodic}) for run in shown],
        topics=[("", "Any"), *((job.topic, job.topic) for job in overview.jobs)],
        outcomes=[("", "Any"), *((word, word.capitalize()) for word in OUTCOMES)],
        given=given,
        next_url=url_for("jobs.index", **given, cursor=cursor, _anchor="runs") if cursor else None,
        first_url=url_for("jobs.index", **given, _anchor="runs") if query.cursor else None,
    )


def _present_job(job: JobState, now: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        topic=job.topic,
        consumers=[name for name in job.consumers if name != job.topic],
        every=say_every(job.every_seconds) if job.every_seconds else "",
        next_at=job.next_at,
        next_words=say_wait(job.next_at - now) if job.next_at else "",
        waiting=job.waiting,
        due=job.due,
        in_hand=job.in_hand,
        failing=job.failing,
        last=_present_run(job.last) if job.last else None,
    )


def _present_failing(row: FailingRow, now: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        id=row.id,
        topic=row.topic,
        subject=row.subject,
        consumer=row.consumer if row.consumer != row.topic else "",
        attempts=row.attempts,
        due_at=row.due_at,
        due_words=say_wait(row.due_at - now),
        error=row.error,
    )


def _present_run(run: JobRun, periodic: Collection[str] = ()) -> SimpleNamespace:
    is_slot = run.topic in periodic and run.subject.isdecimal()
    return SimpleNamespace(
        id=run.id,
        topic=run.topic,
        subject=say_slot(int(run.subject)) if is_slot else run.subject,
        consumer=run.consumer if run.consumer != run.topic else "",
        worker=run.worker,
        attempt=run.attempt,
        started_at=run.started_at,
        duration=say_duration(run.finished_at - run.started_at) if run.finished_at else "",
        outcome=run.outcome,
        error=run.error,
    )


def _back(words: str) -> Response:
    flash(words)
    return redirect(url_for("jobs.index"), 303)


@blueprint.post("/admin/jobs/<string:topic>/run")
@requires(WRITE)
def run(topic: str) -> Response:
    """Ask for a periodic job now."""
    parse_arguments(AskForm, request.form)
    run_now(get_session(), get_actor(Actor), topic)
    return _back(f"{topic} is asked for; a worker takes it within a few seconds.")


@blueprint.post("/admin/jobs/rows/<int:work_id>/try-again")
@requires(WRITE)
def retry(work_id: int) -> Response:
    """Make a failing row due now."""
    parse_arguments(AskForm, request.form)
    topic = try_again(get_session(), get_actor(Actor), work_id)
    return _back(f"{topic} is tried again within a few seconds.")
