"""The last step of every sign-in: a session, its cookie, the page somebody wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, redirect, session, url_for

from portal.auth.core.redirects import choose_next
from portal.auth.routes.blueprint import get_setup
from portal.auth.service.sessions import Origin, Way, begin_session, end_by_key
from portal.infra.clock import utc_now
from portal.web.cookies import keep_signed_in_key, read_signed_in_key

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.auth.models import Account
    from portal.web.unit import Session


def enter(unit: Session, account: Account, way: Way, wanted: str | None) -> Response:
    """Begin a session in `unit` and lead to where somebody wanted to go.

    The key is new each time, and whatever the browser held before is over.
    """
    now = utc_now()
    old = read_signed_in_key()
    if old:
        end_by_key(unit, g.actor, old, now=now)
    origin = Origin(g.origin.address, g.origin.agent)
    key = begin_session(unit, account, way, origin=origin, now=now)
    session.clear()  # the form token of the time before is over too
    response = redirect(choose_next(wanted, url_for("home.index")), 303)
    keep_signed_in_key(response, key, lasting=get_setup().lifetimes.whole)  # type: ignore[arg-type]  # Flask's own response
    return response
