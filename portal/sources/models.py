"""Tables of sources: what is read from where, file by file, run by run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime


class Source(Base):
    """A named place entities come from; a repository of an organisation has a `parent_id`.

    `declaration` is what somebody stated about it, `kind` included. `version` is the moment it
    was last read at and what it was read as; `stamp` what its host said of the last push. It is
    to be read though neither moved while more `requests` came than were `served`.
    `holds_removals` after an undo, until told otherwise; `held` removals wait because of
    `held_because`, and `confirmed_removals` of them may go in the next run.
    """

    __tablename__ = "sources"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("parent_id", "external_id"),
        Index("ix_sources_next_run_at", "next_run_at"),
        Index("ix_sources_file_url", "file_url"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="command")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str | None] = mapped_column(String(200))
    declaration: Mapped[Any] = mapped_column(JsonText, nullable=True)
    file_url: Mapped[str] = mapped_column(String(600), default="")
    version: Mapped[str] = mapped_column(String(200), default="")
    stamp: Mapped[str] = mapped_column(String(200), default="")
    requests: Mapped[int] = mapped_column(default=0)
    served: Mapped[int] = mapped_column(default=0)
    is_paused: Mapped[bool] = mapped_column(default=False)
    next_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str] = mapped_column(Text, default="")
    failure_fix: Mapped[str] = mapped_column(Text, default="")
    is_people_authority: Mapped[bool] = mapped_column(default=False)
    holds_removals: Mapped[bool] = mapped_column(default=False)
    held: Mapped[int] = mapped_column(default=0)
    held_because: Mapped[str] = mapped_column(Text, default="")
    confirmed_removals: Mapped[int | None] = mapped_column()
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceMemory(Base):
    """Answers of a host that are kept from one run to the next."""

    __tablename__ = "source_memories"

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    values: Mapped[Any] = mapped_column(JsonText)


class SourceLeftOut(Base):
    """A repository that an organisation's filters left out at its last discovery, and why."""

    __tablename__ = "source_left_out"

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)


class SourceDelivery(Base):
    """A webhook delivery that was taken, so that it is not taken twice."""

    __tablename__ = "source_deliveries"
    __table_args__ = (Index("ix_source_deliveries_received_at", "received_at"),)

    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
    """One run of a source; `finished_at` stays empty when it was cut short.

    `outcome` is `done`, `failed` or `cut_short`, empty while it runs; `reason` is what asked for
    it: `command`, `schedule`, `request` (a person, a webhook, another source's removal).
    """

    __tablename__ = "source_runs"
    __table_args__ = (Index("ix_source_runs_source_id", "source_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(20), default="command")
    version: Mapped[str] = mapped_column(String(200), default="")
    outcome: Mapped[str] = mapped_column(String(20), default="")
    failure: Mapped[str] = mapped_column(Text, default="")
    failure_fix: Mapped[str] = mapped_column(Text, default="")
    counts: Mapped[Any] = mapped_column(JsonText, nullable=True)


class ChangeProposal(Base):
    """A change of an entity's file that was proposed to whoever keeps the file.

    `number`, `url` and `branch` are those of the pull or merge request, empty where the difference
    is carried over by hand. `base` names the bytes it was made for; `state` is open, merged,
    closed, or unknown where its host no longer knows it.
    """

    __tablename__ = "change_proposals"
    __table_args__ = (
        Index("ix_change_proposals_ref", "ref", "id"),
        Index("ix_change_proposals_state", "state", "checked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(600))
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    changes: Mapped[Any] = mapped_column(JsonText)
    diff: Mapped[str] = mapped_column(Text)
    base: Mapped[str] = mapped_column(String(64))
    branch: Mapped[str] = mapped_column(String(200), default="")
    url: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[int | None] = mapped_column()
    state: Mapped[str] = mapped_column(String(20))
    proposed_by: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
