"""The `work` table: outbox, schedule and truth of everything that follows a change.

Publishing happens in the publisher's own transaction, so what rolls back triggers nothing.
A claim is a lease; finishing deletes the row only in the generation that was claimed, so a
change that arrives meanwhile is worked on again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, UniqueConstraint, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.contributions import get_contributions
from portal.infra.db import Base, UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEASE = timedelta(minutes=5)
RETRY_BASE_SECONDS = 5
RETRY_CAP_SECONDS = 3600


class Work(Base):
    """One thing to do for one consumer about one subject."""

    __tablename__ = "work"
    __table_args__ = (
        UniqueConstraint("topic", "subject", "consumer"),
        Index("ix_work_due_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(400))
    consumer: Mapped[str] = mapped_column(String(100))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    generation: Mapped[int] = mapped_column(default=1)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased row of work."""

    id: int
    topic: str
    subject: str
    consumer: str
    generation: int
    attempts: int


def publish(session: Session, topic: str, subject: str, *, due_at: datetime) -> None:
    """Ask every consumer of `topic` to look at `subject`; again, the earlier due time wins."""
    for consumer in get_contributions(session).consumers:
        if consumer.topic == topic:
            _upsert(session, topic, subject, consumer.name, due_at)


def _upsert(session: Session, topic: str, subject: str, consumer: str, due_at: datetime) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Work).values(
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


def publish_slot(session: Session, job: str, every_seconds: int, *, now: datetime) -> None:
    """Make sure the next slot of a periodic job stands in the table, once for all processes."""
    next_slot = (int(now.timestamp()) // every_seconds + 1) * every_seconds
    due = datetime.fromtimestamp(next_slot, tz=UTC)
    exists = session.scalar(
        select(Work.id).where(Work.topic == job, Work.subject == str(next_slot)).limit(1)
    )
    if exists is None:
        publish(session, job, str(next_slot), due_at=due)


def list_due(session: Session, *, now: datetime, limit: int = 100) -> list[int]:
    """Return ids of rows that are due and unclaimed, oldest first."""
    free = (Work.claimed_until.is_(None)) | (Work.claimed_until < now)
    return list(
        session.scalars(
            select(Work.id).where(Work.due_at <= now, free).order_by(Work.due_at).limit(limit)
        )
    )


def claim(session: Session, work_id: int, *, now: datetime) -> Claim | None:
    """Lease a row; None when it is gone, not due or somebody else's."""
    taken = session.execute(
        update(Work)
        .where(
            Work.id == work_id,
            Work.due_at <= now,
            (Work.claimed_until.is_(None)) | (Work.claimed_until < now),
        )
        .values(claimed_until=now + LEASE, attempts=Work.attempts + 1)
        .returning(Work.id, Work.topic, Work.subject, Work.consumer, Work.generation, Work.attempts)
    ).one_or_none()
    return None if taken is None else Claim(*taken)


def finish(session: Session, claimed: Claim) -> bool:
    """Delete a row that was done; False (and the row due again) when it was published meanwhile."""
    gone = session.execute(
        delete(Work)
        .where(Work.id == claimed.id, Work.generation == claimed.generation)
        .returning(Work.id)
    ).one_or_none()
    if gone is None:
        session.execute(update(Work).where(Work.id == claimed.id).values(claimed_until=None))
    return gone is not None


def give_back(session: Session, claimed: Claim, *, now: datetime) -> None:
    """Release a row whose work failed; it is due again after a growing pause."""
    pause = min(RETRY_BASE_SECONDS * 2 ** min(claimed.attempts - 1, 12), RETRY_CAP_SECONDS)
    session.execute(
        update(Work)
        .where(Work.id == claimed.id, Work.generation == claimed.generation)
        .values(claimed_until=None, due_at=now + timedelta(seconds=pause))
    )
