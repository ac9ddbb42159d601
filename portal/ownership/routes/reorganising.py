"""Reorganising teams: what is asked for, what it would do, how far it is, undoing it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.ownership.core.plans import Plan, Wish
from portal.ownership.forms import EmptyForm, ReorganiseQuery, WishForm
from portal.ownership.queries import get_teams
from portal.ownership.queries.reorganising import (
    count_steps,
    find_team,
    get_reorganisation,
    list_reorganisations,
    list_steps,
    list_vouchers,
)
from portal.ownership.routes.blueprint import blueprint
from portal.ownership.routes.presenting import answers_for, entity_page, is_admin, name_people
from portal.ownership.service import reorganising
from portal.ownership.service.previewing import preview as look_ahead
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_reader, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from portal.ownership.models import Reorganisation
    from portal.ownership.service.reorganising import Drawn

KINDS = (
    ("rename", "Rename", "A team gets another name; what it owns follows."),
    ("merge", "Merge", "Several teams become one that is there."),
    ("split", "Split", "Some of a team's entries and people go to another."),
    ("close", "Close", "A team ends; another takes what it owns."),
)
DONE_WORDS = {"rename": "Rename", "merge": "Merge", "split": "Split", "close": "Close"}
SHOWN_STEPS = 500


@blueprint.get("/admin/reorganise")
@requires("catalog:entity:write", by_object=True)
def reorganise() -> str:
    """Show the forms of reorganising, and the reorganisations there were."""
    return _show_form(parse_arguments(ReorganiseQuery, request.args))


def _show_form(query: ReorganiseQuery, problems: Sequence[Problem] = ()) -> str:
    session = get_session()
    admin = is_admin()
    chosen = find_team(session, query.team) if query.team and query.kind == "split" else None
    known = [ref for ref in sorted(get_teams(session).refs) if admin or answers_for(ref)]
    rows = list_reorganisations(session)
    names = name_people(session, {person for row in rows for person in (row.by, row.undone_by)})
    return render(
        "ownership/reorganise.html",
        kinds=KINDS,
        query=query,
        team=query.team.removeprefix("group:") if query.team else "",
        chosen=chosen,
        teams=[ref.removeprefix("group:") for ref in known],
        is_admin=admin,
        typed=request.form,
        ticked={*request.form.getlist("entities"), *request.form.getlist("people")},
        problems=problems,
        errors={problem.field.partition(".")[0]: problem for problem in problems},
        past=[_present_past(row, names) for row in rows],
    )


def _present_past(row: Reorganisation, names: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(
        row=row,
        title=_say(Wish.read(row.wish)),
        by=names.get(row.by, row.by),
        undone_by=names.get(row.undone_by or "", row.undone_by),
        url=url_for("ownership.reorganisation", number=row.id),
    )


def _say(wish: Wish) -> str:
    """Return a wish in words."""
    names = ", ".join(ref.partition("/")[2] for ref in wish.teams)
    to = {"rename": "to", "merge": "into", "split": "towards", "close": "in favour of"}[wish.kind]
    return f"{DONE_WORDS[wish.kind]} {names} {to} {wish.target.partition('/')[2]}"


@blueprint.post("/admin/reorganise/preview")
@requires("catalog:entity:write", by_object=True)
def preview() -> str | tuple[str, int]:
    """Show what a wish would do; nothing changes."""
    get_reader()
    try:
        wish = parse_arguments(WishForm, request.form).make_wish()
        return _show_preview(wish)
    except InvalidInput as error:
        return _show_form(_read_query(), error.problems), 422


def _read_query() -> ReorganiseQuery:
    """Return which form was filled in, as far as it says."""
    kind = request.form.get("kind", "")
    team = request.form.get("teams", "").partition(",")[0]
    try:
        return ReorganiseQuery.model_validate({"kind": kind, "team": team})
    except ValueError:
        return ReorganiseQuery()


def _show_preview(wish: Wish, problem: Conflict | None = None) -> str:
    session = get_session()
    drawn = reorganising.draw(session, get_actor(Actor), wish)
    ahead = look_ahead(session, wish, drawn, now=utc_now())
    return render(
        "ownership/preview.html",
        wish=wish,
        title=_say(wish),
        plan=drawn.plan,
        problem=problem,
        moves=_list_moves(drawn),
        others=_list_others(drawn.plan),
        files=_list_files(drawn),
        warnings=[*drawn.plan.warnings, *list_vouchers(session, {*wish.teams, wish.target})],
        ahead=ahead,
        is_job=len(drawn.plan.steps) > reorganising.AT_ONCE,
    )


def _list_moves(drawn: Drawn) -> list[SimpleNamespace]:
    """Return what changes hands, from whom, and where that is kept."""
    moves = drawn.plan.moves
    return [
        SimpleNamespace(
            ref=thing.ref,
            label=thing.ref.partition("/")[2],
            url=entity_page("catalog.show", thing.ref),
            giver=team.thing.ref.partition("/")[2],
            file=thing.file,
        )
        for team in drawn.teams.values()
        for thing in team.owned
        if thing.ref in moves
    ]


def _list_others(plan: Plan) -> list[str]:
    """Return the other steps in words."""
    words = {
        "make": "The team `{ref}` is made in the portal.",
        "remove": "The team `{ref}`, made in the portal, is removed.",
        "call": "`{ref}` becomes a former name of `{value}`.",
        "/spec/parent": "`{ref}` stands below `{value}`.",
        "/spec/children": "`{ref}` lists no teams below it any more.",
        "/spec/members": "`{ref}` names as its members {value}.",
        "/spec/memberOf": "`{ref}` is a member of {value}.",
    }
    found = []
    for step in plan.steps:
        key = step.pointer if step.act == "set" else step.act
        if key in words:
            value: Any = step.value or "no team"
            shown = ", ".join(f"`{one}`" for one in value) if isinstance(value, list) else value
            found.append(words[key].format(ref=step.ref, value=shown))
    return found


def _list_files(drawn: Drawn) -> list[tuple[str, int]]:
    """Return the files that say something else afterwards, with how much of it."""
    found: dict[str, int] = {}
    moves = drawn.plan.moves
    for team in drawn.teams.values():
        for thing in team.owned:
            if thing.ref in moves and thing.file:
                place = thing.file.rpartition(":")[0]
                found[place] = found.get(place, 0) + 1
    return sorted(found.items())


@blueprint.post("/admin/reorganise")
@requires("catalog:entity:write", by_object=True)
def carry_out() -> Response | str | tuple[str, int]:
    """Carry out what was previewed; by now something else would happen: show that first."""
    try:
        form = parse_arguments(WishForm, request.form)
        wish = form.make_wish()
        try:
            row = reorganising.reorganise(
                get_session(), get_actor(Actor), wish, seal=form.seal, now=utc_now()
            )
        except Conflict as error:
            return _show_preview(wish, error), 409
    except InvalidInput as error:
        return _show_form(_read_query(), error.problems), 422
    flash(f"{_say(wish)}: {'done' if row.state == 'applied' else 'a worker is at it'}.")
    return redirect(url_for("ownership.reorganisation", number=row.id), 303)


@blueprint.get("/admin/reorganise/<int:number>")
@requires("catalog:entity:write", by_object=True)
def reorganisation(number: int) -> str:
    """Show how far a reorganisation is, and what its undoing left."""
    session = get_session()
    row = get_reorganisation(session, number)
    names = name_people(session, {row.by, row.undone_by})
    counts = count_steps(session, number)
    wish = Wish.read(row.wish)
    steps = list_steps(session, number, limit=SHOWN_STEPS + 1)
    return render(
        "ownership/reorganisation.html",
        "live",
        past=_present_past(row, names),
        counts=counts,
        total=sum(counts.values()),
        is_moving=row.state in (reorganising.APPLYING, reorganising.UNDOING),
        may_undo=row.state in (reorganising.APPLIED, reorganising.FAILED)
        and all(answers_for(team) for team in (*wish.teams, wish.target)),
        steps=steps[:SHOWN_STEPS],
        links={step.ref: entity_page("catalog.show", step.ref, tab="fields") for step in steps},
        is_cut=len(steps) > SHOWN_STEPS,
        left=list_steps(session, number, states=["left"], limit=SHOWN_STEPS),
        here=url_for("ownership.reorganisation", number=number),
    )


@blueprint.post("/admin/reorganise/<int:number>/undo")
@requires("catalog:entity:write", by_object=True)
def undo(number: int) -> Response:
    """Put back what a reorganisation changed."""
    parse_arguments(EmptyForm, request.form)
    row = reorganising.undo(get_session(), get_actor(Actor), number, now=utc_now())
    left = count_steps(get_session(), number).get("left", 0)
    words = f"all but {left} steps, which changed since" if left else "everything"
    flash("A worker is at it." if row.state == "undoing" else f"Put back: {words}.")
    return redirect(url_for("ownership.reorganisation", number=number), 303)
