"""Failed sign-ins slow the next ones down, by account and by address, never for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.auth.core.keys import hash_key
from portal.auth.models import Throttle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

FREE_FAILURES = 5
LONGEST_PAUSE_SECONDS = 900
FORGET_AFTER = timedelta(hours=1)


def get_pause(session: Session, keys: Sequence[str], *, now: datetime) -> int:
    """Return how many seconds the next try must wait, 0 when it may be made now."""
    hashed = [hash_key(key) for key in keys]
    until = session.scalars(
        select(Throttle.free_at).where(Throttle.key.in_(hashed), Throttle.free_at > now)
    ).all()
    return max((int((moment - now).total_seconds()) + 1 for moment in until), default=0)


def note_failure(session: Session, keys: Sequence[str], *, now: datetime) -> None:
    """Count a failed sign-in; beyond a few, each doubles the pause."""
    for key in map(hash_key, keys):
        found = session.get(Throttle, key)
        if found is None or found.forget_at < now:
            if found is not None:
                session.delete(found)
                session.flush()
            found = Throttle(key=key, failures=0, free_at=now, forget_at=now)
            session.add(found)
        found.failures += 1
        beyond = found.failures - FREE_FAILURES
        pause = min(2 ** min(beyond, 12), LONGEST_PAUSE_SECONDS) if beyond >= 0 else 0
        found.free_at = now + timedelta(seconds=pause)
        found.forget_at = now + FORGET_AFTER
    session.flush()


def forget_failures(session: Session, keys: Sequence[str]) -> None:
    """Forget the failures of whoever signed in."""
    hashed = [hash_key(key) for key in keys]
    session.execute(delete(Throttle).where(Throttle.key.in_(hashed)))


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete what no longer counts."""
    session.execute(delete(Throttle).where(Throttle.forget_at < now))
