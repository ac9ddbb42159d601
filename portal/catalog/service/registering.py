"""Registering a service: one entity from a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.registering import check_registration, make_component
from portal.catalog.queries.repositories import list_of_repository
from portal.catalog.service.editing import create_entity
from portal.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.core.registering import Registration


class KnownRepository(Conflict):
    """The repository is said to be that of `entities` already."""

    def __init__(self, entities: Sequence[Any]) -> None:
        super().__init__(
            f"This repository is already that of {', '.join(row.ref for row in entities)}.",
            fix="Look at that one first; several may share a repository, if that is how it is.",
        )
        self.entities = entities


def register_component(
    session: Session, actor: Actor, given: Registration, *, is_second: bool = False, now: datetime
) -> str:
    """Make the entity of a new service; returns its reference.

    Raises InvalidInput naming fields, Forbidden for another team's, and KnownRepository unless
    it `is_second` on purpose.
    """
    problems = tuple(check_registration(given))
    if problems:
        raise InvalidInput("The service cannot be registered so.", problems)
    known = list_of_repository(session, given.repository) if given.repository else ()
    if known and not is_second:
        raise KnownRepository(known)
    return create_entity(session, actor, make_component(given), now=now)
