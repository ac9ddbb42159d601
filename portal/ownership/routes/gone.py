"""Owners that are gone: what they left, and taking it over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.queries import entities
from portal.infra.clock import utc_now
from portal.ownership.forms import AdoptForm, GoneQuery
from portal.ownership.queries import get_teams
from portal.ownership.queries.gone import list_all_gone, list_left
from portal.ownership.routes.blueprint import blueprint
from portal.ownership.routes.presenting import (
    answers_for,
    entity_page,
    is_admin,
    make_team_link,
)
from portal.ownership.service import handing
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

SHOWN = 500


@blueprint.get("/teams/owner-gone")
@requires("catalog:entity:read")
def owner_gone() -> str:
    """Show what belongs to teams that are gone, by team."""
    session = get_session()
    query = parse_arguments(GoneQuery, request.args)
    every = list_all_gone(session)
    chosen = [
        one
        for one in every
        if query.team in (None, one.ref) and query.parent in (None, one.parent, one.heir)
    ]
    rows = list_left(session, [one.ref for one in chosen], limit=SHOWN + 1)
    labels = entities.list_labels(
        session, {ref for one in chosen for ref in (one.parent, one.heir) if ref}
    )
    return render(
        "ownership/gone.html",
        groups=[
            SimpleNamespace(
                gone=one,
                name=one.ref.partition("/")[2],
                parent=make_team_link(one.parent, labels) if one.parent else None,
                heir=make_team_link(one.heir, labels) if one.heir else None,
                may_take=is_admin() or (one.heir is not None and answers_for(one.heir)),
                rows=[
                    SimpleNamespace(
                        ref=row.ref,
                        label=row.title or row.name,
                        url=entity_page("catalog.show", row.ref),
                        kind=row.kind,
                        type=row.type,
                        tier=TIER_LABELS.get(row.tier),
                    )
                    for row in rows[:SHOWN]
                    if row.owner == one.ref
                ],
            )
            for one in chosen
        ],
        query=query,
        total=sum(one.owned for one in chosen),
        is_cut=len(rows) > SHOWN,
        owners=sorted({one.ref for one in every}),
        parents=sorted({one.parent for one in every if one.parent}),
        teams=sorted(ref.removeprefix("group:") for ref in get_teams(session).refs)
        if is_admin()
        else (),
        is_admin=is_admin(),
    )


@blueprint.post("/teams/owner-gone/take-over")
@requires("catalog:entity:write", by_object=True)
def take_over() -> Response:
    """Take over what owners that are gone left."""
    form = parse_arguments(AdoptForm, request.form)
    now = utc_now()
    for ref in dict.fromkeys(form.ref):
        row = handing.adopt(get_session(), get_actor(Actor), ref, team=form.team, now=now)
    words = "entry belongs" if len(form.ref) == 1 else "entries belong"
    flash(f"{len(form.ref):,} {words} to {row.receiver} now.")
    return redirect(url_for("ownership.owner_gone"), 303)
