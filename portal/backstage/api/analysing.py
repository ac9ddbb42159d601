"""What stands in a repository already, and what could be put there."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.backstage.api.answers import answer
from portal.backstage.api.blueprint import blueprint
from portal.backstage.core.refusals import Refused
from portal.backstage.core.repositories import RepositoryName, read_repository, suggest_entity
from portal.backstage.flows import find_existing
from portal.backstage.forms import read_body
from portal.backstage.queries.locations import list_locations
from portal.backstage.queries.repositories import find_known
from portal.infra.clock import utc_now
from portal.sources.flows.opening import Tools
from portal.sources.service.permissions import WRITE
from portal.web.markers import requires
from portal.web.unit import get_database
from portal.web.visitor import get_extension, may

# The one stands in Backstage's interface description, the other in its code.
FILE_NAMES = ("catalogFileName", "catalogFilename")


@blueprint.post("/analyze-location")
@requires("catalog:location:read")
def analyze_location() -> Response:
    """Name the entities of a repository, or else suggest one.

    From the catalog where a source reads it; who may declare sources has it looked at.
    """
    body = read_body(request, {"location": dict, **dict.fromkeys(FILE_NAMES, str)}, ("location",))
    for name in ("type", "target"):
        if not isinstance(body["location"].get(name), str):
            raise Refused(f"request/body/location must have required property '{name}'")
    file = next((body[name] for name in FILE_NAMES if body.get(name)), "")
    repository = read_repository(body["location"]["target"])
    existing = _find_existing(repository, file)
    generated = [] if existing else [suggest_entity(repository)]
    return answer({"existingEntityFiles": existing, "generateEntities": generated})


def _find_existing(repository: RepositoryName, file: str) -> list[dict[str, Any]]:
    """Return what stands in a repository; no unit is open while it is asked."""
    with get_database().unit(write=False) as session:
        known = find_known(session, repository, file)
        registered = {f"{one.type}:{one.target}" for one in list_locations(session, now=utc_now())}
    if known.is_whole or known.entities or not (repository.address and may(WRITE)):
        return [_write(location, entity, is_known=True) for location, entity in known.entities]
    seen = find_existing(get_extension("source_tools", Tools), repository.address, file)
    return [_write(one.location, one.entity, is_known=one.location in registered) for one in seen]


def _write(location: str, entity: dict[str, Any], *, is_known: bool) -> dict[str, Any]:
    kind, _, target = location.partition(":")
    place = {"type": kind, "target": target}
    return {"location": place, "isRegistered": is_known, "entity": entity}
