"""What of the sources waits for whoever looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from portal.infra.contributions import Need
from portal.sources.models import Source

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

MOST = 5


def list_needs(session: Session, teams: Collection[str], now: datetime) -> list[Need]:
    """Return the sources that fail or hold removals; repositories stand under theirs."""
    del teams, now
    rows = session.execute(
        select(Source.id, Source.name, Source.failing_since, Source.failure, Source.held)
        .where(
            Source.parent_id.is_(None),
            Source.is_paused.is_(False),
            or_(Source.failing_since.is_not(None), Source.held > 0),
        )
        .order_by(Source.failing_since, Source.name)
        .limit(MOST)
    )
    found = []
    for number, name, since, failure, held in rows:
        if since is not None:
            text = f"Source {name} cannot be read since {since:%Y-%m-%d %H:%M} UTC"
            found.append(Need(20, text, f"/sources/{number}", failure))
        else:
            words = "removal waits" if held == 1 else "removals wait"
            text = f"{held:,} {words} for your word in source {name}"
            found.append(Need(30, text, f"/sources/{number}", "Say whether they may go."))
    return found
