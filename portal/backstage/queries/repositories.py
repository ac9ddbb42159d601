"""What the catalog holds of a repository that is read by a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.backstage.queries.entities import read_entities
from portal.backstage.queries.places import map_places
from portal.catalog.models import Entity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.backstage.core.places import Place
    from portal.backstage.core.repositories import RepositoryName

MOST_EXISTING = 500


@dataclass(frozen=True, slots=True)
class Known:
    """Entities of a repository with their locations; `is_whole` when all of it is read."""

    entities: tuple[tuple[str, dict[str, Any]], ...]
    is_whole: bool


def find_known(session: Session, repository: RepositoryName, name: str) -> Known:
    """Return what is known of a repository, of files called `name` where one is given."""
    places = {
        source: place
        for source, place in map_places(session).items()
        if _is_of(place, repository.page)
    }
    rows = session.execute(
        select(Entity.id, Entity.source, Entity.file)
        .where(Entity.source.in_(list(places)))
        .order_by(Entity.file, Entity.document_number, Entity.id)
    ).all()
    wanted = [row for row in rows if not name or row.file.rpartition("/")[2] == name]
    wanted = wanted[:MOST_EXISTING]
    entities = read_entities(session, [row.id for row in wanted])
    located = (places[row.source].locate(row.file) for row in wanted)
    is_whole = any(not place.name for place in places.values())
    return Known(tuple(zip(located, entities, strict=True)), is_whole)


def _is_of(place: Place, page: str) -> bool:
    """Whether a source reads a repository, or a file of it."""
    target, base = (text.lower().partition("://")[2] for text in (place.target, place.base))
    is_it = target.rstrip("/").removesuffix(".git") == page
    return place.type == "url" and (is_it or base.startswith(f"{page}/"))
