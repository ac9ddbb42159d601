"""What sources do by themselves: whose time has come, what was asked for, what has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra.clock import utc_now
from portal.sources.core.trees import SourceDown
from portal.sources.flows.organisations import OrganisationRun
from portal.sources.flows.proposal_states import check_proposals
from portal.sources.flows.refreshing import SCHEDULE as SCHEDULED
from portal.sources.flows.refreshing import (
    find_plan,
    refresh_single,
    remove_all,
    report_down,
)
from portal.sources.flows.terms import Terms
from portal.sources.models import Source
from portal.sources.queries.sources import list_children, list_expired, read_plan
from portal.sources.service.requests import schedule_due

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.db import Database
    from portal.sources.flows.opening import Tools

SCHEDULE_EVERY_SECONDS = 15
EXPIRE_EVERY_SECONDS = 60
CHECK_PROPOSALS_EVERY_SECONDS = 300
MOST_AT_ONCE = 200


def schedule(session: Session, subject: str, now: datetime) -> None:
    """Ask for the sources whose time has come."""
    del subject
    schedule_due(session, now=now, limit=MOST_AT_ONCE)


def make_refresh(
    make_tools: Callable[[], Tools], pause: Callable[[], None]
) -> Callable[[Database, str, datetime], None]:
    """Return the job that reads one source; `pause` raises when the worker is to end."""

    def refresh(database: Database, subject: str, now: datetime) -> None:
        del now
        with database.unit(write=False) as session:
            plan = find_plan(session.get(Source, int(subject)))
        if plan is None:
            return
        try:
            if plan.declaration.is_host:
                OrganisationRun(database, make_tools(), plan, pause=pause).run()
            else:
                refresh_single(database, make_tools(), plan, pause=pause)
        except SourceDown as error:  # before anything was asked: a lost secret, say
            report_down(database, plan, error, SCHEDULED)

    return refresh


def make_check_proposals(
    make_tools: Callable[[], Tools],
) -> Callable[[Database, str, datetime], None]:
    """Return the job that looks how open proposals stand."""

    def check(database: Database, subject: str, now: datetime) -> None:
        del subject, now
        check_proposals(database, make_tools())

    return check


def expire(database: Database, subject: str, now: datetime) -> None:
    """Remove sources whose time is over, with what they brought: ephemeral ones, removed ones."""
    del subject, now
    terms = Terms(is_ephemeral=True, removes=True, reason="schedule")
    with database.unit(write=False) as session:
        over = list_expired(session, now=utc_now(), limit=MOST_AT_ONCE)
        plans = [
            read_plan(each)
            for source in over
            for each in (*list_children(session, source.id), source)
        ]
    for plan in plans:
        remove_all(database, plan, terms)
