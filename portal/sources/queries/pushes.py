"""Which source a push is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from portal.sources.core.declarations import Declaration
from portal.sources.models import Source

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.sources.core.webhooks import Push


def find_pushed(session: Session, source: Source, push: Push) -> Source | None:
    """Return what has to be read after a push: the source, one of its repositories, or nothing.

    A repository that is not known yet is found by discovery, so the organisation is read.
    """
    if push.kind not in ("push", "repository"):
        return None
    declaration = Declaration.read(source.declaration)
    if not declaration.is_host:
        wanted = declaration.branch.removeprefix("refs/heads/")
        return source if not (wanted and push.branch) or push.branch == wanted else None
    if push.kind == "repository":
        return source
    name = f"{source.name}/{push.repository}"
    child = session.scalar(
        select(Source).where(
            Source.parent_id == source.id,
            or_(Source.external_id == push.repository_id, Source.name == name),
        )
    )
    if child is None:
        return source
    return child if push.branch == Declaration.read(child.declaration).branch else None
