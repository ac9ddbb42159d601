"""Stars: what somebody keeps at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request

from portal.auth.core import Actor
from portal.auth.core.redirects import choose_next
from portal.catalog.forms import StarForm, make_ref
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.service.stars import set_star
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.htmx import current_request
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/star")
@requires("account:star:write")
def star(kind: str, namespace: str, name: str) -> Response | str:
    """Star an entity, or take the star away."""
    form = parse_arguments(StarForm, request.form)
    wanted = form.wanted == "yes"
    set_star(
        get_session(),
        get_actor(Actor),
        make_ref(kind, namespace, name),
        wanted=wanted,
        now=utc_now(),
    )
    page = presenting.entity_url(kind, namespace, name)
    if current_request().wants_fragment:
        return render("catalog/_star.html", url=request.path, starred=wanted, back=page)
    return redirect(choose_next(form.back, page), 303)
