"""Hand-overs: asked by who answers for an entity, answered by who is to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise, decide
from portal.catalog.models import Entity
from portal.catalog.service.handing import Agreement, agree, take_over
from portal.catalog.service.permissions import WRITE
from portal.errors import Conflict, Forbidden, InvalidInput, Problem
from portal.ownership.core.handovers import ACCEPTED, DECLINED, PENDING, WITHDRAWN
from portal.ownership.models import Handover
from portal.ownership.queries import get_teams
from portal.ownership.queries.gone import find_gone
from portal.ownership.queries.handovers import find_pending, get_handover
from portal.ownership.queries.trusted import find_parent

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.ownership.queries.gone import GoneOwner


def ask(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    receiver: str | None,
    note: str,
    now: datetime,
) -> Handover:
    """Offer an entity to a team, or without one to whoever may know: the team above, else admins.

    Its owner stays accountable until somebody accepts. Raises Forbidden for who does not answer
    for it, Conflict while another offer waits.
    """
    if receiver is not None:
        check_team(session, receiver)
    agreement = agree(session, actor, ref, receiver=receiver or "")
    if find_pending(session, agreement.ref) is not None:
        raise Conflict(
            f"{ref} is being handed over already.", fix="Withdraw that offer, or wait for it."
        )
    _end_overtaken(session, agreement.ref, now)
    row = Handover(
        ref=agreement.ref,
        giver=agreement.giver,
        receiver=receiver or _find_above(session, agreement.giver),
        is_unknown=receiver is None,
        note=note,
        state=PENDING,
        asked_by=actor.name,
        asked_at=now,
        answer="",
    )
    session.add(row)
    session.flush()
    _record(session, actor, row, "ownership.offer", now)
    return row


def accept(
    session: Session,
    actor: Actor,
    handover_id: int,
    *,
    word: str = "",
    team: str | None = None,
    now: datetime,
) -> Handover:
    """Take what is offered: its owner becomes the team that was asked.

    Where only an admin can say whose it is, `team` is what they say. Raises Forbidden for who
    does not answer for the receiver, Conflict when it is no longer the giver's to give.
    """
    row = _open(session, handover_id)
    if row.receiver is None:
        authorise(actor, WRITE)  # nobody was asked, so nobody but an admin may name a team
    receiver = row.receiver or team
    if receiver is None:
        message = "Say which team it belongs to."
        raise InvalidInput(message, (Problem("team", "required", message, "Name a team."),))
    check_team(session, receiver, field="team")
    take_over(session, actor, Agreement(row.ref, row.giver, receiver), now=now)
    row.receiver = receiver
    return _answer(session, actor, row, state=ACCEPTED, word=word, now=now)


def decline(
    session: Session, actor: Actor, handover_id: int, *, word: str, now: datetime
) -> Handover:
    """Say no to what is offered; it stays the giver's."""
    row = _open(session, handover_id)
    authorise(actor, WRITE, Subject(row.ref, row.receiver))
    return _answer(session, actor, row, state=DECLINED, word=word, now=now)


def withdraw(session: Session, actor: Actor, handover_id: int, *, now: datetime) -> Handover:
    """Take an offer back."""
    row = _open(session, handover_id)
    authorise(actor, WRITE, Subject(row.ref, row.giver))
    return _answer(session, actor, row, state=WITHDRAWN, word="", now=now)


def adopt(
    session: Session, actor: Actor, ref: str, *, team: str | None = None, now: datetime
) -> Handover:
    """Take over an entity whose owner is gone, for the team that stood above it.

    An admin may name any other team. Raises Forbidden for everybody else, Conflict when its owner
    is there.
    """
    giver = session.scalar(select(Entity.owner).where(Entity.ref == ref))
    gone = find_gone(session, giver) if giver else None
    if gone is None:
        raise Conflict(f"The owner of {ref} is not gone.", fix="Ask them to hand it over.")
    receiver = _choose_heir(session, actor, gone, team)
    take_over(session, actor, Agreement(ref, gone.ref, receiver), now=now)
    _end_overtaken(session, ref, now)
    row = Handover(
        ref=ref,
        giver=gone.ref,
        receiver=receiver,
        is_unknown=False,
        note="The owner is gone.",
        state=ACCEPTED,
        asked_by=actor.name,
        asked_at=now,
        answered_by=actor.name,
        answered_at=now,
        answer="",
    )
    session.add(row)
    session.flush()
    _record(session, actor, row, "ownership.adopt", now)
    return row


def _choose_heir(session: Session, actor: Actor, gone: GoneOwner, team: str | None) -> str:
    """Return the team that takes over; only who may do everything chooses freely."""
    wanted = team or gone.heir
    if wanted is not None and (wanted == gone.heir or decide(actor, WRITE).allowed):
        check_team(session, wanted, field="team")
        return wanted
    if wanted is None and decide(actor, WRITE).allowed:
        message = f"No team stood above {gone.ref}."
        raise InvalidInput(message, (Problem("team", "required", message, "Name a team."),))
    raise Forbidden(
        f"What {gone.ref} owned goes to {gone.heir or 'whom an admin chooses'}.",
        fix="Ask them, or whoever runs the portal.",
    )


def check_team(session: Session, ref: str, *, field: str = "receiver") -> None:
    """Raise InvalidInput unless a team of this reference is in the catalog."""
    if session.scalar(select(Entity.id).where(Entity.ref == ref, Entity.kind == "group")) is None:
        message = f"No team is called {ref}."
        raise InvalidInput(message, (Problem(field, "known", message, "Choose one of the list."),))


def _open(session: Session, handover_id: int) -> Handover:
    row = get_handover(session, handover_id)
    if row.state != PENDING:
        raise Conflict(f"This hand-over was {row.state} already.", fix="Nothing is left to do.")
    return row


def _find_above(session: Session, team: str) -> str | None:
    """Return the team above one, where it is in the catalog.

    Only sources trusted for people say so, else any file could have offers sent to its own team.
    """
    above = find_parent(session, team)
    return above if above in get_teams(session).refs else None


def _end_overtaken(session: Session, ref: str, now: datetime) -> None:
    """Close offers that an owner made who is not its owner any more."""
    for row in session.scalars(
        select(Handover).where(Handover.ref == ref, Handover.state == PENDING)
    ).all():
        row.state, row.answered_at, row.answer = WITHDRAWN, now, "Its owner changed otherwise."
    session.flush()


def _answer(
    session: Session, actor: Actor, row: Handover, *, state: str, word: str, now: datetime
) -> Handover:
    row.state, row.answered_by, row.answered_at, row.answer = state, actor.name, now, word
    session.flush()
    _record(session, actor, row, f"ownership.{VERBS[state]}", now)
    return row


VERBS = {ACCEPTED: "accept", DECLINED: "decline", WITHDRAWN: "withdraw"}


def _record(session: Session, actor: Actor, row: Handover, action: str, now: datetime) -> None:
    def show(state: str, owner: str | None) -> dict[str, Any]:
        return {"handover": row.id, "state": state, "owner": owner}

    before = show("none" if action == "ownership.offer" else PENDING, row.giver)
    owner = row.receiver if row.state == ACCEPTED else row.giver
    after = {**show(row.state, owner), "to": row.receiver, "word": row.answer or row.note}
    record_act(session, actor.name, row.ref, action=action, before=before, after=after, now=now)
