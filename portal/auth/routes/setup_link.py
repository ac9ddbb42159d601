"""The one-time link that sets a local account's password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from portal.auth.forms import NewPasswordForm
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.routes.entering import enter
from portal.auth.service.local import get_by_setup_key, set_password
from portal.auth.service.sessions import Way, end_after_reset
from portal.errors import InvalidInput, NotFound, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import public
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@blueprint.get("/welcome/<string:key>")
@public
def welcome(key: str) -> str:
    """Ask whoever holds the link for a password."""
    _check_switched_on()
    account = get_by_setup_key(get_session(), key, now=utc_now())
    return render("auth/welcome.html", account=account, key=key, problems=())


@blueprint.post("/welcome/<string:key>", endpoint="set_password")
@public
def set_first_password(key: str) -> Response | tuple[str, int]:
    """Set the password, use the link up and sign in."""
    _check_switched_on()
    form = parse_arguments(NewPasswordForm, request.form)
    unit = get_session()
    account = get_by_setup_key(unit, key, now=utc_now(), to_use=True)
    try:
        check_twice(form)
        set_password(unit, account, form.password, now=utc_now())
        # A link is what gets an account back that somebody else may still be in.
        end_after_reset(unit, account, now=utc_now())
    except InvalidInput as error:
        page = render("auth/welcome.html", account=account, key=key, problems=error.problems)
        return page, 422
    return enter(unit, account, Way("password"), None)


def check_twice(form: NewPasswordForm) -> None:
    """Raise InvalidInput when the two passwords differ."""
    if form.password != form.again:
        problem = Problem("again", "same", "The two passwords differ.", "Type the same one twice.")
        raise InvalidInput("The two passwords differ.", (problem,))


def _check_switched_on() -> None:
    if not get_setup().has_local_accounts:
        raise NotFound("Passwords are switched off here.", fix="Sign in with your company.")
