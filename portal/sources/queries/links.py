"""Where the source of an entity is looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.infra.contributions import SourceLink
from portal.sources.core.declarations import COMMAND
from portal.sources.models import Source

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def takes_proposals(session: Session, name: str) -> bool:
    """Whether changes of a source's files can be proposed: the portal reads them by itself."""
    kind = session.scalar(select(Source.kind).where(Source.name == name))
    return kind is not None and kind != COMMAND


def find_link(session: Session, name: str) -> SourceLink | None:
    """Return the page of a source and what its entities say of it, in one query.

    A repository ends with its organisation.
    """
    top = aliased(Source)
    row = session.execute(
        select(
            Source.id,
            Source.file_url,
            func.coalesce(Source.expires_at, top.expires_at),
            func.coalesce(Source.failing_since, top.failing_since),
        )
        .outerjoin(top, top.id == Source.parent_id)
        .where(Source.name == name)
    ).one_or_none()
    if row is None:
        return None
    number, file_url, expires_at, failing_since = row
    return SourceLink(f"/sources/{number}", file_url, expires_at, failing_since)
