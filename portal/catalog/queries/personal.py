"""What a list's filter means for whoever asks: what their teams own, what they starred."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.catalog.queries.stars import list_starred_ids

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.core.filters import EntityFilter


def narrow_for(
    session: Session, actor: Actor, wanted: EntityFilter, personal: tuple[bool, bool]
) -> EntityFilter:
    """Return a filter that keeps what `actor` answers for, what they starred, or both."""
    mine, starred = personal
    if mine:
        wanted = replace(wanted, owners=frozenset(actor.teams))
    if starred:
        ids = () if actor.account_id is None else list_starred_ids(session, actor.account_id)
        wanted = replace(wanted, ids=ids)
    return wanted
