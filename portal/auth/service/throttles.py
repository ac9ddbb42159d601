"""Failed sign-ins slow the next ones down, by account and by address, never for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.auth.core.keys import hash_key
from portal.auth.models import Throttle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

FREE_FAILURES = 5
# An account waits shortly whatever happens, or anybody could keep its owner out.
LONGEST = {
    "account": timedelta(seconds=30),
    "address": timedelta(minutes=15),
    "password": timedelta(minutes=15),
}
FORGET_AFTER = timedelta(hours=1)


def begin_try(session: Session, keys: Sequence[str], *, now: datetime) -> int:
    """Count a try before it is judged; returns how many seconds it must wait instead, 0 for none.

    The rows stay locked to the end of the unit, so that tries made at once count one by one.
    Beyond a few, each try doubles the pause.
    """
    found = [_take(session, hash_key(key), now=now) for key in sorted(keys)]
    pause = max(int((row.free_at - now).total_seconds()) + 1 for row in found)
    if any(row.free_at > now for row in found):
        return pause
    for row, key in zip(found, sorted(keys), strict=True):
        row.failures = 1 if row.forget_at < now else row.failures + 1
        row.free_at = now + _pause_after(row.failures, LONGEST[key.partition(":")[0]])
        row.forget_at = now + FORGET_AFTER
    session.flush()
    return 0


def _take(session: Session, key: str, *, now: datetime) -> Throttle:
    """Return a key's row, made when there is none, that nobody else changes meanwhile."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(Throttle).values(key=key, failures=0, free_at=now, forget_at=now)
    session.execute(new.on_conflict_do_nothing(index_elements=["key"]))
    return session.scalars(
        select(Throttle)
        .where(Throttle.key == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _pause_after(failures: int, longest: timedelta) -> timedelta:
    beyond = failures - FREE_FAILURES
    return min(timedelta(seconds=2 ** min(beyond, 12)), longest) if beyond >= 0 else timedelta()


def forget_failures(session: Session, account: str, address: str = "") -> None:
    """Forget the failures of an account that signed in; of its address only this try.

    Whoever has one account could otherwise guess at others without end.
    """
    session.execute(delete(Throttle).where(Throttle.key == hash_key(account)))
    session.execute(
        update(Throttle)
        .where(Throttle.key == hash_key(address), Throttle.failures > 0)
        .values(failures=Throttle.failures - 1)
    )


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete what no longer counts."""
    session.execute(delete(Throttle).where(Throttle.forget_at < now))
