"""Values that count once: states of sign-ins under way, ids of logout tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from portal.auth.core.keys import hash_key
from portal.auth.models import OneTimeValue

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session


def keep_once(
    session: Session, key: str, *, value: Any = None, lasting: timedelta, now: datetime
) -> bool:
    """Keep a value under a key that was never used; False when it was, and nothing changes."""
    try:
        with session.begin_nested():
            session.add(OneTimeValue(key=hash_key(key), value=value, ends_at=now + lasting))
    except IntegrityError:
        return False
    return True


def take_once(session: Session, key: str, *, now: datetime) -> Any:
    """Return the value under a key and forget it; None when it is gone, ended or never was."""
    row = session.execute(
        delete(OneTimeValue)
        .where(OneTimeValue.key == hash_key(key))
        .returning(OneTimeValue.value, OneTimeValue.ends_at)
    ).one_or_none()
    return row.value if row is not None and row.ends_at > now else None


def forget_ended(session: Session, *, now: datetime) -> None:
    """Delete what ended."""
    session.execute(delete(OneTimeValue).where(OneTimeValue.ends_at < now))
