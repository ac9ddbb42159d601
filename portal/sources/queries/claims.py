"""Files that define what somebody else holds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import select

from portal.catalog.core.fields import is_safe_link
from portal.catalog.models import CatalogProblem
from portal.infra.contributions import Claim
from portal.sources.core.batches import CONFLICT
from portal.sources.core.declarations import COMMAND
from portal.sources.models import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def list_claimants(session: Session, ref: str) -> Sequence[tuple[Source, CatalogProblem]]:
    """Return the sources that define an entity of another, who came first before the others."""
    return [
        (row[0], row[1])
        for row in session.execute(
            select(Source, CatalogProblem)
            .join(CatalogProblem, CatalogProblem.source == Source.name)
            .where(CatalogProblem.rule == CONFLICT, CatalogProblem.ref == ref)
            .order_by(CatalogProblem.id)
        )
    ]


def can_be_read(session: Session, source: Source) -> bool:
    """Whether a source is read by itself and was well the last time."""
    parent = None if source.parent_id is None else session.get(Source, source.parent_id)
    top = parent or source
    is_well = source.failing_since is None and top.failing_since is None
    return top.kind != COMMAND and not top.is_paused and is_well


def find_claim(session: Session, ref: str) -> Claim | None:
    """Return the file that would take an entity, one that can be read first."""
    found = list_claimants(session, ref)
    if not found:
        return None
    readable = [each for each in found if can_be_read(session, each[0])]
    source, problem = (readable or found)[0]
    address = f"{source.file_url}{quote(problem.file)}#L{problem.line}" if source.file_url else ""
    return Claim(
        source.name,
        problem.file,
        problem.line,
        address if is_safe_link(address) else "",
        is_read=bool(readable),
    )
