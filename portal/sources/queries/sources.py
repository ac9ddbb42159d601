"""Reads of sources and their runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, true, tuple_

from portal.catalog.models import CatalogProblem, Entity
from portal.errors import NotFound
from portal.sources.core.declarations import COMMAND, REPOSITORY, Declaration
from portal.sources.models import Source, SourceFile, SourceMemory, SourceRun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


def find_source(session: Session, name: str) -> Source | None:
    """Return a source by name."""
    return session.scalar(select(Source).where(Source.name == name))


def get_source(session: Session, source_id: int, *, lock: bool = False) -> Source:
    """Return a source, locked for this unit where asked; raises NotFound."""
    found = session.get(Source, source_id, with_for_update=True if lock else None)
    if found is None:
        raise NotFound("There is no such source.", fix="The list of sources names all of them.")
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run needs to know of a source before it goes outside."""

    id: int
    name: str
    declaration: Declaration
    version: str
    stamp: str
    requests: int
    served: int
    holds_removals: bool
    confirmed_removals: int | None
    parent_id: int | None
    external_id: str | None

    @property
    def is_requested(self) -> bool:
        """Whether it is to be read whatever its version."""
        return self.requests > self.served


def read_plan(source: Source) -> Plan:
    """Return what a run needs to know of a source."""
    return Plan(
        source.id,
        source.name,
        Declaration.read(source.declaration),
        source.version,
        source.stamp,
        source.requests,
        source.served,
        source.holds_removals,
        source.confirmed_removals,
        source.parent_id,
        source.external_id,
    )


def list_children(session: Session, parent_id: int) -> list[Source]:
    """Return the repositories of an organisation that are read, by name."""
    return list(
        session.scalars(select(Source).where(Source.parent_id == parent_id).order_by(Source.name))
    )


def read_memory(session: Session, source_id: int) -> dict[str, object]:
    """Return the answers of a host that were kept."""
    held = session.get(SourceMemory, source_id)
    return dict(held.values) if held is not None else {}


def count_lasting(session: Session, source_id: int) -> int:
    """Return how many entities a source and its repositories hold that do not expire."""
    names = select(Source.name).where(or_(Source.id == source_id, Source.parent_id == source_id))
    return (
        session.scalar(
            select(func.count())
            .select_from(Entity)
            .where(Entity.source.in_(names), Entity.is_ephemeral.is_(False))
        )
        or 0
    )


def count_files(session: Session, source_id: int) -> int:
    """Return how many files of a source were read."""
    query = select(func.count()).where(SourceFile.source_id == source_id)
    return session.scalar(query) or 0


def list_due(session: Session, *, now: datetime, limit: int) -> list[Source]:
    """Return sources whose time has come, the longest due first."""
    return list(
        session.scalars(
            select(Source)
            .where(Source.next_run_at <= now, Source.is_paused.is_(False))
            .order_by(Source.next_run_at)
            .limit(limit)
        )
    )


def list_expired(session: Session, *, now: datetime, limit: int) -> list[Source]:
    """Return ephemeral sources whose time is over."""
    return list(session.scalars(select(Source).where(Source.expires_at <= now).limit(limit)))


def list_top(session: Session) -> list[Source]:
    """Return all sources but the repositories of organisations, by name."""
    return list(
        session.scalars(select(Source).where(Source.parent_id.is_(None)).order_by(Source.name))
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over a source and its repositories."""

    repositories: int = 0
    failing: int = 0
    held: int = 0
    entities: int = 0
    files: int = 0
    errors: int = 0
    warnings: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def count_totals_of(session: Session, source_id: int) -> Totals:
    """Return the counts over one source and its repositories; it may be a repository itself."""
    return next(iter(count_totals(session, only=source_id).values()), Totals())


def count_totals(session: Session, *, only: int | None = None) -> Mapping[int, Totals]:
    """Return the counts of every top-level source by its number, in four queries for all.

    `only` counts one source and its repositories alone.
    """
    top = func.coalesce(Source.parent_id, Source.id).label("top")
    wanted = true() if only is None else or_(Source.id == only, Source.parent_id == only)
    made: dict[int, dict[str, int]] = {}

    def add(rows: Iterable[Any], *names: str) -> None:
        for number, *counts in rows:
            made.setdefault(number, {}).update(zip(names, counts, strict=True))

    children = (
        select(
            Source.parent_id,
            func.count(),
            func.count(Source.failing_since),
            func.sum(Source.held),
        )
        .where(Source.parent_id.is_not(None) if only is None else Source.parent_id == only)
        .group_by(Source.parent_id)
    )
    add(session.execute(children), "repositories", "failing", "held")
    of_entities = select(Entity.source, func.count().label("n")).group_by(Entity.source).subquery()
    entities = (
        select(top, func.sum(of_entities.c.n))
        .join(of_entities, of_entities.c.source == Source.name)
        .where(wanted)
        .group_by(top)
    )
    add(session.execute(entities), "entities")
    files = (
        select(top, func.count())
        .join(SourceFile, SourceFile.source_id == Source.id)
        .where(wanted)
        .group_by(top)
    )
    add(session.execute(files), "files")
    is_error = CatalogProblem.severity == "error"
    problems = (
        select(top, func.count().filter(is_error), func.count().filter(~is_error))
        .join(CatalogProblem, CatalogProblem.source == Source.name)
        .where(wanted)
        .group_by(top)
    )
    add(session.execute(problems), "errors", "warnings")
    return {number: Totals(**counts) for number, counts in made.items()}


def list_runs(
    session: Session, source_id: int, *, before: int | None = None, limit: int = 20
) -> Sequence[SourceRun]:
    """Return the runs of a source, the latest first; `before` is the number of the last seen."""
    query = select(SourceRun).where(SourceRun.source_id == source_id)
    if before is not None:
        query = query.where(SourceRun.id < before)
    return session.scalars(query.order_by(SourceRun.id.desc()).limit(limit)).all()


def find_last_runs(session: Session, source_ids: Collection[int]) -> dict[int, SourceRun]:
    """Return the newest run of each source."""
    newest = (
        select(func.max(SourceRun.id))
        .where(SourceRun.source_id.in_(source_ids))
        .group_by(SourceRun.source_id)
    )
    rows = session.scalars(select(SourceRun).where(SourceRun.id.in_(newest)))
    return {run.source_id: run for run in rows}


def list_repositories(
    session: Session, parent_id: int, *, after: tuple[str, int] | None = None, limit: int = 50
) -> Sequence[Source]:
    """Return one page of the repositories of an organisation by name."""
    query = select(Source).where(Source.parent_id == parent_id, Source.kind == REPOSITORY)
    if after is not None:
        query = query.where(tuple_(Source.name, Source.id) > after)
    return session.scalars(query.order_by(Source.name, Source.id).limit(limit)).all()


def is_managed(source: Source) -> bool:
    """Whether the portal reads a source by itself."""
    return source.kind != COMMAND
