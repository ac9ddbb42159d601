"""What identity tidies up by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.service import one_time, sessions, throttles

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.queries.actors import Lifetimes

FORGET = "auth.forget_ended"


def make_forget(lifetimes: Lifetimes) -> Callable[[Session, str, datetime], None]:
    """Return the job that forgets sessions, states and throttles that ended."""

    def forget(session: Session, subject: str, now: datetime) -> None:
        del subject
        sessions.forget_ended(session, lifetimes, now=now)
        one_time.forget_ended(session, now=now)
        throttles.forget_old(session, now=now)

    return forget
