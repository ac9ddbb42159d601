"""Rows about sources, problems, entities and removals as plain facts for an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from portal.catalog.models import CatalogProblem, Entity, RemovedEntity
from portal.sources.core.declarations import Declaration
from portal.sources.core.known import KnownEntity, KnownProblem, KnownRemoval, KnownSource
from portal.sources.models import Source, SourceRun

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    # Two columns, of a source's name and a file's path, to the condition for some files.
    Match = Callable[[Any, Any], ColumnElement[bool] | None]

MOST, MOST_SOURCES, MOST_REMOVED = 1_000, 5_000, 50
DONE = "done"


def list_sources(session: Session, fits: ColumnElement[bool]) -> tuple[KnownSource, ...]:
    """Return sources by name, each with when it was last read well."""
    last = (
        select(func.max(SourceRun.finished_at))
        .where(SourceRun.source_id == Source.id, SourceRun.outcome == DONE)
        .correlate(Source)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Source, last).where(fits).order_by(Source.name).limit(MOST_SOURCES)
    )
    return tuple(_make_source(source, read_at) for source, read_at in rows)


def _make_source(source: Source, read_at: datetime | None) -> KnownSource:
    # A look that found nothing new makes no run, and tells as much as one.
    looked = source.checked_at if source.failing_since is None else None
    return KnownSource(
        source.id,
        source.name,
        Declaration.read(source.declaration),
        parent_id=source.parent_id,
        file_url=source.file_url,
        version=source.version,
        is_paused=source.is_paused,
        is_requested=source.requests > source.served,
        next_run_at=source.next_run_at,
        checked_at=source.checked_at,
        read_at=looked or read_at,
        failing_since=source.failing_since,
        failure=source.failure,
        failure_fix=source.failure_fix,
        held=source.held,
        held_because=source.held_because,
        expires_at=source.expires_at,
    )


def list_problems(
    session: Session, match: Match | None = None, *, refs: Collection[str] = ()
) -> tuple[KnownProblem, ...]:
    """Return what is wrong with some files or references, errors first."""
    problem = CatalogProblem
    fits: ColumnElement[bool] = or_(problem.ref.in_(refs), problem.about.in_(refs))
    by_file = None if match is None else match(problem.source, problem.file)
    fits = fits if by_file is None else or_(fits, by_file)
    rows = session.scalars(
        select(problem).where(fits).order_by(problem.severity, problem.id).limit(MOST)
    )
    return tuple(
        KnownProblem(
            row.source,
            row.file,
            row.rule,
            row.severity,
            row.ref,
            row.about,
            row.document_number,
            row.line,
            row.message,
            row.fix,
        )
        for row in rows
    )


def list_entities(session: Session, fits: ColumnElement[bool]) -> tuple[KnownEntity, ...]:
    """Return entities and where they were read."""
    rows = session.execute(
        select(
            Entity.ref,
            Entity.source,
            Entity.file,
            Entity.document_number,
            Entity.line,
            Entity.read_at,
            Entity.created_at,
            Entity.is_ephemeral,
        )
        .where(fits)
        .order_by(Entity.ref)
        .limit(MOST)
    )
    return tuple(KnownEntity(*row) for row in rows)


def list_removed(
    session: Session,
    match: Match | None = None,
    *,
    refs: Collection[str] = (),
) -> tuple[KnownRemoval, ...]:
    """Return what was removed of some files or references, the latest first, each ref once."""
    fits: ColumnElement[bool] = RemovedEntity.ref.in_(refs)
    by_file = None if match is None else match(RemovedEntity.source, RemovedEntity.file)
    rows = session.execute(
        select(
            RemovedEntity.ref,
            RemovedEntity.source,
            RemovedEntity.file,
            RemovedEntity.line,
            RemovedEntity.removed_at,
            RemovedEntity.run_id,
        )
        .where(fits if by_file is None else or_(fits, by_file))
        .order_by(RemovedEntity.removed_at.desc(), RemovedEntity.id)
        .limit(MOST_REMOVED)
    )
    found: dict[str, KnownRemoval] = {}
    for row in rows:
        found.setdefault(row.ref, KnownRemoval(*row))
    return tuple(found.values())
