"""Locations: a place for each source, as Backstage lists them."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from portal.backstage.core.places import annotate
from portal.backstage.core.refusals import Missing, Refused
from portal.backstage.queries.places import map_places
from portal.catalog.core.predicates import choose, list_paths
from portal.catalog.core.value_columns import ValueColumn, build_value_column
from portal.catalog.core.values import UIDS
from portal.catalog.models import Entity
from portal.sources.models import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.backstage.core.places import Place
    from portal.catalog.core.predicates import Predicate

FIELDS = ("id", "type", "target", "entityref")


@dataclass(frozen=True, slots=True)
class Location:
    """Where the entities of one source come from."""

    source: str
    id: str
    type: str
    target: str

    @property
    def entity_ref(self) -> str:
        """Return what Backstage calls the entity it makes of a location."""
        return name_entity(self.type, self.target)

    def write(self) -> dict[str, str]:
        """Return the location as JSON."""
        ref = {"entityRef": self.entity_ref}
        return {"id": self.id, "type": self.type, "target": self.target, **ref}


def name_entity(kind: str, target: str) -> str:
    """Return the reference of the entity that Backstage makes of a location."""
    digest = hashlib.sha1(f"{kind}:{target}".encode(), usedforsecurity=False).hexdigest()
    return f"location:default/generated-{digest}"


def list_locations(session: Session, *, now: datetime) -> list[Location]:
    """Return a location for each source that stays, by id; the id never changes with its target."""
    staying = select(Source.name).where(or_(Source.expires_at.is_(None), Source.expires_at > now))
    names = set(session.scalars(staying))
    found = [
        Location(name, str(uuid.uuid5(UIDS, f"location file:{name}")), place.type, place.target)
        for name, place in map_places(session).items()
        if name in names
    ]
    return sorted(found, key=lambda location: location.id)


def find_locations(session: Session, asked: Predicate | None, *, now: datetime) -> list[Location]:
    """Return the locations that fit, by id; they are few, so each field is looked at in memory."""
    found = list_locations(session, now=now)
    if asked is None:
        return found
    for path in list_paths(asked):
        if path.lower() not in FIELDS:
            raise Refused(
                "Invalid filter predicate, expected key to be 'id', 'type', 'target', or "
                f"'entityRef', got '{path}'"
            )
    written = [{name.lower(): text for name, text in one.write().items()} for one in found]

    def read(path: str) -> ValueColumn:
        texts = [(row, one[path]) for row, one in enumerate(written)]
        return build_value_column((row, text.lower(), text) for row, text in texts)

    mask = choose(asked, len(found), read)
    return [one for one, is_chosen in zip(found, mask.tolist(), strict=True) if is_chosen]


def get_location(session: Session, number: str, *, now: datetime) -> Location:
    """Return a location by id; raises Missing."""
    for found in list_locations(session, now=now):
        if found.id == number:
            return found
    raise Missing(f"Found no location with ID {number}")


def find_location(session: Session, kind: str, target: str, *, now: datetime) -> Location | None:
    """Return a location by type and target; of several the first."""
    found = list_locations(session, now=now)
    return next((one for one in found if (one.type, one.target) == (kind, target)), None)


def get_location_of(session: Session, ref: str, *, now: datetime) -> Location:
    """Return the location an entity was read from; raises Missing."""
    source = session.scalar(select(Entity.source).where(Entity.ref == ref))
    if source is None:
        raise Missing(f"found no entity for ref {ref}")
    for found in list_locations(session, now=now):
        if found.source == source:
            return found
    raise Missing(f"found no location for ref {ref}")


def write_trial(
    place: Place, entities: Sequence[Mapping[str, Any]], *, is_there: bool
) -> dict[str, Any]:
    """Return what a location would bring, as Backstage writes it: its own entity, the last first.

    A location that is not kept has no id but its own text.
    """
    ref = name_entity(place.type, place.target)
    own = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": ref.rpartition("/")[2]},
        "spec": {"type": place.type, "target": place.target},
    }
    location = {"type": place.type, "target": place.target, "id": place.origin, "entityRef": ref}
    origin = place.at_origin()
    found = [annotate(own, origin, origin.name), *reversed(entities)]
    return {"location": location, "entities": found, "exists": is_there}
