"""Tables of background work: what is to do, which slots were published, what happened, by whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, UtcDateTime

RUNNING, DONE, FAILED, LOST = "running", "done", "failed", "lost"
OUTCOMES = (RUNNING, DONE, FAILED, LOST)
ERROR_CHARACTERS = 400


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
    # The run that holds the claim. Each claim is a run of its own, so the number is its token.
    claimed_by: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)


class JobSlot(Base):
    """The last slot of a periodic job that was published, in seconds since 1970."""

    __tablename__ = "job_slots"

    job: Mapped[str] = mapped_column(String(100), primary_key=True)
    slot: Mapped[int] = mapped_column(BigInteger)


class JobRun(Base):
    """One claim of a row of work, by whom, and how it ended."""

    __tablename__ = "job_runs"
    __table_args__ = (
        Index("ix_job_runs_topic_id", "topic", "id"),
        Index("ix_job_runs_outcome_id", "outcome", "id"),
        # An id is the token of a claim, so it is never given out again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(400))
    consumer: Mapped[str] = mapped_column(String(100))
    worker: Mapped[str] = mapped_column(String(300))
    attempt: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(10), default=RUNNING)
    error: Mapped[str] = mapped_column(String(ERROR_CHARACTERS), default="")


class JobWorker(Base):
    """A process that does background work, as it last reported."""

    __tablename__ = "job_workers"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    threads: Mapped[int]
