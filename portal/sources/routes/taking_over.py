"""Letting a file take over what was made in the portal: asked once more, then done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.forms import make_ref
from portal.catalog.service.edit_rights import get_for_edit
from portal.errors import NotFound
from portal.infra.clock import utc_now
from portal.sources.forms import TakeOverForm
from portal.sources.queries.claims import find_claim
from portal.sources.routes.blueprint import blueprint
from portal.sources.service.taking_over import let_file_take_over
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

PATH = "/catalog/<string:kind>/<string:namespace>/<string:name>/take-over"


@blueprint.get(PATH)
@requires("catalog:entity:write", by_object=True)
def show_take_over(kind: str, namespace: str, name: str) -> str:
    """Say what happens when the file takes over."""
    session = get_session()
    entity = get_for_edit(session, get_actor(Actor), make_ref(kind, namespace, name))
    claim = find_claim(session, entity.ref)
    if claim is None:
        raise NotFound(f"No file defines {entity.ref} too.", fix="Go back to its page.")
    return render(
        "sources/take_over.html",
        entity=entity,
        claim=claim,
        back=url_for("catalog.show", kind=kind, namespace=namespace, name=name),
    )


@blueprint.post(PATH)
@requires("catalog:entity:write", by_object=True)
def take_over(kind: str, namespace: str, name: str) -> Response:
    """Remove what was made in the portal, so that the file is read in its place."""
    form = parse_arguments(TakeOverForm, request.form)
    ref = make_ref(kind, namespace, name)
    source = let_file_take_over(
        get_session(),
        get_actor(Actor),
        ref,
        keeps=form.keep == "yes",
        version=form.version,
        now=utc_now(),
    )
    flash(f"{ref} comes back from {source} as soon as a worker has read it.")
    return redirect(url_for("catalog.index"), 303)
