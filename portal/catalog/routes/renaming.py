"""Calling an entity otherwise that was made in the portal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import flash, make_response, redirect, request, url_for

from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.records import PORTAL
from portal.catalog.forms import make_ref
from portal.catalog.forms.history import RenameForm
from portal.catalog.queries import entities
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.telling import split_ref
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.renames import rename_made
from portal.errors import Conflict, InvalidInput
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from flask import Response as Made
    from werkzeug.wrappers import Response

REFUSED = 422


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/rename")
@requires("catalog:entity:write", by_object=True)
def rename(kind: str, namespace: str, name: str) -> str:
    """Ask what an entity is to be called."""
    ref = make_ref(kind, namespace, name)
    return _ask(get_session(), get_actor(Actor), ref, name=None, problem="")


@blueprint.post(
    "/catalog/<string:kind>/<string:namespace>/<string:name>/rename", endpoint="rename_save"
)
@requires("catalog:entity:write", by_object=True)
def save(kind: str, namespace: str, name: str) -> Response | Made:
    """Call an entity otherwise."""
    session, actor = get_session(), get_actor(Actor)
    form = parse_arguments(RenameForm, request.form)
    ref, wanted = make_ref(kind, namespace, name), form.name.strip()
    try:
        new = rename_made(session, actor, ref, wanted, version=form.version, now=utc_now())
    except InvalidInput as error:
        words = " ".join(f"{p.message} {p.fix}".strip() for p in error.problems)
        page = _ask(session, actor, ref, name=wanted, problem=words or error.detail)
        return make_response(page, REFUSED)
    flash("It is renamed; old links lead here.")
    return redirect(presenting.entity_url(**split_ref(new)), 303)


def _ask(session: Session, actor: Actor, ref: str, *, name: str | None, problem: str) -> str:
    entity = entities.get_entity(session, ref)
    authorise(actor, WRITE, Subject(entity.ref, entity.owner, entity.system))
    if entity.source != PORTAL:
        raise Conflict(
            f"{ref} comes from {entity.source}: {entity.file}.",
            fix="Change the name there; the portal recognises it when the file is read.",
        )
    parts = split_ref(ref)
    return render(
        "catalog/rename.html",
        entity=SimpleNamespace(
            label=entity.title or entity.name,
            name=entity.name,
            version=entity.revision,
            url=presenting.entity_url(**parts),
            save_url=url_for("catalog.rename_save", **parts),
        ),
        name=entity.name if name is None else name,
        problem=problem,
    )
