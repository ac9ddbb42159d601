"""One's own account: who one is, where one is signed in, tokens, password."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import flash, g, redirect, request, url_for

from portal.audit.service import record_act
from portal.auth.core import Actor
from portal.auth.core.roles import DESCRIPTIONS
from portal.auth.forms import EmptyForm, NewPasswordForm, TokenForm
from portal.auth.queries import accounts
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.routes.setup_link import check_twice
from portal.auth.routes.sign_in import check_pause
from portal.auth.service import identities, local, sessions, throttles, tokens
from portal.errors import InvalidInput, NotFound, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session, survive
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.auth.models import Account


def _own_account() -> Account:
    actor = get_actor(Actor)
    if actor.account_id is None:
        raise NotFound("Nobody is signed in.", fix="Sign in first.")
    return accounts.get_account(get_session(), actor.account_id)


@blueprint.get("/account")
@requires("account:self:read")
def account() -> str:
    """Show one's account."""
    return _show()


def _show(problems: tuple[Problem, ...] = (), new_token: str = "") -> str:
    unit, own = get_session(), _own_account()
    return render(
        "auth/account.html",
        account=own,
        role_words=DESCRIPTIONS[own.role],
        teams=accounts.list_teams(unit, own.id),
        identities=accounts.list_identities(unit, own.id),
        sessions=accounts.list_sessions(unit, own.id),
        current_session=g.signed_in.session_id,
        tokens=accounts.list_tokens(unit, own.id),
        credential=accounts.find_credential(unit, own.id),
        has_password=get_setup().has_local_accounts,
        providers=get_setup().providers,
        problems=problems,
        new_token=new_token,
        now=utc_now(),
    )


def _back(words: str) -> Response:
    flash(words)
    return redirect(url_for("auth.account"), 303)


@blueprint.post("/account/sessions/<int:session_id>/end")
@requires("account:session:write")
def end_session(session_id: int) -> Response:
    """End one of one's sessions."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    found = next(
        (s for s in accounts.list_sessions(unit, _own_account().id) if s.id == session_id), None
    )
    if found is None:
        raise NotFound("There is no such session.")
    sessions.end_session(unit, actor, session_id, now=utc_now())
    return _back("That session is over.")


@blueprint.post("/account/sessions/end-others")
@requires("account:session:write")
def end_other_sessions() -> Response:
    """Sign out everywhere but here."""
    parse_arguments(EmptyForm, request.form)
    ended = sessions.end_sessions(
        get_session(),
        get_actor(Actor),
        _own_account(),
        but=g.signed_in.session_id,
        now=utc_now(),
    )
    return _back(f"{ended} other sessions are over.")


@blueprint.post("/account/tokens")
@requires("account:token:write", recent=True)
def create_token() -> str | tuple[str, int]:
    """Make a token and show it this once."""
    unit = get_session()
    try:
        form = parse_arguments(TokenForm, request.form)
        key, _ = tokens.create_token(
            unit,
            get_actor(Actor),
            _own_account(),
            name=form.name,
            scopes=form.scope.split(),
            days=form.days,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(error.problems), 422
    return _show(new_token=key)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@requires("account:token:write")
def revoke_token(token_id: int) -> Response:
    """End one of one's tokens."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    if token_id not in {token.id for token in accounts.list_tokens(unit, _own_account().id)}:
        raise NotFound("There is no such token.")
    tokens.revoke_token(unit, actor, token_id, now=utc_now())
    return _back("The token is revoked.")


@blueprint.post("/account/identities/<int:identity_id>/unlink")
@requires("account:identity:write", recent=True)
def unlink_identity(identity_id: int) -> Response | tuple[str, int]:
    """Take one of several identities from one's account."""
    parse_arguments(EmptyForm, request.form)
    unit, own = get_session(), _own_account()
    held = accounts.list_identities(unit, own.id)
    if identity_id not in {identity.id for identity in held}:
        raise NotFound("There is no such identity.")
    if len(held) == 1:
        problem = Problem("identity", "last", "This is your only way in.", "Link another first.")
        return _show((problem,)), 422
    identities.unlink_identity(unit, get_actor(Actor), identity_id, now=utc_now())
    identities.refresh_role(unit, own, get_setup().rules, now=utc_now())
    return _back("The identity is unlinked.")


@blueprint.post("/account/password")
@requires("account:password:write", recent=True)
def change_password() -> Response | tuple[str, int]:
    """Replace one's password and sign out everywhere else."""
    form, actor = parse_arguments(NewPasswordForm, request.form), get_actor(Actor)
    if not get_setup().has_local_accounts:
        raise NotFound("Passwords are switched off here.", fix="Sign in with your company.")
    guessing = f"password:{actor.account_id}"
    check_pause((guessing,))
    unit, own = get_session(), _own_account()
    wrong = Problem("old", "right", "The old password is not right.", "Type the one you have now.")
    try:
        check_twice(form)
        is_right = local.change_password(
            unit, actor, own, old=form.old, new=form.password, now=utc_now()
        )
    except InvalidInput as error:
        return _show(error.problems), 422
    if not is_right:
        survive(partial(_note_wrong, person=own.person))
        return _show((wrong,)), 422
    throttles.forget_failures(unit, guessing)
    sessions.end_sessions(unit, actor, own, but=g.signed_in.session_id, now=utc_now())
    return _back("The password is changed; other sessions are over.")


def _note_wrong(unit: Session, *, person: str) -> None:
    record_act(unit, person, person, action="auth.failed_password_change", now=utc_now())
