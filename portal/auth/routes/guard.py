"""Before any view: who asks, what the view needs, and whether the request was forged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Request, g, make_response, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, add_opened, authorise, decide, might
from portal.auth.queries.actors import SignedIn, find_by_session, find_by_token
from portal.auth.routes.blueprint import AuthSetup, get_setup, make_setup
from portal.auth.service.sessions import touch
from portal.errors import Forbidden, Unauthenticated
from portal.infra.clock import utc_now
from portal.web.cookies import read_signed_in_key
from portal.web.forgery import check_forgery
from portal.web.htmx import current_request
from portal.web.markers import PUBLIC, asks_recent, get_label, is_by_object, is_unforgeable
from portal.web.unit import SAFE_METHODS, get_database, reading_unit, survive

if TYPE_CHECKING:
    from flask import Flask, Response

    from portal.settings import Settings
    from portal.web.unit import Session

BEARER = "Bearer "
PROGRAM_PATHS = ("/api/", "/scim/", "/-/metrics")
TOKEN_PATHS = ("/scim/",)  # a session never counts here


class Visitor(UserMixin):  # type: ignore[misc]  # Flask-Login ships no types
    """Who is signed in, as Flask-Login and templates know them."""

    def __init__(self, found: SignedIn) -> None:
        self.found = found
        self.id = str(found.actor.account_id)
        self.label = found.actor.label
        self.role = found.actor.role


def install_guard(app: Flask, settings: Settings) -> None:
    """Ask for the permission of every view; a view without a label is closed to everyone."""
    app.extensions["auth"] = setup = make_setup(settings)
    app.extensions["asker"] = setup.asker
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(_load_visitor)
    app.before_request(_identify)
    app.after_request(_note_refusal)
    app.context_processor(lambda: {"may": _may, "might": _might})


def install_checks(app: Flask) -> None:
    """Judge whoever asks; behind the limits, so that what is refused counts as well."""
    app.before_request(lambda: _guard(app))


def is_program() -> bool:
    """Whether the address is one that programs ask with a token."""
    return request.path.startswith(PROGRAM_PATHS)


def _load_visitor(asked: Request) -> Visitor | None:
    """Return who asks; a token counts alone, so that a cookie never adds to what it may do."""
    header = asked.headers.get("Authorization", "")
    now = utc_now()
    if header and is_program():
        key = header.removeprefix(BEARER) if header.startswith(BEARER) else ""
        with reading_unit() as session:
            found = find_by_token(session, key, admission=get_setup().admission, now=now)
        if found is None:
            raise Unauthenticated(
                "The token is not valid, was revoked or is over.",
                fix="Make a new one under your account, Tokens.",
            )
        return Visitor(found)
    key = read_signed_in_key()
    if not key or request.path.startswith(TOKEN_PATHS):
        return None
    with get_database().unit(write=False) as session:
        found = find_by_session(session, key, admission=get_setup().admission, now=now)
    return Visitor(found) if found else None


def _identify() -> None:
    """Find out who asks; a token that does not count is told only when its request was counted."""
    setup = get_setup()
    g.actor, g.signed_in, g.may, g.unknown = setup.anonymous, None, _may_all, None
    if request.endpoint in (None, "static"):
        return
    try:
        if current_user.is_authenticated:
            g.signed_in = current_user.found
            g.actor = add_opened(g.signed_in.actor, setup.anonymous)
    except Unauthenticated as error:
        g.unknown = error


def _guard(app: Flask) -> Any:
    if request.endpoint in (None, "static"):
        return None  # routing already failed, 404 or 405 follows; or it is open to everyone
    if g.unknown is not None:
        raise g.unknown
    if g.signed_in is not None and g.signed_in.is_stale:
        survive(_touch(g.signed_in))
    setup: AuthSetup = app.extensions["auth"]
    view = app.view_functions[str(request.endpoint)]
    _check_forgery(view)
    return _check_label(view, setup)


def _check_forgery(view: Any) -> None:
    by_token = g.signed_in is not None and g.signed_in.token_id is not None
    if request.method in SAFE_METHODS or by_token or is_unforgeable(view):
        return
    if is_program() and g.signed_in is None:
        return  # nobody's name is borrowed
    check_forgery()


def _check_label(view: Any, setup: AuthSetup) -> Any:
    label = get_label(view)
    if label is None:
        raise Forbidden("This page states no permission, so it is closed.")
    if label == PUBLIC:
        return None
    actor: Actor = g.actor
    may_enter = might(actor, label) if is_by_object(view) else decide(actor, label).allowed
    if not actor.is_person and not may_enter:
        return _ask_to_sign_in()
    if not may_enter:
        authorise(actor, label)
    if asks_recent(view) and not _is_recent(setup):
        return _ask_to_sign_in(again=True)
    return None


def _is_recent(setup: AuthSetup) -> bool:
    found: SignedIn | None = g.signed_in
    if found is None or found.proven_at is None:
        return found is not None and found.token_id is not None
    return found.proven_at > utc_now() - setup.recent


def _ask_to_sign_in(*, again: bool = False) -> Response:
    if is_program():
        raise Unauthenticated(
            "This needs a token, or a sign-in of the last minutes." if again else "Sign in first.",
            fix="Send `Authorization: Bearer TOKEN`; tokens are made under your account.",
        )
    back = request.full_path.rstrip("?") if request.method in SAFE_METHODS else None
    url = url_for("auth.sign_in", next=back, again=1 if again else None)
    if current_request().wants_fragment:
        return make_response("", 204, {"HX-Redirect": url})
    return make_response(redirect(url, 303))


def _touch(found: SignedIn) -> Any:
    return lambda session: touch(session, found, now=utc_now())


def _note_refusal(response: Response) -> Response:
    """Keep what somebody was refused, unless nobody knows who they are."""
    actor = g.get("actor")
    if response.status_code == 403 and isinstance(actor, Actor) and actor.is_person:  # noqa: PLR2004 the number says it best here
        subject, method = request.path, request.method

        def record(session: Session) -> None:
            record_act(
                session,
                actor.name,
                subject,
                action="auth.refused",
                after={"method": method},
                now=utc_now(),
            )

        survive(record)
    return response


def _may_all(permission: str) -> bool:
    """Whether whoever asks may do `permission` without any narrowing, as floors below ask."""
    return decide(g.actor, permission, Subject()).allowed


def _may(permission: str) -> bool:
    """Whether whoever looks may do `permission`, for templates that leave out what they may not."""
    actor = g.get("actor")
    return isinstance(actor, Actor) and decide(actor, permission).allowed


def _might(permission: str) -> bool:
    """Whether whoever looks may do `permission` to something, such as what they own."""
    actor = g.get("actor")
    return isinstance(actor, Actor) and might(actor, permission)
