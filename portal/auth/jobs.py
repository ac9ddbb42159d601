"""What identity tidies up by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.service import group_rules, one_time, sessions, throttles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core.people import ProviderRules
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


def make_refresh_group(
    rules: Mapping[str, ProviderRules],
) -> Callable[[Session, str, datetime], None]:
    """Return the job that looks again at everyone in a group whose rule changed."""
    return lambda session, subject, now: group_rules.refresh_group(session, rules, subject, now=now)
