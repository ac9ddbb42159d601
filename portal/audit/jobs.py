"""Seals the trail, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.audit.queries.chain import find_last_position
from portal.audit.service import seal_entries
from portal.infra import work
from portal.infra.db import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.secrets import SecretBox

SEAL = "audit.seal"
# Asked for by the clock and not by each act: on PostgreSQL all writers would wait for one row.
SEAL_EVERY_SECONDS = 5


def make_seal_job(open_box: Callable[[], SecretBox]) -> Callable[[Session, str, datetime], None]:
    """Return the job that seals a batch and asks for the next one while there is more."""

    def seal(session: Session, subject: str, now: datetime) -> None:
        del subject
        if seal_entries(session, open_box()) == BATCH_ROWS:
            # A row of its own, so that it need not wait until this one is finished.
            place = f"after {find_last_position(session)}"
            work.publish(session, SEAL, place, due_at=now)

    return seal
