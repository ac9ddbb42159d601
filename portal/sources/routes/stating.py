"""Stating what a source is: the guided forms for a new one and for a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.errors import Conflict, InvalidInput, NotFound, Problem
from portal.infra.clock import utc_now
from portal.sources.core.declarations import COMMAND, KINDS, Declaration
from portal.sources.core.policies import EVERY_KIND
from portal.sources.forms import ChangedSourceBody, NewSourceBody, NewSourceQuery, spread_lists
from portal.sources.queries.pages import list_kept_secrets
from portal.sources.queries.sources import get_source
from portal.sources.routes.blueprint import blueprint, get_setup
from portal.sources.routes.filling import CHOICES, fill_declared, fill_new, fill_typed
from portal.sources.routes.presenting import say_kind
from portal.sources.service.declaring import change_source, declare_source
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor, get_box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from portal.sources.models import Source


@blueprint.get("/sources/new")
@requires("sources:source:write")
def new() -> str:
    """Choose a kind of source, then state one of it."""
    kind = parse_arguments(NewSourceQuery, request.args).kind
    if kind is None:
        return render("sources/new.html", kinds=[(each, *CHOICES[each]) for each in KINDS])
    return _show_form(kind, fill_new(kind))


@blueprint.post("/sources/new")
@requires("sources:source:write")
def add() -> Response | tuple[str, int]:
    """Declare a source; it is read as soon as a worker is free."""
    typed = spread_lists(request.form)
    try:
        body = parse_arguments(NewSourceBody, typed)
        source = declare_source(
            get_session(),
            get_actor(Actor),
            body.name,
            declaration=body.make_declaration(get_setup().folders),
            box=get_box(),
            secrets=body.list_secrets(),
            now=utc_now(),
        )
    except InvalidInput as error:
        kind = _read_kind(typed.get("kind"), error)
        return _show_form(kind, fill_typed(kind, typed), problems=error.problems), 422
    flash("The source is declared and read as soon as a worker is free.")
    return redirect(url_for("sources.show", source_id=source.id), 303)


@blueprint.get("/sources/<int:source_id>/edit")
@requires("sources:source:write")
def edit(source_id: int) -> str:
    """Show what is declared of a source, to change it."""
    source = _get_stated(source_id)
    filled = fill_declared(source.name, Declaration.read(source.declaration))
    return _show_form(source.kind, filled, source=source)


@blueprint.post("/sources/<int:source_id>/edit")
@requires("sources:source:write")
def change(source_id: int) -> Response | tuple[str, int]:
    """Change a source; all of it is read again."""
    session, source = get_session(), _get_stated(source_id)
    typed = spread_lists(request.form)
    try:
        body = parse_arguments(ChangedSourceBody, typed)
        change_source(
            session,
            get_actor(Actor),
            source,
            declaration=body.make_declaration(get_setup().folders),
            box=get_box(),
            secrets=body.list_secrets(),
            was=body.revision,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _refuse(source, typed, error.problems), 422
    except Conflict as error:
        fix = "What you typed is still here: change it once more, and it takes the place of theirs."
        problem = Problem("revision", "conflict", error.detail, fix)
        return _refuse(source, typed, (problem,), is_outdated=True), 409
    flash("The source is changed and read again.")
    return redirect(url_for("sources.show", source_id=source_id), 303)


def _refuse(
    source: Source, typed: Any, problems: Sequence[Problem], *, is_outdated: bool = False
) -> str:
    filled = fill_typed(source.kind, typed)
    revision = source.revision if is_outdated else typed.get("revision", source.revision)
    return _show_form(source.kind, filled, source=source, problems=problems, revision=str(revision))


def _get_stated(source_id: int) -> Source:
    """Return a source that somebody stated; raises NotFound for any other."""
    source = get_source(get_session(), source_id)
    if source.kind == COMMAND or source.parent_id is not None:
        raise NotFound(
            f"{source.name} has nothing to change here.",
            fix="A repository follows its organisation; what is read by command has no settings.",
        )
    return source


def _read_kind(given: str | None, error: InvalidInput) -> str:
    """Return the kind of a form; one that names none is nobody's form."""
    if given not in KINDS:
        raise error
    return given


def _show_form(
    kind: str,
    filled: dict[str, Any],
    *,
    source: Source | None = None,
    problems: Sequence[Problem] = (),
    revision: str = "",
) -> str:
    return render(
        "sources/form.html",
        kind=kind,
        title=say_kind(kind),
        explanation=CHOICES[kind][1],
        filled=filled,
        source=source,
        revision=revision or (source.revision if source else ""),
        kept=list_kept_secrets(get_session(), source.id) if source else {},
        problems=problems,
        errors={
            each.field.partition(".")[0]: f"{each.message} {each.fix}".strip() for each in problems
        },
        folders=get_setup().folders,
        every_kind=EVERY_KIND,
    )
