"""Leaving the portal for a provider's pages, and the end of a session there."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import TYPE_CHECKING

from flask import make_response, redirect, session, url_for

from portal.auth.core.signing_in import SignInRefused
from portal.auth.routes.blueprint import get_providers
from portal.infra.logs import get_logger
from portal.web.templating import render

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.auth.models import SignInSession

LEAVING = "leaving"
log = get_logger("sign_in")


def leave(ended: SignInSession) -> Response:
    """Lead to the end of the session at its provider; where that cannot be, to the sign-in page.

    The state stays in the signed cookie: what comes back is the browser that left.
    """
    provider = get_providers().get(ended.way)
    if provider is None or provider.issuer != ended.issuer:
        return redirect(url_for("auth.sign_in"), 303)
    state = token_urlsafe(32)
    try:
        address = provider.find_leaving_address(state)
    except SignInRefused as refused:
        log.warning("no_sign_out_at_provider", provider=ended.way, claim=refused.claim)
        address = None
    if address is None:
        return redirect(url_for("auth.sign_in"), 303)
    session[LEAVING] = state
    return show_way_out(address)


def show_way_out(address: str) -> Response:
    """Answer a form with a page that goes on to another site.

    A redirect would not do: the policy lets forms lead to the portal alone, and browsers apply
    that to redirects of the answer too.
    """
    response = make_response(render("auth/leaving.html", address=address))
    response.headers["Refresh"] = f"0; url={address}"
    response.headers["Cache-Control"] = "no-store"
    return response
