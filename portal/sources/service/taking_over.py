"""Letting a file take over what was made in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.audit.service import record_act
from portal.catalog.core.changes import MOVED
from portal.catalog.core.records import PORTAL
from portal.catalog.service.editing import open_for_change
from portal.catalog.service.overlays import keep_as_overlays
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.removals import take_out
from portal.errors import Conflict
from portal.sources.queries.claims import can_be_read, list_claimants
from portal.sources.service.requests import request_run

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor


def let_file_take_over(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    keeps: bool,
    version: int | None,
    now: datetime,
) -> str:
    """Make room for the file that defines an entity too; returns the source that is read next.

    With `keeps` what was set in the portal is laid over that file where it says otherwise. Raises
    Conflict where no such file can be read by itself.
    """
    entity = open_for_change(session, actor, ref, version=version)
    if entity.source != PORTAL:
        raise Conflict(f"{ref} comes from {entity.source} already.", fix="Nothing has to be done.")
    readable = [s for s, _ in list_claimants(session, ref) if can_be_read(session, s)]
    taker = next((source for source in readable if request_run(session, source, now=now)), None)
    if taker is None:
        raise Conflict(
            f"No file that the portal reads by itself defines {ref}.",
            fix="Have its source read, or resume it, then try again.",
        )
    kept = keep_as_overlays(session, actor, entity, now=now) if keeps else 0
    document = entity.document
    take_out(session, actor, [ref], run_id=0, change=MOVED, now=now)
    refresh_near(session, [ref])
    record_act(
        session,
        actor.name,
        ref,
        action="catalog.hand_to_file",
        before=document,
        after={"source": taker.name, "kept": kept},
        now=now,
    )
    return taker.name
