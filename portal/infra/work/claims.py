"""Claims: taking a row of work, keeping it, and letting it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, delete, insert, select, tuple_, update

from portal.infra.work.runs import end_run
from portal.infra.work.tables import DONE, FAILED, LOST, RUNNING, JobRun, Work

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

LEASE = timedelta(seconds=60)
RETRY_BASE_SECONDS = 5
RETRY_CAP_SECONDS = 3600
FREE = {"claimed_until": None, "claimed_by": None}
EXPIRED = "Its worker did not report for a minute."


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased row of work; `run_id` is the run that holds it, and its token."""

    id: int
    topic: str
    subject: str
    consumer: str
    generation: int
    attempts: int
    run_id: int


def _is_free(now: datetime) -> ColumnElement[bool]:
    return (Work.claimed_until.is_(None)) | (Work.claimed_until < now)


def list_due(
    session: Session,
    *,
    now: datetime,
    limit: int = 100,
    among: Collection[tuple[str, str]] | None = None,
    leave_out: Collection[tuple[str, str]] = (),
) -> list[int]:
    """Return ids of rows that are due and unclaimed, oldest first.

    `among` and `leave_out` choose by topic and consumer.
    """
    query = select(Work.id).where(Work.due_at <= now, _is_free(now))
    whose = tuple_(Work.topic, Work.consumer)
    if among is not None:
        query = query.where(whose.in_(among))
    if leave_out:
        query = query.where(whose.not_in(leave_out))
    return list(session.scalars(query.order_by(Work.due_at, Work.id).limit(limit)))


def claim(session: Session, work_id: int, *, worker: str, now: datetime) -> Claim | None:
    """Lease a row and begin a run; None when it is gone, not due or somebody else's.

    A run whose lease ran out before is written down as lost. A row that a publisher holds at
    this moment is left alone, so that nobody waits for a long transaction.
    """
    row = session.execute(
        select(
            Work.topic,
            Work.subject,
            Work.consumer,
            Work.generation,
            Work.attempts,
            Work.claimed_by,
        )
        .where(Work.id == work_id, Work.due_at <= now, _is_free(now))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    topic, subject, consumer, generation, attempts, holder = row
    if holder is not None:
        end_run(session, holder, LOST, EXPIRED, now=now)
    run_id = session.scalars(
        insert(JobRun)
        .values(
            topic=topic,
            subject=subject,
            consumer=consumer,
            worker=worker,
            attempt=attempts + 1,
            started_at=now,
            outcome=RUNNING,
            error="",
        )
        .returning(JobRun.id)
    ).one()
    session.execute(
        update(Work)
        .where(Work.id == work_id)
        .values(claimed_until=now + LEASE, claimed_by=run_id, attempts=attempts + 1)
    )
    return Claim(work_id, topic, subject, consumer, generation, attempts + 1, run_id)


def renew(session: Session, claims: Collection[Claim], *, now: datetime) -> set[int]:
    """Lengthen leases; returns the ids of the runs that still hold theirs."""
    if not claims:
        return set()
    held = session.scalars(
        update(Work)
        .where(
            Work.id.in_([claimed.id for claimed in claims]),
            Work.claimed_by.in_([claimed.run_id for claimed in claims]),
        )
        .values(claimed_until=now + LEASE)
        .returning(Work.claimed_by)
    )
    return {run_id for run_id in held if run_id is not None}


def finish(session: Session, claimed: Claim, *, now: datetime) -> bool:
    """Delete a row that was done, or free it when it was published meanwhile.

    False when the claim is somebody else's by now: then nothing changes.
    """
    gone = session.execute(
        delete(Work)
        .where(*_hold(claimed), Work.generation == claimed.generation)
        .returning(Work.id)
    ).one_or_none()
    if gone is None and not _change(session, claimed, FREE):
        return False
    end_run(session, claimed.run_id, DONE, now=now)
    return True


def give_back(session: Session, claimed: Claim, *, error: str, now: datetime) -> bool:
    """Free a row whose work failed; it is due again after a growing pause.

    What was published meanwhile is due as it says. False when the claim is somebody else's.
    """
    pause = min(RETRY_BASE_SECONDS * 2 ** min(claimed.attempts - 1, 12), RETRY_CAP_SECONDS)
    due_at = case(
        (Work.generation == claimed.generation, now + timedelta(seconds=pause)),
        else_=Work.due_at,
    )
    if not _change(session, claimed, {**FREE, "due_at": due_at}):
        return False
    end_run(session, claimed.run_id, FAILED, error, now=now)
    return True


def release(session: Session, claimed: Claim, *, reason: str, now: datetime) -> bool:
    """Free a row at once whose worker stops; the attempt does not count."""
    attempts = case((Work.attempts > 0, Work.attempts - 1), else_=0)
    if not _change(session, claimed, {**FREE, "attempts": attempts}):
        return False
    end_run(session, claimed.run_id, LOST, reason, now=now)
    return True


def _hold(claimed: Claim) -> tuple[ColumnElement[bool], ...]:
    return (Work.id == claimed.id, Work.claimed_by == claimed.run_id)


def _change(session: Session, claimed: Claim, values: dict[str, Any]) -> bool:
    """Change a row by who holds its claim; False when that is somebody else."""
    statement = update(Work).where(*_hold(claimed)).values(values).returning(Work.id)
    return (
        session.execute(statement, execution_options={"synchronize_session": False}).one_or_none()
        is not None
    )
