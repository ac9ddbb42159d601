"""Confirming what is owned: owner, contacts and tier, many entities at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.revisions import hold_revision
from portal.errors import InvalidInput, Problem
from portal.ownership.models import Confirmation
from portal.ownership.queries.confirmations import list_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.ownership.queries.confirmations import Line

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was confirmed, and what was not because it is no longer as it was looked at."""

    confirmed: tuple[str, ...]
    stale: tuple[str, ...]


def confirm_entries(
    session: Session, actor: Actor, seen: Mapping[str, str], *, now: datetime
) -> Confirmed:
    """Confirm entities by ref, each with the seal of what was looked at.

    What changed since is left as it is. Raises Forbidden for what the actor does not answer for.
    """
    if len(seen) > MOST_AT_ONCE:
        message = f"At most {MOST_AT_ONCE} entries can be confirmed at once."
        raise InvalidInput(message, (Problem("entry", "length", message, "Confirm fewer."),))
    hold_revision(session)
    lines = list_named(session, list(seen), now=now)
    confirmed, stale = [], []
    for ref, seal in seen.items():
        line = lines.get(ref)
        if line is None or line.seal != seal:
            stale.append(ref)
            continue
        authorise(actor, WRITE, Subject(ref, line.row.owner, line.row.system))
        confirmed.append(line)
    _keep(session, actor, confirmed, now)
    return Confirmed(tuple(line.row.ref for line in confirmed), tuple(stale))


def _keep(session: Session, actor: Actor, lines: list[Line], now: datetime) -> None:
    refs = [line.row.ref for line in lines]
    held = {
        row.ref: row
        for row in session.scalars(select(Confirmation).where(Confirmation.ref.in_(refs)))
    }
    for line in lines:
        row = held.get(line.row.ref) or Confirmation(ref=line.row.ref)
        before = row.confirmed
        row.owner, row.confirmed = line.row.owner, line.statement
        row.confirmed_by, row.confirmed_at = actor.name, now
        session.add(row)
        record_act(
            session,
            actor.name,
            line.row.ref,
            action="ownership.confirm",
            before=before,
            after=line.statement,
            now=now,
        )
    session.flush()
