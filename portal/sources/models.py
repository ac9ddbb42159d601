"""Tables of sources: what is read from where, file by file, run by run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime


class Source(Base):
    """A named place entities come from; `holds_removals` after an undo, until told otherwise."""

    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    is_people_authority: Mapped[bool] = mapped_column(default=False)
    holds_removals: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceFile(Base):
    """A file as last read: `documents` are [number, line, ref, reason, product] of each.

    `is_settled` unless it has to be read again though it did not change.
    """

    __tablename__ = "source_files"

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(String(32))
    documents: Mapped[Any] = mapped_column(JsonText)
    is_settled: Mapped[bool] = mapped_column()


class SourceReadme(Base):
    """The README beside descriptors: one of each folder of a source that has any."""

    __tablename__ = "source_readmes"

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    folder: Mapped[str] = mapped_column(Text, primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceRun(Base):
    """One ingest of a source; `finished_at` stays empty when it was cut short."""

    __tablename__ = "source_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counts: Mapped[Any] = mapped_column(JsonText, nullable=True)
