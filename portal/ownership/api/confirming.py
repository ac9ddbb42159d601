"""Confirming and handing over, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.forms import make_ref
from portal.catalog.queries import entities
from portal.infra.clock import utc_now
from portal.ownership.api.ownership_blueprint import answer, blueprint
from portal.ownership.core import list_below
from portal.ownership.forms import (
    AdoptBody,
    AnswerBody,
    ConfirmBody,
    ConfirmQuery,
    GoneQuery,
    HandoverBody,
    OffersQuery,
)
from portal.ownership.queries import get_teams
from portal.ownership.queries.confirmations import list_lines
from portal.ownership.queries.gone import list_all_gone
from portal.ownership.queries.handovers import list_of_teams
from portal.ownership.service import handing
from portal.ownership.service.confirming import confirm_entries
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from flask import Response

    from portal.ownership.models import Handover
    from portal.ownership.queries.confirmations import Line

MOST = 500


class Statement(BaseModel):
    """What is confirmed of an entity."""

    owner: str
    contacts: dict[str, str]
    tier: int | None


class ConfirmationItem(BaseModel):
    """How an entity stands: `state` is never, confirmed, overdue or new_owner.

    `seal` is sent back to confirm what `statement` says; `confirmed_by` is an opaque id.
    """

    ref: str
    state: str
    due_at: str
    confirmed_at: str | None
    confirmed_by: str | None
    is_handed_on: bool
    statement: Statement
    seal: str


class ConfirmationList(BaseModel):
    """At most 500 entities, what waits longest first."""

    items: list[ConfirmationItem]


class ConfirmedItem(BaseModel):
    """What was confirmed, and what was not because it changed since it was read."""

    confirmed: list[str]
    stale: list[str]


class HandoverItem(BaseModel):
    """A hand-over; `state` is pending, accepted, declined or withdrawn.

    `receiver` is null where only an admin can say whose it is.
    """

    id: int
    ref: str
    giver: str
    receiver: str | None
    is_unknown: bool
    note: str
    state: str
    asked_by: str
    asked_at: str
    answered_by: str | None
    answered_at: str | None
    answer: str


class HandoverList(BaseModel):
    """Hand-overs, the latest first; `next_before` asks for those before them."""

    items: list[HandoverItem]
    next_before: int | None


class GoneItem(BaseModel):
    """An owner that is gone; `heir` is the team that may take over what it owned."""

    ref: str
    since: str
    parent: str | None
    heir: str | None
    owned: int


class GoneList(BaseModel):
    """The owners that are gone and own something still."""

    items: list[GoneItem]


class AdoptedItem(BaseModel):
    """What was taken over."""

    items: list[HandoverItem]


def _write_line(line: Line) -> ConfirmationItem:
    row = line.row
    return ConfirmationItem(
        ref=row.ref,
        state=line.standing.state,
        due_at=line.standing.due_at.isoformat(),
        confirmed_at=row.confirmed_at and row.confirmed_at.isoformat(),
        confirmed_by=row.confirmed_by,
        is_handed_on=bool(row.is_handed_on),
        statement=Statement(**line.statement),
        seal=line.seal,
    )


def _write_handover(row: Handover) -> HandoverItem:
    given: dict[str, Any] = {
        name: getattr(row, name)
        for name in HandoverItem.model_fields
        if name not in ("asked_at", "answered_at")
    }
    answered = row.answered_at and row.answered_at.isoformat()
    return HandoverItem(asked_at=row.asked_at.isoformat(), answered_at=answered, **given)


@blueprint.get("/teams/<string:namespace>/<string:name>/confirmations")
@requires("catalog:entity:read")
@declare(query=ConfirmQuery, answer=ConfirmationList)
def list_confirmations(namespace: str, name: str) -> Response:
    """List what a team owns and how it stands: what waits to be confirmed, or all."""
    session = get_session()
    query = parse_arguments(ConfirmQuery, request.args)
    ref = make_ref("group", namespace, name)
    entities.get_entity(session, ref)
    below = list_below(ref, get_teams(session).parents) if query.reach == "all" else []
    lines = list_lines(
        session, [ref, *below], only_open=query.which == "due", limit=MOST, now=utc_now()
    )
    return answer(ConfirmationList(items=[_write_line(line) for line in lines]))


@blueprint.post("/confirmations")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ConfirmedItem)
def confirm() -> Response:
    """Confirm entities, each with the seal that reading it gave."""
    body = parse_document(ConfirmBody, request)
    seen = {entry.ref: entry.seal for entry in body.entries}
    done = confirm_entries(get_session(), get_actor(Actor), seen, now=utc_now())
    return answer(ConfirmedItem(confirmed=list(done.confirmed), stale=list(done.stale)))


@blueprint.get("/teams/<string:namespace>/<string:name>/handovers")
@requires("catalog:entity:read")
@declare(query=OffersQuery, answer=HandoverList)
def list_handovers(namespace: str, name: str) -> Response:
    """List what is offered to a team and what it offers."""
    session = get_session()
    query = parse_arguments(OffersQuery, request.args)
    ref = make_ref("group", namespace, name)
    entities.get_entity(session, ref)
    found = list_of_teams(session, [ref], state=query.state or None, before=query.before)
    items = [_write_handover(row[0]) for row in found]
    following = items[-1].id if len(items) == 100 else None  # noqa: PLR2004 the query's own limit
    return answer(HandoverList(items=items, next_before=following))


@blueprint.post("/entities/<string:kind>/<string:namespace>/<string:name>/handovers")
@requires("catalog:entity:write", by_object=True)
@declare(answer=HandoverItem)
def offer(kind: str, namespace: str, name: str) -> Response:
    """Offer an entity to a team, or without `receiver` to whoever may know."""
    body = parse_document(HandoverBody, request)
    row = handing.ask(
        get_session(),
        get_actor(Actor),
        make_ref(kind, namespace, name),
        receiver=body.receiver,
        note=body.note,
        now=utc_now(),
    )
    return answer(_write_handover(row), 201)


@blueprint.post("/handovers/<int:handover_id>/accept")
@requires("catalog:entity:write", by_object=True)
@declare(answer=HandoverItem)
def accept(handover_id: int) -> Response:
    """Take what is offered."""
    body = parse_document(AnswerBody, request)
    actor, now = get_actor(Actor), utc_now()
    row = handing.accept(get_session(), actor, handover_id, word=body.word, team=body.team, now=now)
    return answer(_write_handover(row))


@blueprint.post("/handovers/<int:handover_id>/decline")
@requires("catalog:entity:write", by_object=True)
@declare(answer=HandoverItem)
def decline(handover_id: int) -> Response:
    """Say no to what is offered."""
    body = parse_document(AnswerBody, request)
    row = handing.decline(
        get_session(), get_actor(Actor), handover_id, word=body.word, now=utc_now()
    )
    return answer(_write_handover(row))


@blueprint.post("/handovers/<int:handover_id>/withdraw")
@requires("catalog:entity:write", by_object=True)
@declare(answer=HandoverItem)
def withdraw(handover_id: int) -> Response:
    """Take an offer back."""
    row = handing.withdraw(get_session(), get_actor(Actor), handover_id, now=utc_now())
    return answer(_write_handover(row))


@blueprint.get("/owners-gone")
@requires("catalog:entity:read")
@declare(query=GoneQuery, answer=GoneList)
def list_owners_gone() -> Response:
    """List the owners that are gone and own something still."""
    query = parse_arguments(GoneQuery, request.args)
    items = [
        GoneItem(
            ref=one.ref,
            since=one.since.isoformat(),
            parent=one.parent,
            heir=one.heir,
            owned=one.owned,
        )
        for one in list_all_gone(get_session())
        if query.team in (None, one.ref) and query.parent in (None, one.parent, one.heir)
    ]
    return answer(GoneList(items=items))


@blueprint.post("/owners-gone/take-over")
@requires("catalog:entity:write", by_object=True)
@declare(answer=AdoptedItem)
def take_over() -> Response:
    """Take over what owners that are gone left."""
    body = parse_document(AdoptBody, request)
    session, actor, now = get_session(), get_actor(Actor), utc_now()
    rows = [
        handing.adopt(session, actor, ref, team=body.team, now=now)
        for ref in dict.fromkeys(body.refs)
    ]
    return answer(AdoptedItem(items=[_write_handover(row) for row in rows]))
