"""Entities of a source that its files call otherwise now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from portal.auth.core import Actor, authorise
from portal.catalog.service.renames import rename_entity
from portal.sources.models import ChangeProposal
from portal.sources.service.permissions import RUN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session


def rename_found(
    session: Session, actor: Actor, pairs: Iterable[tuple[str, str]], *, now: datetime
) -> None:
    """Rename entities, each from its old name to the one that a file gives it now."""
    authorise(actor, RUN)
    for old, new in pairs:
        rename_entity(session, actor, old, new, now=now)


def follow_rename(session: Session, old: str, new: str, now: datetime) -> None:
    """Let what was proposed for an entity's file be found under its new name."""
    del now
    session.execute(update(ChangeProposal).where(ChangeProposal.ref == old).values(ref=new))
