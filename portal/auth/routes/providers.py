"""Signing in and out through identity providers."""

from __future__ import annotations

import hmac
from functools import partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from flask import flash, g, json, make_response, redirect, request, session, url_for

from portal.audit.service import record_act
from portal.auth.core import Actor
from portal.auth.core.redirects import choose_next
from portal.auth.core.signing_in import SignInRefused, read_answer
from portal.auth.flows import Wish
from portal.auth.flows import begin as begin_flow
from portal.auth.flows import finish as finish_flow
from portal.auth.forms import EmptyForm, LogoutTokenForm, SignInQuery
from portal.auth.providers import make_providers
from portal.auth.queries.accounts import find_identity, get_account
from portal.auth.routes.blueprint import KnownProviders, blueprint, get_providers, get_setup
from portal.auth.routes.entering import enter
from portal.auth.routes.leaving import LEAVING, show_way_out
from portal.auth.service.identities import link_identity, sign_in_identity
from portal.auth.service.logouts import end_by_logout_token
from portal.auth.service.sessions import Way
from portal.errors import Conflict, Forbidden, InvalidInput, NotFound
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.web.forms import parse_arguments
from portal.web.markers import public, requires, unforgeable
from portal.web.templating import render
from portal.web.unit import Session, short_unit, survive
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

    from portal.auth.core.people import Claims
    from portal.auth.core.signing_in import Pending, Provider
    from portal.settings import Settings

BROWSER = "browser"
log = get_logger("sign_in")


def install_providers(app: Flask, settings: Settings, make_session: Any) -> None:
    """Give `app` its identity providers; `make_session` is the way to call them."""
    app.extensions["identity_providers"] = KnownProviders(make_providers(settings, make_session))


def _get(name: str) -> Provider:
    found = get_providers().get(name)
    if found is None:
        raise NotFound(
            f"No identity provider is called {name[:40]}.",
            fix="PORTAL_OIDC_<NAME>_… sets one up; see the sign-in page for those there are.",
        )
    return found


@blueprint.get("/auth/<string:provider>/begin")
@public
def begin(provider: str) -> Response:
    """Go to a provider to sign in, or to prove once more who one is."""
    found, query = _get(provider), parse_arguments(SignInQuery, request.args)
    wish = Wish(
        _name_browser(),
        choose_next(query.next, ""),
        again=query.again,
        account_id=g.actor.account_id if query.again else None,
    )
    try:
        address = begin_flow(short_unit, provider, found, wish, now=utc_now())
    except SignInRefused as refused:
        return _refuse(provider, refused)
    return _forbid_keeping(redirect(address, 303))


@blueprint.post("/auth/<string:provider>/link")
@requires("account:identity:write", recent=True)
def link(provider: str) -> Response:
    """Go to a provider for a further identity of the account that is signed in.

    By a form of ours alone: a link elsewhere could slip somebody else's identity in.
    """
    found, actor = _get(provider), get_actor(Actor)
    parse_arguments(EmptyForm, request.form)
    wanted = url_for("auth.account")
    wish = Wish(_name_browser(), wanted, is_link=True, account_id=actor.account_id)
    try:
        address = begin_flow(short_unit, provider, found, wish, now=utc_now())
    except SignInRefused as refused:
        return _refuse(provider, refused)
    return show_way_out(address)


@blueprint.get("/auth/<string:provider>/callback")
@public
def callback(provider: str) -> Response:
    """Take what the provider sent back, and sign in.

    The one GET that writes: in units of its own, and only after its state was found.
    """
    found = _get(provider)
    try:
        answer = read_answer(dict(request.args.lists()))
        browser = session.get(BROWSER, "")
        pending, claims = finish_flow(
            short_unit, provider, found, answer, browser=browser, now=utc_now()
        )
        return _forbid_keeping(_admit(provider, found, pending, claims))
    except SignInRefused as refused:
        return _refuse(provider, refused)
    except (Conflict, Forbidden) as error:
        return _refuse(provider, SignInRefused("account", error.detail, fix=error.fix))


def _admit(name: str, provider: Provider, pending: Pending, claims: Claims) -> Response:
    """Sign in, link or renew, in a unit of its own."""
    if pending.is_link:
        return _link(provider, pending, claims)
    way = Way(name, claims.issuer, claims.subject, claims.idp_sid, claims.proven_at)
    with short_unit() as unit:
        if pending.account_id is not None:
            held = find_identity(unit, claims.issuer, claims.subject)
            if held is None or held.account_id != pending.account_id:
                raise SignInRefused(
                    "sub",
                    "You proved to be somebody else than who is signed in here.",
                    fix="Sign out first to change accounts.",
                )
        account = sign_in_identity(unit, provider.rules, claims, now=utc_now())
        return enter(unit, account, way, pending.wanted)


def _link(provider: Provider, pending: Pending, claims: Claims) -> Response:
    actor = get_actor(Actor)
    if actor.account_id is None or actor.account_id != pending.account_id:
        raise SignInRefused(
            "account",
            "Whoever began to link this identity is not signed in any more.",
            fix="Sign in and link it again under your account.",
        )
    with short_unit() as unit:
        account = get_account(unit, actor.account_id)
        link_identity(unit, actor, account, provider.rules, claims, now=utc_now())
    flash("The identity is linked.")
    return redirect(choose_next(pending.wanted, url_for("auth.account")), 303)


@blueprint.get("/auth/<string:provider>/signed-out")
@public
def signed_out(provider: str) -> Response:
    """Come back from the end of a session at its provider."""
    _get(provider)
    kept, given = session.pop(LEAVING, ""), request.args.get("state", "")
    if not kept or not hmac.compare_digest(kept.encode(), given.encode()):
        refused = SignInRefused(
            "state",
            "This answer does not belong to a sign-out of this browser.",
            fix="Your session at the portal may still be there: see the menu of your account.",
        )
        return _refuse(provider, refused)
    flash("You are signed out, here and at your identity provider.")
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.post("/auth/<string:provider>/backchannel-logout")
@public
@unforgeable
def backchannel_logout(provider: str) -> Response:
    """End what the provider says is over; it proves itself by its signature."""
    found = _get(provider)
    try:
        form = parse_arguments(LogoutTokenForm, request.form)
        token = found.read_logout_token(form.logout_token, now=int(utc_now().timestamp()))
        with short_unit() as unit:
            end_by_logout_token(unit, token, now=utc_now())
    except InvalidInput:
        return _answer_logout(provider, SignInRefused("logout_token", "It is missing or too long."))
    except SignInRefused as refused:
        return _answer_logout(provider, refused)
    return _forbid_keeping(make_response("", 200))


def _answer_logout(provider: str, refused: SignInRefused) -> Response:
    _note(provider, refused, "auth.refused_logout")
    body = {"error": "invalid_request", "error_description": f"{refused.claim}: {refused.detail}"}
    response = make_response(json.dumps(body), 400)
    response.mimetype = "application/json"
    return _forbid_keeping(response)


def _name_browser() -> str:
    """Return what this browser keeps, in its signed cookie, for the answer to be its own."""
    if BROWSER not in session:
        session[BROWSER] = token_urlsafe(32)
    return str(session[BROWSER])


def _refuse(provider: str, refused: SignInRefused) -> Response:
    """Show what was refused and what mends it; the audit trail keeps the claim."""
    _note(provider, refused, "auth.refused_sign_in")
    page = render(
        "auth/refused.html",
        refused=refused,
        provider=dict(get_setup().providers)[provider],
        request_id=g.get("request_id", ""),
        is_signed_in=g.signed_in is not None,
    )
    return _forbid_keeping(make_response(page, 502 if refused.is_outage else 400))


def _note(provider: str, refused: SignInRefused, action: str) -> None:
    log.warning(
        action, provider=provider, claim=refused.claim, rule=refused.detail, inside=refused.inside
    )
    survive(partial(_record, action=action, provider=provider, claim=refused.claim))


def _record(unit: Session, *, action: str, provider: str, claim: str) -> None:
    actor = get_actor(Actor)
    name = actor.name if actor.is_person else "anonymous"
    after = {"claim": claim}
    record_act(unit, name, f"provider:{provider}", action=action, after=after, now=utc_now())


def _forbid_keeping(response: Any) -> Response:
    """Let nobody keep an answer that a code or a state led to."""
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[no-any-return]  # Flask's and Werkzeug's types differ
