"""Signing in with a password or as one of the demo's accounts, and signing out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import g, redirect, request, session, url_for

from portal.audit.service import record_act
from portal.auth.core.redirects import choose_next
from portal.auth.flows import prove_password
from portal.auth.forms import DemoForm, PasswordForm, SignInQuery
from portal.auth.queries.accounts import find_account, list_demo_accounts
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.routes.entering import enter
from portal.auth.routes.leaving import leave
from portal.auth.service import throttles
from portal.auth.service.local import admit_by_password
from portal.auth.service.sessions import Way, end_by_key
from portal.errors import InvalidInput, NotFound, TooMany
from portal.infra.clock import utc_now
from portal.web.cookies import forget_signed_in_key, read_signed_in_key
from portal.web.forms import parse_arguments
from portal.web.markers import public
from portal.web.templating import render
from portal.web.unit import Session, get_database, get_session, short_unit, survive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

WRONG = "That name and password do not go together."


@blueprint.get("/sign-in")
@public
def sign_in() -> str:
    """Offer every way in."""
    query = parse_arguments(SignInQuery, request.args)
    return _show(query.next, again=query.again)


def _show(wanted: str | None, *, again: bool = False, problem: str = "", name: str = "") -> str:
    setup = get_setup()
    demo = list_demo_accounts(get_session()) if setup.has_demo_accounts else ()
    return render(
        "auth/sign_in.html",
        next=choose_next(wanted, ""),
        again=again,
        problem=problem,
        name=name,
        providers=setup.providers,
        has_password=setup.has_local_accounts,
        demo=demo,
    )


@blueprint.post("/sign-in/password")
@public
def sign_in_password() -> Response | tuple[str, int]:
    """Sign in with a password; each try counts before it is heard, failures slow the next down."""
    if not get_setup().has_local_accounts:
        raise NotFound("Passwords are switched off here.", fix="Sign in with your company.")
    form = parse_arguments(PasswordForm, request.form)
    keys = f"account:{form.name.strip().lower()}", f"address:{g.origin.address}"
    check_pause(keys)
    proven = prove_password(get_database(), form.name, form.password)
    account = None
    if proven is not None:
        account = admit_by_password(
            get_session(), form.name, form.password, proven=proven, now=utc_now()
        )
    if account is None:
        survive(partial(_note_failure, name=form.name))
        return _show(form.next, problem=WRONG, name=form.name), 422
    throttles.forget_failures(get_session(), *keys)
    return enter(get_session(), account, Way("password"), form.next)


def check_pause(keys: Sequence[str]) -> None:
    """Count a try, in a unit of its own; raises TooMany while it must wait."""
    with short_unit() as unit:
        pause = throttles.begin_try(unit, keys, now=utc_now())
    if pause:
        raise TooMany(
            f"Too many tries; the next one is heard in {pause} s.",
            seconds=pause,
            fix="Wait, then try again.",
        )


def _note_failure(unit: Session, *, name: str) -> None:
    account = find_account(unit, name)
    record_act(
        unit,
        "anonymous",
        account.person if account else "account:unknown",
        action="auth.failed_sign_in",
        after={"way": "password"},
        now=utc_now(),
    )


@blueprint.post("/sign-in/demo")
@public
def sign_in_demo() -> Response:
    """Sign in as one of the demo's accounts, which exist on loopback only."""
    setup = get_setup()
    form = parse_arguments(DemoForm, request.form)
    unit = get_session()
    known = list_demo_accounts(unit) if setup.has_demo_accounts else ()
    account = next((account for account in known if account.name == form.account), None)
    if account is None:
        raise InvalidInput("There is no such demo account.", fix="Choose one that is offered.")
    return enter(unit, account, Way("demo"), form.next)


@blueprint.post("/sign-out")
@public
def sign_out() -> Response:
    """End this browser's session, and lead on to its end at the provider it came from."""
    key = read_signed_in_key()
    ended = None
    if key:
        with short_unit() as unit:  # over before a provider is asked where to go
            ended = end_by_key(unit, g.actor, key, now=utc_now())
    session.clear()
    response = leave(ended) if ended is not None else redirect(url_for("auth.sign_in"), 303)
    forget_signed_in_key(response)  # type: ignore[arg-type]  # Flask's own response
    return response
