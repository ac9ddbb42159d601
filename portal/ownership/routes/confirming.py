"""Confirming what a team owns, all of it in one go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request

from portal.auth.core import Actor
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.queries import entities
from portal.infra.clock import utc_now
from portal.ownership.core import list_below
from portal.ownership.forms import ConfirmForm, ConfirmQuery
from portal.ownership.queries import get_teams
from portal.ownership.queries.confirmations import list_lines
from portal.ownership.routes.blueprint import blueprint
from portal.ownership.routes.presenting import (
    answers_for,
    check_answers_for,
    entity_page,
    make_team_link,
    make_team_ref,
    name_people,
    page_of,
)
from portal.ownership.service.confirming import confirm_entries
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from portal.ownership.queries.confirmations import Line

SHOWN = 200
STATES = {
    "never": ("never confirmed", ""),
    "confirmed": ("confirmed", "ok"),
    "overdue": ("overdue", "warn"),
    "new_owner": ("new owner", "accent"),
}


@blueprint.get("/teams/<string:namespace>/<string:name>/confirm")
@requires("catalog:entity:write", by_object=True)
def confirm(namespace: str, name: str) -> str:
    """Show what of a team waits to be confirmed."""
    ref = make_team_ref(namespace, name)
    return _show(ref, parse_arguments(ConfirmQuery, request.args))


@blueprint.post("/teams/<string:namespace>/<string:name>/confirm")
@requires("catalog:entity:write", by_object=True)
def confirm_ticked(namespace: str, name: str) -> Response | tuple[str, int]:
    """Confirm what is ticked; what changed since it was shown is shown again."""
    ref = make_team_ref(namespace, name)
    check_answers_for(ref)
    form = parse_arguments(ConfirmForm, request.form)
    done = confirm_entries(get_session(), get_actor(Actor), form.read_seen(), now=utc_now())
    words = "entry is" if len(done.confirmed) == 1 else "entries are"
    if done.stale:
        return _show(ref, form, stale=done.stale, confirmed=len(done.confirmed)), 200
    flash(f"{len(done.confirmed):,} {words} confirmed.")
    return redirect(page_of("ownership.confirm", ref, reach=form.reach, which=form.which), 303)


def _show(ref: str, query: ConfirmQuery, *, stale: tuple[str, ...] = (), confirmed: int = 0) -> str:
    session = get_session()
    team = entities.get_entity(session, ref)
    check_answers_for(ref)
    below = [one for one in list_below(ref, get_teams(session).parents) if answers_for(one)]
    teams = [ref, *below] if query.reach == "all" else [ref]
    lines = list_lines(
        session, teams, only_open=query.which == "due", limit=SHOWN + 1, now=utc_now()
    )
    shown = lines[:SHOWN]
    labels = entities.list_labels(session, {ref, *(line.row.owner for line in shown)})
    names = name_people(session, {line.row.confirmed_by for line in shown})
    return render(
        "ownership/confirm.html",
        team=make_team_link(ref, {ref: team}),
        lines=[_present(line, labels, names, stale) for line in shown],
        is_cut=len(lines) > SHOWN,
        below_count=len(below),
        query=query,
        here=page_of("ownership.confirm", ref),
        stale=len(stale),
        confirmed=confirmed,
    )


def _present(
    line: Line, labels: Mapping[str, Any], names: Mapping[str, str], stale: tuple[str, ...]
) -> SimpleNamespace:
    row = line.row
    word, tone = STATES[line.standing.state]
    return SimpleNamespace(
        ref=row.ref,
        value=f"{line.seal}:{row.ref}",
        label=row.title or row.name,
        kind=row.kind,
        url=entity_page("catalog.show", row.ref),
        edit_url=entity_page("catalog.edit", row.ref),
        hand_over_url=entity_page("ownership.hand_over", row.ref),
        owner=make_team_link(row.owner, labels),
        contacts=list(line.statement["contacts"].items()),
        tier=TIER_LABELS.get(row.tier),
        state=word,
        tone=tone,
        due_at=line.standing.due_at,
        confirmed_at=row.confirmed_at,
        confirmed_by=names.get(row.confirmed_by, row.confirmed_by),
        is_handed_on=bool(row.is_handed_on),
        is_stale=row.ref in stale,
    )
