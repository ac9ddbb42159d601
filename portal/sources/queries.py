"""Reads of sources, their files and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.sources.models import Source, SourceFile, SourceRun

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_source(session: Session, name: str) -> Source | None:
    """Return a source by name."""
    return session.scalar(select(Source).where(Source.name == name))


def list_files(session: Session, source_id: int) -> dict[str, SourceFile]:
    """Return the files of a source as last read, by path."""
    rows = session.scalars(select(SourceFile).where(SourceFile.source_id == source_id))
    return {row.path: row for row in rows}


def find_last_run(session: Session, source_id: int) -> SourceRun | None:
    """Return the newest run of a source."""
    return session.scalar(
        select(SourceRun)
        .where(SourceRun.source_id == source_id)
        .order_by(SourceRun.id.desc())
        .limit(1)
    )
