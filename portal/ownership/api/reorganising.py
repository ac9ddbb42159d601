"""Reorganising teams, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.infra.clock import utc_now
from portal.ownership.api.ownership_blueprint import answer, blueprint
from portal.ownership.core.plans import Wish
from portal.ownership.forms import WishBody
from portal.ownership.queries.reorganising import (
    count_steps,
    get_reorganisation,
    list_reorganisations,
    list_steps,
    list_vouchers,
)
from portal.ownership.service import reorganising
from portal.ownership.service.previewing import preview
from portal.web.forms import parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_reader, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from flask import Response

    from portal.ownership.models import Reorganisation

MOST_STEPS = 10_000


class StepItem(BaseModel):
    """One change: `act` is make, set, remove or call; `value` what a field or an entity becomes."""

    act: str
    ref: str
    pointer: str
    value: Any
    state: str
    note: str


class RightsItem(BaseModel):
    """How many entities somebody may edit now and afterwards."""

    label: str
    before: int
    after: int
    reason: str


class PlanItem(BaseModel):
    """What a wish would do; `seal` is sent back to have it done."""

    seal: str
    steps: list[StepItem]
    warnings: list[str]
    rights: list[RightsItem]
    unchanged_people: int
    work_before: dict[str, list[str]]
    work_after: dict[str, list[str]]


class ReorganisationItem(BaseModel):
    """A reorganisation: `state` is applying, applied, undoing, undone or failed.

    `steps` counts them by state: planned, done, undone, left.
    """

    id: int
    kind: str
    teams: list[str]
    target: str
    state: str
    by: str
    at: str
    undone_by: str | None
    undone_at: str | None
    failure: str
    steps: dict[str, int]


class ReorganisationDocument(ReorganisationItem):
    """The same with every step."""

    all_steps: list[StepItem]


class ReorganisationList(BaseModel):
    """The latest reorganisations."""

    items: list[ReorganisationItem]


def _write(row: Reorganisation, counts: dict[str, int]) -> dict[str, Any]:
    wish = Wish.read(row.wish)
    return {
        "id": row.id,
        "kind": row.kind,
        "teams": list(wish.teams),
        "target": wish.target,
        "state": row.state,
        "by": row.by,
        "at": row.at.isoformat(),
        "undone_by": row.undone_by,
        "undone_at": row.undone_at and row.undone_at.isoformat(),
        "failure": row.failure,
        "steps": counts,
    }


@blueprint.post("/reorganisations/preview")
@requires("catalog:entity:write", by_object=True)
@declare(answer=PlanItem)
def preview_reorganisation() -> Response:
    """Tell what a wish would do; nothing changes."""
    session = get_reader()
    wish = parse_document(WishBody, request).make_wish()
    drawn = reorganising.draw(session, get_actor(Actor), wish)
    ahead = preview(session, wish, drawn, now=utc_now())
    return answer(
        PlanItem(
            seal=drawn.plan.seal,
            steps=[
                StepItem(
                    act=step.act,
                    ref=step.ref,
                    pointer=step.pointer,
                    value=step.value,
                    state="planned",
                    note="",
                )
                for step in drawn.plan.steps
            ],
            warnings=[
                *drawn.plan.warnings,
                *list_vouchers(session, {*wish.teams, wish.target}),
            ],
            rights=[
                RightsItem(label=one.label, before=one.before, after=one.after, reason=one.reason)
                for one in ahead.changed
            ],
            unchanged_people=ahead.unchanged,
            work_before={name: list(lines) for name, lines in ahead.work_before},
            work_after={name: list(lines) for name, lines in ahead.work_after},
        )
    )


@blueprint.post("/reorganisations")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ReorganisationItem)
def add_reorganisation() -> Response:
    """Carry a wish out as it was previewed; many steps are left to the background."""
    body = parse_document(WishBody, request)
    session = get_session()
    row = reorganising.reorganise(
        session, get_actor(Actor), body.make_wish(), seal=body.seal, now=utc_now()
    )
    status = 201 if row.state == reorganising.APPLIED else 202
    return answer(ReorganisationItem(**_write(row, count_steps(session, row.id))), status)


@blueprint.get("/reorganisations")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ReorganisationList)
def all_reorganisations() -> Response:
    """List the latest reorganisations."""
    session = get_session()
    rows = list_reorganisations(session)
    items = [ReorganisationItem(**_write(row, count_steps(session, row.id))) for row in rows]
    return answer(ReorganisationList(items=items))


@blueprint.get("/reorganisations/<int:number>")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ReorganisationDocument)
def show_reorganisation(number: int) -> Response:
    """Show how far a reorganisation is, with every step."""
    session = get_session()
    row = get_reorganisation(session, number)
    steps = [
        StepItem(
            act=step.act,
            ref=step.ref,
            pointer=step.pointer,
            value=step.value,
            state=step.state,
            note=step.note,
        )
        for step in list_steps(session, number, limit=MOST_STEPS)
    ]
    counts = count_steps(session, number)
    return answer(ReorganisationDocument(**_write(row, counts), all_steps=steps))


@blueprint.post("/reorganisations/<int:number>/undo")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ReorganisationItem)
def undo_reorganisation(number: int) -> Response:
    """Put back what a reorganisation changed."""
    session = get_session()
    row = reorganising.undo(session, get_actor(Actor), number, now=utc_now())
    return answer(ReorganisationItem(**_write(row, count_steps(session, number))))
