"""What Backstage's API changes: locations are sources, and a refresh reads one again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.auth.core import authorise
from portal.backstage.core.refusals import Missing, NotChangeable, Refused, Standing
from portal.backstage.core.targets import check_type, declare_target, is_same_server, name_source
from portal.backstage.queries.locations import Location, find_location, get_location
from portal.errors import InvalidInput, NotFound
from portal.sources.core.declarations import GIT, URL, Declaration
from portal.sources.queries.sources import find_source
from portal.sources.service.declaring import (
    SECRETS,
    SecretChange,
    change_source,
    declare_source,
    remove_source,
)
from portal.sources.service.permissions import WRITE
from portal.sources.service.requests import refresh_entity, refresh_source

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.infra.secrets import SecretBox
    from portal.sources.models import Source


def refresh(session: Session, actor: Actor, ref: str, *, now: datetime) -> None:
    """Have the source of an entity read again, for whoever answers for the entity."""
    try:
        refresh_entity(session, actor, ref.lower(), now=now)
    except NotFound:
        raise Missing(f"Entity {ref} not found") from None


def add_location(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    kind: str,
    target: str,
    *,
    box: SecretBox,
    refreshes: bool,
    now: datetime,
) -> Location:
    """Declare a source for a target; one that stands is read again or, as usual, in the way."""
    authorise(actor, WRITE)
    check_type(kind)
    standing = find_location(session, kind, target, now=now)
    if standing is not None:
        if not refreshes:
            raise Standing(kind, target)
        refresh_source(session, actor, _get_source(session, standing).id, now=now)
        return standing
    declaration = declare_target(target)
    name = _find_name(session, kind, target, now)
    try:
        declare_source(
            session,
            actor,
            name,
            declaration=declaration,
            box=box,
            secrets=SecretChange({}),
            now=now,
        )
    except InvalidInput:
        # The name stands for the target alone, so somebody else declared the same just now.
        raise Standing(kind, target) from None
    return _find_new(session, kind, target, now)


def _find_name(session: Session, kind: str, target: str, now: datetime) -> str:
    """Return a free name for a target; a source may have gone on to another and kept its name."""
    found = name_source(target)
    while (held := find_source(session, found)) is not None:
        if held.expires_at is not None and held.expires_at <= now:
            raise Standing(kind, target, "It is just being removed: try again in a minute.")
        found = f"{name_source(target)}-{held.id}"
    return found


def change_location(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    number: str,
    *,
    kind: str,
    target: str,
    box: SecretBox,
    now: datetime,
) -> Location:
    """Let a source read another target; what it may define and how often it is read stay."""
    authorise(actor, WRITE)
    check_type(kind)
    location = get_location(session, number, now=now)
    standing = find_location(session, kind, target, now=now)
    if standing is not None and standing.id != number:
        raise Standing(kind, target)
    source = _get_source(session, location)
    if source.kind not in (URL, GIT):
        raise NotChangeable
    wanted, held = declare_target(target), Declaration.read(source.declaration)
    declaration = replace(held, kind=wanted.kind, address=target, branch="")
    # A token was given for one server and is never sent to another.
    keeps = wanted.kind == held.kind and is_same_server(held.address, target)
    change_source(
        session,
        actor,
        source,
        declaration=declaration,
        box=box,
        secrets=SecretChange({}, () if keeps else SECRETS),
        was=source.revision,
        now=now,
    )
    session.flush()
    return get_location(session, number, now=now)


def remove_location(session: Session, actor: Actor, number: str, *, now: datetime) -> None:
    """Have a source removed with everything it brought, which goes on in the background."""
    authorise(actor, WRITE)
    location = get_location(session, number, now=now)
    try:
        remove_source(session, actor, _get_source(session, location), now=now)
    except InvalidInput as error:
        raise Refused(error.detail) from None


def _get_source(session: Session, location: Location) -> Source:
    source = find_source(session, location.source)
    if source is None:
        raise Missing(f"Found no location with ID {location.id}")
    return source


def _find_new(session: Session, kind: str, target: str, now: datetime) -> Location:
    found = find_location(session, kind, target, now=now)
    if found is None:
        raise RuntimeError("a source was declared without a location")
    return found
