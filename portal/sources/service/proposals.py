"""Proposed changes: what one is made for, what is kept of it, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.edits import check_pointers
from portal.catalog.core.records import PORTAL
from portal.catalog.queries.entities import get_entity
from portal.catalog.service.overlays import read_overlays
from portal.catalog.service.permissions import WRITE
from portal.errors import Conflict, InvalidInput, NotFound, Problem
from portal.sources.core.declarations import COMMAND
from portal.sources.core.proposals import CLOSED, OPEN
from portal.sources.models import ChangeProposal
from portal.sources.queries.proposals import find_open, find_parent, get_proposal
from portal.sources.queries.sources import find_source, get_source, read_plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.document_fields import Change
    from portal.sources.core.proposals import Opened
    from portal.sources.queries.sources import Plan

OVERLAY = "Change it in the portal instead: that lies over the file and leaves it as it is."


@dataclass(frozen=True, slots=True)
class Target:
    """The file a change is proposed for: its entity, its source, and what lies over it."""

    ref: str
    file: str
    document_number: int
    plan: Plan
    parent: Plan | None
    overlays: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that can be proposed: the difference, and the bytes it is made for."""

    changes: tuple[Change, ...]
    diff: str
    base: str


def find_target(session: Session, actor: Actor, ref: str, *, changes: Sequence[Change]) -> Target:
    """Return the file of an entity whoever may change it may propose changes of."""
    entity = get_entity(session, ref)
    authorise(actor, WRITE, Subject(entity.ref, entity.owner, entity.system))
    check_pointers(changes)
    if entity.source == PORTAL:
        raise _refuse("made here", f"{ref} was made in the portal: no file describes it.")
    if entity.read_as:
        raise _refuse(
            "product",
            f"{ref} is read from a file of another product ({entity.read_as}), which does not say "
            "these fields in the same way.",
        )
    source = find_source(session, entity.source)
    if source is None or source.kind == COMMAND:
        raise _refuse(
            "managed",
            f"{entity.source} is read by command only, so the portal cannot see the file of now.",
        )
    laid = tuple(read_overlays(session, [ref]).get(ref, ()))
    return Target(
        ref,
        entity.file,
        entity.document_number,
        read_plan(source),
        find_parent(session, source),
        laid,
    )


def _refuse(rule: str, message: str) -> InvalidInput:
    return InvalidInput(message, (Problem("file", rule, message, OVERLAY),), fix=OVERLAY)


def record_proposal(
    session: Session,
    actor: Actor,
    target: Target,
    *,
    draft: Draft,
    opened: Opened | None,
    now: datetime,
) -> ChangeProposal:
    """Keep a proposal, once: the request a host has, or a difference that is carried by hand."""
    authorise(actor, WRITE, _find_subject(session, target.ref))
    get_source(session, target.plan.id, lock=True)  # so that two at once keep it once
    changes = write_changes(draft.changes)
    url = opened.url if opened else ""
    found = find_open(session, target.ref, changes=changes, url=url)
    if found is not None:
        return found
    proposal = ChangeProposal(
        ref=target.ref,
        source=target.plan.name,
        file=target.file,
        changes=changes,
        diff=draft.diff,
        base=draft.base,
        branch=opened.branch if opened else "",
        url=url,
        number=opened.number if opened else None,
        state=OPEN,
        proposed_by=actor.name,
        proposed_at=now,
        checked_at=now,
    )
    session.add(proposal)
    session.flush()
    after = {"file": target.file, "url": url, "changes": changes}
    record_act(session, actor.name, target.ref, action="proposal.open", after=after, now=now)
    return proposal


def withdraw_proposal(
    session: Session, actor: Actor, proposal_id: int, *, now: datetime
) -> ChangeProposal:
    """Give up a proposal that nobody but the portal knows of; raises Conflict for others."""
    proposal = get_proposal(session, proposal_id)
    authorise(actor, WRITE, _find_subject(session, proposal.ref))
    if proposal.number is not None:
        raise Conflict(
            "A request is closed where it was opened.", fix=f"Close it at {proposal.url}."
        )
    if proposal.state != OPEN:
        raise Conflict(f"This proposal is {proposal.state} already.")
    note_state(session, actor, proposal.id, state=CLOSED, now=now)
    return proposal


def note_state(
    session: Session, actor: Actor, proposal_id: int, *, state: str, now: datetime
) -> None:
    """Keep how a proposal stands, and tell the trail when that changed."""
    proposal = get_proposal(session, proposal_id)
    authorise(actor, WRITE, _find_subject(session, proposal.ref))
    before, proposal.checked_at = proposal.state, now
    if state != before:
        proposal.state = state
        proposal.settled_at = None if state == OPEN else now
        record_act(
            session,
            actor.name,
            proposal.ref,
            action=f"proposal.{state}",
            before={"proposal": before},
            after={"proposal": state, "url": proposal.url},
            now=now,
        )
    session.flush()


def write_changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return changes as they are stored and sent."""
    return [
        {
            "pointer": each.pointer,
            **({"remove": True} if each.is_removal else {"value": each.value}),
        }
        for each in changes
    ]


def _find_subject(session: Session, ref: str) -> Subject:
    """Return what a permission is asked about; an entity that is gone belongs to nobody."""
    try:
        entity = get_entity(session, ref)
    except NotFound:
        return Subject(ref)
    return Subject(entity.ref, entity.owner, entity.system)
