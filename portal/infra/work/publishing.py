"""Asking for work: after a change, and by the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, case, cast, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.infra.contributions import get_contributions
from portal.infra.work.tables import JobSlot, Work

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from sqlalchemy.orm import Session

    from portal.infra.contributions import PeriodicJob

# A slot that lies further ahead was published by a clock that was wrong, and does not count.
FURTHEST_SECONDS = 86_400


def insert_into(session: Session, table: Any) -> Any:
    """Return an insert of this session's database that can say what to do on a conflict."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return (postgresql.insert if is_postgresql else sqlite.insert)(table)


def publish(session: Session, topic: str, subject: str, *, due_at: datetime) -> None:
    """Ask every consumer of `topic` to look at `subject`; again, the earlier due time wins."""
    for consumer in get_contributions(session).consumers:
        if consumer.topic == topic:
            _upsert(session, topic, subject, consumer.name, due_at)


def _upsert(session: Session, topic: str, subject: str, consumer: str, due_at: datetime) -> None:
    statement = insert_into(session, Work).values(
        topic=topic, subject=subject, consumer=consumer, due_at=due_at, generation=1, attempts=0
    )
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["topic", "subject", "consumer"],
            set_={
                "generation": Work.generation + 1,
                "due_at": case((new.due_at < Work.due_at, new.due_at), else_=Work.due_at),
                "attempts": 0,
            },
        )
    )


def find_next_slot(every_seconds: int, now: datetime) -> int:
    """Return the next moment that is a multiple of `every_seconds`, in seconds since 1970."""
    return (int(now.timestamp()) // every_seconds + 1) * every_seconds


def list_behind(
    session: Session, periodic: Collection[PeriodicJob], *, now: datetime
) -> list[PeriodicJob]:
    """Return the jobs whose next slot is to be published, with one query.

    A job whose last slot is still to do is left out: it waits its turn, and never meets itself.
    """
    if not periodic:
        return []
    is_open = exists().where(Work.topic == JobSlot.job, Work.subject == cast(JobSlot.slot, String))
    rows = session.execute(select(JobSlot.job, JobSlot.slot, is_open)).all()
    known: dict[str, tuple[int, bool]] = {row[0]: (row[1], row[2]) for row in rows}
    return [job for job in periodic if _is_behind(known.get(job.name), job, now)]


def _is_behind(known: tuple[int, bool] | None, job: PeriodicJob, now: datetime) -> bool:
    if known is None:
        return True
    slot, is_open = known
    wanted = find_next_slot(job.every_seconds, now)
    return slot > wanted + FURTHEST_SECONDS or (slot < wanted and not is_open)


def publish_slot(session: Session, job: str, every_seconds: int, *, now: datetime) -> bool:
    """Publish the next slot of a periodic job, unless anybody did; whoever moves it publishes.

    One conditional statement decides, so clocks that differ publish no slot twice either.
    """
    slot = find_next_slot(every_seconds, now)
    statement = insert_into(session, JobSlot).values(job=job, slot=slot)
    moved = session.execute(
        statement.on_conflict_do_update(
            index_elements=["job"],
            set_={"slot": slot},
            where=or_(JobSlot.slot < slot, JobSlot.slot > slot + FURTHEST_SECONDS),
        ).returning(JobSlot.job)
    ).one_or_none()
    if moved is None:
        return False
    publish(session, job, str(slot), due_at=datetime.fromtimestamp(slot, tz=UTC))
    return True
