"""What ownership does by itself: long reorganisations, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.errors import PortalError
from portal.ownership.queries.reorganising import get_reorganisation
from portal.ownership.service import reorganising

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.infra.db import Database


def make_reorganise(pause: Callable[[], None]) -> Callable[[Database, str, datetime], None]:
    """Return the job that carries out or undoes a reorganisation, a unit for each batch.

    `pause` raises when the worker is to end; what is done stays, and the rest follows.
    """

    def run(database: Database, subject: str, now: datetime) -> None:
        number = int(subject)
        try:
            while _go_on(database, number, now):
                pause()
        except PortalError as error:
            with database.unit(write=True) as session:
                reorganising.fail(session, number, f"{error.detail} {error.fix}".strip())

    return run


def _go_on(database: Database, number: int, now: datetime) -> bool:
    with database.unit(write=True) as session:
        row = get_reorganisation(session, number, lock=True)
        if row.state not in (reorganising.APPLYING, reorganising.UNDOING):
            return False
        actor = reorganising.find_actor(session, row, now=now)
        return reorganising.go_on(session, actor, row, now=now)
