"""Everything that is wrong, paged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from portal.catalog.core.filters import Page
from portal.catalog.models import CatalogProblem

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def search_problems(
    session: Session,
    *,
    severity: str | None = None,
    source: str | None = None,
    after: tuple[Any, ...] | None = None,
    limit: int = 50,
) -> Page:
    """Return one page of problems, in the order they were found."""
    conditions = []
    if severity:
        conditions.append(CatalogProblem.severity == severity)
    if source:
        conditions.append(CatalogProblem.source == source)
    query = select(CatalogProblem).where(*conditions)
    if after is not None:
        query = query.where(CatalogProblem.id > after[0])
    rows = session.scalars(query.order_by(CatalogProblem.id).limit(limit + 1)).all()
    total = session.scalar(select(func.count()).select_from(CatalogProblem).where(*conditions))
    next_key = (rows[limit - 1].id,) if len(rows) > limit else None
    return Page(tuple(rows[:limit]), total or 0, next_key)


def list_problem_sources(session: Session) -> list[str]:
    """Return the sources that have problems."""
    return sorted(session.scalars(select(CatalogProblem.source).distinct().limit(200)))
