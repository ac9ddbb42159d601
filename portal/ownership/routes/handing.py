"""Handing an entity over: the form of an offer, the offers of a team, the answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.forms import make_ref
from portal.catalog.queries import entities
from portal.errors import Conflict, Forbidden, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.ownership.forms import AnswerForm, HandoverForm, OffersQuery
from portal.ownership.queries import get_teams
from portal.ownership.queries.handovers import find_pending, list_of_teams, list_unaddressed
from portal.ownership.queries.trusted import find_parent
from portal.ownership.routes.blueprint import blueprint
from portal.ownership.routes.presenting import (
    answers_for,
    entity_page,
    is_admin,
    make_team_link,
    make_team_ref,
    name_people,
    page_of,
)
from portal.ownership.service import handing
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

SHOWN = 50


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/hand-over")
@requires("catalog:entity:write", by_object=True)
def hand_over(kind: str, namespace: str, name: str) -> str:
    """Show the form that offers an entity to another team."""
    return _show_form(make_ref(kind, namespace, name))


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/hand-over")
@requires("catalog:entity:write", by_object=True)
def offer(kind: str, namespace: str, name: str) -> Response | tuple[str, int]:
    """Offer an entity to a team; it stays its owner's until they accept."""
    ref = make_ref(kind, namespace, name)
    try:
        form = _read_offer()
        row = handing.ask(
            get_session(),
            get_actor(Actor),
            ref,
            receiver=None if form.unknown else form.receiver,
            note=form.note,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show_form(ref, error.problems), 422
    except Conflict as error:
        return _show_form(ref, (Problem("receiver", "conflict", error.detail, error.fix),)), 409
    flash(f"It is offered to {row.receiver or 'the admins'}; you answer for it until they accept.")
    return redirect(entity_page("catalog.show", ref, tab="ownership"), 303)


def _read_offer() -> HandoverForm:
    form = parse_arguments(HandoverForm, request.form)
    if form.receiver is None and not form.unknown:
        message = "Name a team, or tick that you do not know."
        raise InvalidInput(message, (Problem("receiver", "required", message),))
    return form


def _show_form(ref: str, problems: Sequence[Problem] = ()) -> str:
    session = get_session()
    entity = entities.get_entity(session, ref)
    if not answers_for(entity.owner, ref):
        raise Forbidden(f"{entity.owner or 'Nobody'} owns {ref}.", fix="Ask them to hand it over.")
    teams = get_teams(session)
    labels = entities.list_labels(session, [entity.owner] if entity.owner else [])
    typed: Any = request.form
    return render(
        "ownership/hand_over.html",
        entity=SimpleNamespace(
            ref=ref,
            label=entity.title or entity.name,
            url=entity_page("catalog.show", ref),
            here=entity_page("ownership.hand_over", ref),
        ),
        owner=make_team_link(entity.owner, labels) if entity.owner else None,
        above=find_parent(session, entity.owner or ""),
        teams=sorted(each.removeprefix("group:") for each in teams.refs if each != entity.owner),
        pending=find_pending(session, ref),
        typed=typed,
        errors={problem.field: problem for problem in problems},
        problems=problems,
    )


@blueprint.get("/teams/handovers")
@requires("catalog:entity:read")
def my_handovers() -> str:
    """Show the hand-overs of all teams somebody answers for, and what only admins can place."""
    query = parse_arguments(OffersQuery, request.args)
    unaddressed = list_unaddressed(get_session()) if is_admin() else ()
    mine = sorted(get_actor(Actor).teams)
    return _show_offers(mine, query, url_for("ownership.my_handovers"), unaddressed=unaddressed)


@blueprint.get("/teams/<string:namespace>/<string:name>/handovers")
@requires("catalog:entity:read")
def handovers(namespace: str, name: str) -> str:
    """Show what is offered to a team and what it offers."""
    ref = make_team_ref(namespace, name)
    entities.get_entity(get_session(), ref)
    query = parse_arguments(OffersQuery, request.args)
    return _show_offers([ref], query, page_of("ownership.handovers", ref), team=ref)


def _show_offers(
    teams: Sequence[str],
    query: OffersQuery,
    here: str,
    *,
    team: str | None = None,
    unaddressed: Sequence[Any] = (),
) -> str:
    session = get_session()
    found = list_of_teams(
        session, teams, state=query.state or None, before=query.before, limit=SHOWN + 1
    )
    shown = found[:SHOWN]
    offers = [row[0] for row in (*unaddressed, *shown)]
    refs = {ref for one in offers for ref in (one.giver, one.receiver) if ref}
    labels = entities.list_labels(session, refs | ({team} if team else set()))
    names = name_people(session, {p for one in offers for p in (one.asked_by, one.answered_by)})
    return render(
        "ownership/handovers.html",
        team=make_team_link(team, labels) if team else None,
        offers=[present_offer(row[0], row[1] or row[2], labels, names) for row in shown],
        unaddressed=[present_offer(row[0], row[1] or row[2], labels, names) for row in unaddressed],
        teams=sorted(each.removeprefix("group:") for each in get_teams(session).refs)
        if unaddressed
        else (),
        query=query,
        here=here,
        next_url=f"{here}?state={query.state}&before={shown[-1][0].id}"
        if len(found) > SHOWN
        else None,
    )


def present_offer(
    row: Any, label: str | None, labels: Mapping[str, Any], names: Mapping[str, str]
) -> SimpleNamespace:
    """Return a hand-over as pages show it, with what whoever looks may do to it."""
    is_pending = row.state == "pending"
    return SimpleNamespace(
        row=row,
        label=label or row.ref.partition("/")[2],
        url=entity_page("catalog.show", row.ref, tab="ownership"),
        giver=make_team_link(row.giver, labels),
        receiver=make_team_link(row.receiver, labels) if row.receiver else None,
        asked_by=names.get(row.asked_by, row.asked_by),
        answered_by=names.get(row.answered_by or "", row.answered_by),
        may_answer=is_pending and answers_for(row.receiver, row.ref),
        may_withdraw=is_pending and answers_for(row.giver, row.ref),
    )


@blueprint.post("/handovers/<int:handover_id>/accept")
@requires("catalog:entity:write", by_object=True)
def accept(handover_id: int) -> Response:
    """Take what is offered."""
    form = parse_arguments(AnswerForm, request.form)
    row = handing.accept(
        get_session(),
        get_actor(Actor),
        handover_id,
        word=form.word,
        team=form.team,
        now=utc_now(),
    )
    return _back(form, f"{row.ref} belongs to {row.receiver} now.")


@blueprint.post("/handovers/<int:handover_id>/decline")
@requires("catalog:entity:write", by_object=True)
def decline(handover_id: int) -> Response:
    """Say no to what is offered."""
    form = parse_arguments(AnswerForm, request.form)
    row = handing.decline(
        get_session(), get_actor(Actor), handover_id, word=form.word, now=utc_now()
    )
    return _back(form, f"{row.ref} stays with {row.giver}.")


@blueprint.post("/handovers/<int:handover_id>/withdraw")
@requires("catalog:entity:write", by_object=True)
def withdraw(handover_id: int) -> Response:
    """Take an offer back."""
    form = parse_arguments(AnswerForm, request.form)
    row = handing.withdraw(get_session(), get_actor(Actor), handover_id, now=utc_now())
    return _back(form, f"The offer of {row.ref} is taken back.")


def _back(form: AnswerForm, words: str) -> Response:
    flash(words)
    if form.back:
        return redirect(page_of("ownership.handovers", form.back), 303)
    return redirect(url_for("ownership.my_handovers"), 303)
