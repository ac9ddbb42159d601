"""Looks how open proposals stand: at their hosts, or by what the file says now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog.core.document_fields import Change
from portal.errors import PortalError
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.sources.core.hosts import FoundRepository
from portal.sources.core.patching.changes import CannotPatch, apply_change, is_same
from portal.sources.core.proposals import MERGED, OPEN, UNKNOWN
from portal.sources.core.trees import SourceDown
from portal.sources.flows.proposing import open_plan
from portal.sources.flows.refreshing import JOB
from portal.sources.queries.proposals import list_to_check
from portal.sources.queries.sources import get_source
from portal.sources.service.proposals import note_state
from portal.sources.service.requests import request_run

if TYPE_CHECKING:
    from portal.infra.db import Database
    from portal.sources.core.hosts import Host
    from portal.sources.flows.opening import Tools
    from portal.sources.queries.proposals import OpenProposal
    from portal.sources.queries.sources import Plan

MOST_AT_ONCE = 100
log = get_logger("proposals")


def check_proposals(database: Database, tools: Tools) -> None:
    """Look at open proposals, the longest unchecked first; what is merged is read soon."""
    with database.unit(write=False) as session:
        waiting = list_to_check(session, limit=MOST_AT_ONCE)
    hosts: dict[int, Host | None] = {}
    for proposal in waiting:
        if proposal.number is None:
            state = MERGED if says_so(proposal) else OPEN
        else:
            state = _ask(database, tools, proposal, hosts)
        with database.unit(write=True) as session:
            note_state(session, JOB, proposal.id, state=state, now=utc_now())
            if state == MERGED and proposal.plan is not None and proposal.number is not None:
                request_run(session, get_source(session, proposal.plan.id), now=utc_now())


def says_so(proposal: OpenProposal) -> bool:
    """Whether the file, as it was read last, says all that was proposed."""
    return proposal.base is not None and all(
        _is_said(
            proposal.base,
            Change(each["pointer"], each.get("value"), is_removal="remove" in each),
        )
        for each in proposal.changes
    )


def _is_said(value: Any, change: Change) -> bool:
    try:
        return is_same(apply_change(value, change), value)
    except CannotPatch:  # what was to go is gone, or the way to it is another
        return change.is_removal


def _ask(
    database: Database, tools: Tools, proposal: OpenProposal, hosts: dict[int, Host | None]
) -> str:
    """Return how a request stands; as before where its host does not say."""
    plan, parent = proposal.plan, proposal.parent
    if plan is None or parent is None or proposal.number is None:
        return UNKNOWN  # the source is gone, and with it the way to its host
    if parent.id not in hosts:
        hosts[parent.id] = _open(database, tools, parent)
    host = hosts[parent.id]
    if host is None:
        return OPEN
    declaration = plan.declaration
    found = FoundRepository(
        plan.external_id or "", declaration.address, declaration.branch, plan.stamp, ""
    )
    try:
        return host.proposals.find_state(found, proposal.number)
    except (SourceDown, PortalError) as error:
        log.warning("proposal_unchecked", proposal=proposal.id, reason=error.detail)
        hosts[parent.id] = None  # it is asked again next time
        return OPEN


def _open(database: Database, tools: Tools, plan: Plan) -> Host | None:
    try:
        with database.unit(write=False) as session:
            return open_plan(session, tools, plan)
    except SourceDown as error:
        log.warning("proposals_unchecked", source=plan.name, reason=error.detail)
        return None
