"""What entities were called before, so that their old links lead on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.auth.core import Actor, authorise
from portal.catalog.core.changes import FORMER
from portal.catalog.models import EntityAlias, EntityRename
from portal.catalog.service.names import remember_names, take_names
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def keep_former_name(
    session: Session, actor: Actor, old: str, *, new: str, now: datetime
) -> dict[str, str]:
    """Let an old name lead to a new one; returns what both names led to before."""
    authorise(actor, WRITE)
    held = session.scalars(select(EntityRename).where(EntityRename.old_ref.in_((old, new)))).all()
    before = {row.old_ref: row.new_ref for row in held}
    _write(session, actor, {old: new}, drop=(old, new), now=now)
    return before


def drop_former_name(
    session: Session, actor: Actor, old: str, *, new: str, before: dict[str, str], now: datetime
) -> bool:
    """Let names lead where they led before; False where the old one leads elsewhere by now."""
    authorise(actor, WRITE)
    leads = session.scalar(select(EntityRename.new_ref).where(EntityRename.old_ref == old))
    if leads != new:
        return False
    _write(session, actor, before, drop=(old, new), now=now)
    return True


def _write(
    session: Session, actor: Actor, names: dict[str, str], *, drop: tuple[str, ...], now: datetime
) -> None:
    """Let names lead where `names` says, and be found by the search there, instead of as before."""
    take_names(session, drop)
    session.add_all(
        EntityRename(old_ref=old, new_ref=new, at=now, actor=actor.name)
        for old, new in names.items()
    )
    session.flush()
    targets = sorted(set(names.values()))
    session.execute(
        delete(EntityAlias).where(EntityAlias.ref.in_(targets), EntityAlias.system == FORMER)
    )
    remember_names(session, targets)
    refresh_near(session, drop)
