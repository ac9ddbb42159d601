"""Taking away: what was set over a file, and what was made in the portal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.core.records import HELD_BY_HAND, PORTAL
from portal.catalog.forms import make_ref
from portal.catalog.forms.editing import RemoveForm, TakeAwayForm
from portal.catalog.queries.details import read_around
from portal.catalog.queries.entities import list_labels
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.service.edit_rights import get_for_edit
from portal.catalog.service.editing import delete_entity, remove_overlays
from portal.errors import Conflict
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor, get_extension

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

MOST_NAMED = 10


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/take-away")
@requires("catalog:entity:write", by_object=True)
def take_away(kind: str, namespace: str, name: str) -> Response:
    """Let fields say again what their file says."""
    form = parse_arguments(TakeAwayForm, request.form)
    remove_overlays(
        get_session(),
        get_actor(Actor),
        make_ref(kind, namespace, name),
        pointers=form.pointer,
        version=form.version,
        now=utc_now(),
    )
    flash("Taken away; the file speaks again.")
    return redirect(presenting.entity_url(kind, namespace, name, tab="fields"), 303)


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/remove")
@requires("catalog:entity:write", by_object=True)
def show_removal(kind: str, namespace: str, name: str) -> str:
    """Say what goes with an entity that was has no file, and ask once more."""
    session = get_session()
    entity = get_for_edit(session, get_actor(Actor), make_ref(kind, namespace, name))
    if entity.source != PORTAL and entity.read_as != HELD_BY_HAND:
        raise Conflict(
            f"{entity.ref} comes from {entity.source}: {entity.file}.",
            fix="Delete the file, or retire the service.",
        )
    around = read_around(session, entity.ref)
    pointing = sorted({row.source for row in around if row.target == entity.ref})
    labels = list_labels(session, pointing[:MOST_NAMED])
    return render(
        "catalog/remove.html",
        entity=entity,
        pointing=[presenting.make_link(ref, labels) for ref in pointing[:MOST_NAMED]],
        total=len(pointing),
        hours=int(get_extension("undo_time", timedelta).total_seconds() // 3600),
        back=presenting.entity_url(kind, namespace, name),
    )


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/remove")
@requires("catalog:entity:write", by_object=True)
def remove(kind: str, namespace: str, name: str) -> Response:
    """Remove an entity that no file defines."""
    form = parse_arguments(RemoveForm, request.form)
    ref = make_ref(kind, namespace, name)
    delete_entity(get_session(), get_actor(Actor), ref, version=form.version, now=utc_now())
    flash(f"{ref} is removed.")
    return redirect(url_for("catalog.index"), 303)
