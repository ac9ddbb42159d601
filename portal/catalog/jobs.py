"""What the catalog does by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.service.removals import forget_removed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

FORGET = "catalog.forget_removed"


def make_forget(kept: timedelta) -> Callable[[Session, str, datetime], None]:
    """Return the job that forgets what was removed longer than `kept` ago."""

    def forget(session: Session, subject: str, now: datetime) -> None:
        del subject
        forget_removed(session, now - kept)

    return forget
