"""Audit entries, one row per act, and the end of the chain they are sealed into."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime

WAITS = text("position IS NULL")


class AuditEntry(Base):
    """Who did what to which subject, with before and after.

    `position` and `seal` are set once, by the job that chains entries. The seal leaves `address`
    out, so that it can be erased. Triggers refuse every other change.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("position"),
        Index("ix_audit_entries_waits", "id", sqlite_where=WAITS, postgresql_where=WAITS),
        Index("ix_audit_entries_actor", "actor", "id"),
        Index("ix_audit_entries_subject", "subject", "id"),
        Index("ix_audit_entries_action", "action", "id"),
        Index("ix_audit_entries_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(400))
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)
    after: Mapped[Any] = mapped_column(JsonText, nullable=True)
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(64))
    position: Mapped[int | None] = mapped_column()
    seal: Mapped[str | None] = mapped_column(String(100))


class AuditHead(Base):
    """The end of the chain, one row: how many entries are sealed, the last seal, and the proof."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column()
    seal: Mapped[str] = mapped_column(String(100))
    proof: Mapped[str] = mapped_column(String(100))
