"""What people may ask of background work: now instead of later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.errors import Conflict, NotFound
from portal.infra import work
from portal.infra.contributions import get_contributions
from portal.infra.db import read_clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WRITE = "jobs:job:write"
# A row of its own beside the slots', and the same one however often it is asked for.
ASKED = "asked for"


def run_now(session: Session, actor: Actor, topic: str) -> None:
    """Ask for a periodic job beside its slots; raises NotFound when there is none of that name."""
    authorise(actor, WRITE)
    if all(job.name != topic for job in get_contributions(session).periodic):
        raise NotFound(
            f"There is no periodic job `{topic}`.",
            fix="What follows a change has no clock to beat.",
        )
    now = read_clock(session)
    work.publish(session, topic, ASKED, due_at=now)
    record_act(session, actor.name, f"job:{topic}", action="jobs.run", now=now)


def try_again(session: Session, actor: Actor, work_id: int) -> str:
    """Make a failing row due now; returns its topic.

    Raises NotFound when it is done by now, Conflict when a worker has it in hand.
    """
    authorise(actor, WRITE)
    row = session.scalars(
        select(work.Work).where(work.Work.id == work_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such row any more.", fix="It was probably done meanwhile.")
    now = read_clock(session)
    if row.claimed_until is not None and row.claimed_until >= now:
        raise Conflict("A worker has it in hand at this moment.", fix="Look how it ends.")
    session.execute(update(work.Work).where(work.Work.id == work_id).values(due_at=now))
    record_act(
        session,
        actor.name,
        f"job:{row.topic}",
        action="jobs.try_again",
        after={"subject": row.subject, "consumer": row.consumer, "attempts": row.attempts},
        now=now,
    )
    return row.topic
