"""Which entities a repository belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.catalog.core.registering import find_alias
from portal.catalog.models import Entity, EntityAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

MOST_NAMED = 5


def list_of_repository(session: Session, repository: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the first entities that say a repository is theirs."""
    alias = find_alias(repository)
    if not alias:
        return ()
    return session.execute(
        select(Entity.ref, Entity.kind, Entity.namespace, Entity.name, Entity.title)
        .join(EntityAlias, EntityAlias.ref == Entity.ref)
        .where(EntityAlias.system == "repository", EntityAlias.value == alias)
        .order_by(Entity.ref)
        .limit(MOST_NAMED)
    ).all()
