"""What the pages of sources show beyond the sources themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, tuple_

from portal.catalog.models import CatalogProblem, Entity
from portal.infra.vault import list_secrets
from portal.infra.work import Work
from portal.sources.core.declarations import REPOSITORY
from portal.sources.core.state import FAILING, FRESH, HELD, WAITING
from portal.sources.core.topics import REFRESH_TOPIC
from portal.sources.models import Source, SourceRun

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

CLAIMED, DUE, LATER = "claimed", "due", "later"


@dataclass(frozen=True, slots=True)
class Going:
    """What is asked of a source and not done: by when, since when, after how many attempts.

    `state` is `claimed` while a worker has it, `due` until one is free, `later` before its time.
    """

    state: str
    due_at: datetime
    attempts: int


def find_going(session: Session, source_id: int, *, now: datetime) -> Going | None:
    """Return the run of a source that is under way or asked for."""
    row = session.execute(
        select(Work.due_at, Work.claimed_until, Work.attempts).where(
            Work.topic == REFRESH_TOPIC, Work.subject == str(source_id)
        )
    ).first()
    if row is None:
        return None
    due_at, claimed_until, attempts = row
    if claimed_until is not None and claimed_until > now:
        return Going(CLAIMED, due_at, attempts)
    return Going(DUE if due_at <= now else LATER, due_at, attempts)


def list_going(session: Session, *, now: datetime) -> set[int]:
    """Return the numbers of the sources whose run is under way or waits for a worker."""
    due = select(Work.subject).where(
        Work.topic == REFRESH_TOPIC, or_(Work.due_at <= now, Work.claimed_until > now)
    )
    return {int(subject) for subject in session.scalars(due)}


def find_last_good(session: Session, source_id: int) -> SourceRun | None:
    """Return the last run that went well."""
    return session.scalar(
        select(SourceRun)
        .where(SourceRun.source_id == source_id, SourceRun.outcome == "done")
        .order_by(SourceRun.id.desc())
        .limit(1)
    )


def list_source_problems(
    session: Session, source_id: int, *, after: tuple[str, int] | None = None, limit: int = 25
) -> Sequence[Any]:
    """Return one page of what is wrong in a source and its repositories, errors first.

    Each is the problem, the source it stands in, and what that one's paths are appended to.
    """
    query = (
        select(CatalogProblem, Source.name, Source.file_url)
        .join(Source, Source.name == CatalogProblem.source)
        .where(or_(Source.id == source_id, Source.parent_id == source_id))
    )
    key = tuple_(CatalogProblem.severity, CatalogProblem.id)
    if after is not None:
        query = query.where(key > after)
    ordered = query.order_by(CatalogProblem.severity, CatalogProblem.id)
    return session.execute(ordered.limit(limit)).all()


def search_repositories(
    session: Session,
    parent_id: int,
    *,
    q: str = "",
    state: str = "",
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> Sequence[Source]:
    """Return one page of an organisation's repositories by name, of those in a state."""
    query = select(Source).where(Source.parent_id == parent_id, Source.kind == REPOSITORY)
    if q:
        query = query.where(func.lower(Source.name).contains(q.lower(), autoescape=True))
    if state:
        query = query.where(*_be_in(state))
    if after is not None:
        query = query.where(tuple_(Source.name, Source.id) > after)
    return session.scalars(query.order_by(Source.name, Source.id).limit(limit)).all()


def _be_in(state: str) -> tuple[ColumnElement[bool], ...]:
    """Return what holds for repositories in a state, as `find_state` tells it."""
    works = Source.failing_since.is_(None)
    return {
        FAILING: (Source.failing_since.is_not(None),),
        HELD: (works, Source.held > 0),
        WAITING: (works, Source.held == 0, Source.checked_at.is_(None)),
        FRESH: (works, Source.held == 0, Source.checked_at.is_not(None)),
    }[state]


def count_entities(session: Session, names: Collection[str]) -> dict[str, int]:
    """Return how many entities each of some sources brought."""
    query = select(Entity.source, func.count()).where(Entity.source.in_(names))
    return {row[0]: row[1] for row in session.execute(query.group_by(Entity.source))}


def list_kept_secrets(session: Session, source_id: int) -> dict[str, datetime]:
    """Return which secrets a source keeps and when each was put there; never what they are."""
    prefix = f"sources/{source_id}/"
    found = list_secrets(session, prefix=prefix)
    return {each.name.removeprefix(prefix): each.updated_at for each in found}
