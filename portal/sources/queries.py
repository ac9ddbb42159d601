"""Reads of sources, their files and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.sources.core.readmes import folder_of
from portal.sources.models import Source, SourceFile, SourceReadme, SourceRun

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_source(session: Session, name: str) -> Source | None:
    """Return a source by name."""
    return session.scalar(select(Source).where(Source.name == name))


def find_readme(session: Session, source: str, file: str) -> SourceReadme | None:
    """Return the README that lies beside a file of a source."""
    return session.scalar(
        select(SourceReadme)
        .join(Source, Source.id == SourceReadme.source_id)
        .where(Source.name == source, SourceReadme.folder == folder_of(file))
    )


def list_readmes(session: Session, source_id: int) -> dict[str, str]:
    """Return the digests of a source's READMEs by folder."""
    rows = session.execute(
        select(SourceReadme.folder, SourceReadme.digest).where(SourceReadme.source_id == source_id)
    )
    return {row.folder: row.digest for row in rows}


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
