"""The buttons of a source's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.infra.clock import utc_now
from portal.sources.forms import SourceForm
from portal.sources.queries.sources import count_totals_of, get_source
from portal.sources.routes.blueprint import blueprint
from portal.sources.routes.presenting import say_kind, say_place
from portal.sources.service.declaring import confirm_removals, pause_source, remove_source
from portal.sources.service.requests import refresh_source
from portal.sources.service.trust import set_trust
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.sources.models import Source


def _begin(source_id: int) -> Source:
    parse_arguments(SourceForm, request.form)
    return get_source(get_session(), source_id)


def _back(source_id: int, words: str) -> Response:
    flash(words)
    return redirect(url_for("sources.show", source_id=source_id), 303)


@blueprint.post("/sources/<int:source_id>/refresh")
@requires("sources:run:write")
def refresh(source_id: int) -> Response:
    """Have a source read now."""
    _begin(source_id)
    refresh_source(get_session(), get_actor(Actor), source_id, now=utc_now())
    return _back(source_id, "It is read as soon as a worker is free.")


@blueprint.post("/sources/<int:source_id>/pause")
@requires("sources:source:write")
def pause(source_id: int) -> Response:
    """Stop reading a source."""
    source = _begin(source_id)
    pause_source(get_session(), get_actor(Actor), source, paused=True, now=utc_now())
    return _back(source_id, "It is paused; what it brought stays as it is.")


@blueprint.post("/sources/<int:source_id>/resume")
@requires("sources:source:write")
def resume(source_id: int) -> Response:
    """Go on reading a source."""
    source = _begin(source_id)
    pause_source(get_session(), get_actor(Actor), source, paused=False, now=utc_now())
    return _back(source_id, "It is read again, now and by its schedule.")


@blueprint.post("/sources/<int:source_id>/confirm-removals")
@requires("sources:source:write")
def confirm(source_id: int) -> Response:
    """Agree to the removals a source holds."""
    source = _begin(source_id)
    removals = confirm_removals(get_session(), get_actor(Actor), source, now=utc_now())
    words = "removal is" if removals == 1 else "removals are"
    return _back(source_id, f"{removals:,} {words} carried out in the run that begins now.")


@blueprint.post("/sources/<int:source_id>/trust")
@requires("sources:source:write", recent=True)
def trust(source_id: int) -> Response:
    """Believe a source about who is in which team."""
    set_trust(get_session(), get_actor(Actor), _begin(source_id), people=True, now=utc_now())
    return _back(source_id, "What it says of people and teams counts from now on.")


@blueprint.post("/sources/<int:source_id>/distrust")
@requires("sources:source:write")
def distrust(source_id: int) -> Response:
    """Believe a source about people no more."""
    set_trust(get_session(), get_actor(Actor), _begin(source_id), people=False, now=utc_now())
    return _back(source_id, "What it says of people and teams counts no more.")


@blueprint.get("/sources/<int:source_id>/remove")
@requires("sources:source:write")
def show_removal(source_id: int) -> str:
    """Say what goes with a source, and ask once more."""
    source = get_source(get_session(), source_id)
    return render(
        "sources/removal.html",
        source=source,
        kind=say_kind(source.kind),
        place=say_place(source),
        totals=count_totals_of(get_session(), source_id),
        back=url_for("sources.show", source_id=source_id),
    )


@blueprint.post("/sources/<int:source_id>/remove")
@requires("sources:source:write")
def remove(source_id: int) -> Response:
    """Remove a source and everything it brought, in the background."""
    source = _begin(source_id)
    name = source.name
    remove_source(get_session(), get_actor(Actor), source, now=utc_now())
    flash(f"{name} is being removed, with what it brought.")
    return redirect(url_for("sources.index"), 303)
