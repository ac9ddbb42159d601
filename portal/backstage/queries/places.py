"""Where sources are, and what follows from that at the paths of their entities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.backstage.core.places import EPHEMERAL, READERS, Place, make_place
from portal.catalog.core.refs import SOURCE_LOCATION
from portal.catalog.core.values import make_value
from portal.catalog.models import Entity, EntityValue
from portal.catalog.queries.columns import get_revision
from portal.infra.cache import get_cache
from portal.sources.core.declarations import COMMAND
from portal.sources.models import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from portal.catalog.queries.values import Derive

PREFIX = "metadata.annotations."
EPHEMERAL_PATH = PREFIX + EPHEMERAL
Row = tuple[int, "str | None", "str | None"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the sources of entities are at one revision of the catalog, by name."""

    revision: int
    by_name: Mapping[str, Place]

    def find(self, source: str) -> Place:
        """Return where a source is; one that is just being forgotten by its name."""
        return self.by_name.get(source) or make_place(source, COMMAND, "", "")


def map_places(session: Session) -> dict[str, Place]:
    """Return where all sources are, by name, those included that brought nothing yet."""
    query = select(Source.name, Source.kind, Source.declaration, Source.file_url)
    return {
        row.name: make_place(
            row.name, row.kind, (row.declaration or {}).get("address", ""), row.file_url
        )
        for row in session.execute(query)
    }


def get_places(session: Session) -> Places:
    """Return where entities come from; whatever moves a source moves the catalog's revision."""

    def renew(held: Places | None) -> Places:
        revision = get_revision(session)
        if held is not None and held.revision == revision:
            return held
        return Places(revision, map_places(session))

    return get_cache(session).renew("backstage.places", Places, renew)


def _derive(name: str, session: Session) -> Iterator[Row]:
    """Yield what the annotation `name` is for every entity."""
    places, path, read = get_places(session), PREFIX + name, READERS[name]
    stated: set[int] = set()
    if name == SOURCE_LOCATION:
        columns = (EntityValue.entity_id, EntityValue.value, EntityValue.original)
        for row in session.execute(select(*columns).where(EntityValue.path == path)):
            stated.add(row.entity_id)
            yield row.entity_id, row.value, row.original or row.value
    for row in session.execute(select(Entity.id, Entity.source, Entity.file)):
        text = "" if row.id in stated else read(places.find(row.source), row.file)
        found = make_value(path, text) if text else None
        if found is not None:
            yield row.id, found.value, found.original


def _derive_ephemeral(session: Session) -> Iterator[Row]:
    for number in session.scalars(select(Entity.id).where(Entity.is_ephemeral)):
        yield number, "true", "true"


DERIVED: Mapping[str, Derive] = {
    **{PREFIX + name: partial(_derive, name) for name in READERS},
    EPHEMERAL_PATH: _derive_ephemeral,
}
