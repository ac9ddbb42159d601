"""One account, as whoever looks after people sees and changes it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor, decide
from portal.auth.core.roles import DESCRIPTIONS, ROLES
from portal.auth.forms import EmptyForm, EndForm, MoveForm, RoleForm, TokenForm, VersionForm
from portal.auth.queries import accounts as reads
from portal.auth.queries.access import explain_giver
from portal.auth.queries.people import get_state
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.routes.people import make_link
from portal.auth.service import accounts, identities, sessions, tokens
from portal.errors import Conflict, InvalidInput, NotFound, Problem
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from portal.auth.models import Account

Form = TypeVar("Form", bound=VersionForm)
PROVIDER = "provider"


@blueprint.get("/admin/people/<int:account_id>")
@requires("access:account:read")
def person(account_id: int) -> str:
    """Show one account, its rights and where they come from."""
    return _show(reads.get_account(get_session(), account_id))


def _show(account: Account, problems: tuple[Problem, ...] = (), **once: str) -> str:
    unit, now = get_session(), utc_now()
    return render(
        "auth/person.html",
        account=account,
        state=get_state(account, now),
        roles=ROLES,
        role_words=DESCRIPTIONS[account.role],
        giver=explain_giver(unit, get_setup().rules, account),
        teams=reads.list_teams(unit, account.id),
        identities=reads.list_identities(unit, account.id),
        sessions=reads.list_sessions(unit, account.id),
        tokens=reads.list_tokens(unit, account.id),
        has_password=get_setup().has_local_accounts and account.kind == "person",
        audit_url=_find_audit_page(account),
        problems=problems,
        once={"token": "", "link": "", **once},
        now=now,
    )


def _find_audit_page(account: Account) -> str:
    """Return the address of the trail's entries about an account, if whoever looks may read it."""
    for item in get_contributions(get_session()).nav:
        is_trail = item.permission.startswith("audit:")
        if is_trail and decide(get_actor(Actor), item.permission).allowed:
            return url_for(item.endpoint, subject=account.person)
    return ""


def _back(account_id: int, words: str) -> Response:
    flash(words)
    return redirect(url_for("auth.person", account_id=account_id), 303)


def _change(
    account_id: int, form_type: type[Form], change: Callable[[Account, Form], str]
) -> Response | tuple[str, int]:
    """Parse, change what nobody else changed meanwhile, and lead back; or say what is wrong."""
    unit, actor = get_session(), get_actor(Actor)
    account = reads.get_account(unit, account_id)
    try:
        form = parse_arguments(form_type, request.form)
        account = accounts.take_for_change(unit, actor, account_id, version=form.version)
        return _back(account_id, change(account, form))
    except InvalidInput as error:
        return _show(account, error.problems), 422
    except Conflict as error:
        unit.refresh(account)
        return _show(account, (Problem("", "conflict", error.detail, error.fix),)), 409


@blueprint.post("/admin/people/<int:account_id>/role")
@requires("access:account:write", recent=True)
def set_role(account_id: int) -> Response | tuple[str, int]:
    """Give an account a role, or leave that to its provider."""

    def change(account: Account, form: RoleForm) -> str:
        unit, actor, now = get_session(), get_actor(Actor), utc_now()
        if form.role == PROVIDER:
            accounts.let_provider_rule(unit, actor, account, now=now)
            identities.refresh_role(unit, account, get_setup().rules, now=now)
            return f"The identity provider says the role again: {account.role}."
        accounts.set_role(unit, actor, account, form.role, now=now)
        return f"{account.display_name} has the role {account.role} now."

    return _change(account_id, RoleForm, change)


@blueprint.post("/admin/people/<int:account_id>/end")
@requires("access:account:write", recent=True)
def set_end(account_id: int) -> Response | tuple[str, int]:
    """Set or clear the day on which an account ends."""

    def change(account: Account, form: EndForm) -> str:
        ends_at = datetime.combine(form.ends_on, time(), UTC) if form.ends_on else None
        accounts.set_end(get_session(), get_actor(Actor), account, ends_at, now=utc_now())
        return f"The account ends on {form.ends_on}." if form.ends_on else "The account stays."

    return _change(account_id, EndForm, change)


@blueprint.post("/admin/people/<int:account_id>/deactivate")
@requires("access:account:write", recent=True)
def deactivate(account_id: int) -> Response | tuple[str, int]:
    """Take rights, sessions and tokens away at once."""

    def change(account: Account, form: VersionForm) -> str:
        del form
        accounts.deactivate(get_session(), get_actor(Actor), account, now=utc_now())
        return f"{account.display_name} is out: no session and no token is left."

    return _change(account_id, VersionForm, change)


@blueprint.post("/admin/people/<int:account_id>/activate")
@requires("access:account:write", recent=True)
def activate(account_id: int) -> Response | tuple[str, int]:
    """Let an account in again."""

    def change(account: Account, form: VersionForm) -> str:
        del form
        accounts.activate(get_session(), get_actor(Actor), account, now=utc_now())
        return f"{account.display_name} may sign in again."

    return _change(account_id, VersionForm, change)


@blueprint.post("/admin/people/<int:account_id>/setup-link")
@requires("access:account:write", recent=True)
def make_setup_link(account_id: int) -> str:
    """Make a new link that sets the password, shown this once."""
    parse_arguments(EmptyForm, request.form)
    account = reads.get_account(get_session(), account_id)
    if account.kind != "person" or not get_setup().has_local_accounts:
        raise NotFound("This account has no password.", fix="It gets in another way.")
    return _show(account, link=make_link(account))


@blueprint.post("/admin/people/<int:account_id>/sign-out")
@requires("access:account:write", recent=True)
def sign_out_everywhere(account_id: int) -> Response:
    """End every session of an account."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    account = reads.get_account(unit, account_id)
    ended = sessions.end_sessions(unit, actor, account, now=utc_now())
    return _back(account_id, f"{ended} sessions are over.")


@blueprint.post("/admin/people/<int:account_id>/sessions/<int:session_id>/end")
@requires("access:account:write", recent=True)
def end_session_of(account_id: int, session_id: int) -> Response:
    """End one session of an account."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    _check_among(session_id, reads.list_sessions(unit, account_id), "session")
    sessions.end_session(unit, actor, session_id, now=utc_now())
    return _back(account_id, "That session is over.")


@blueprint.post("/admin/people/<int:account_id>/tokens")
@requires("access:account:write", recent=True)
def create_token_of(account_id: int) -> str | tuple[str, int]:
    """Make a token for a service account, shown this once."""
    unit, actor = get_session(), get_actor(Actor)
    account = reads.get_account(unit, account_id)
    try:
        form = parse_arguments(TokenForm, request.form)
        key, _ = tokens.create_token(
            unit,
            actor,
            account,
            name=form.name,
            scopes=form.scope.split(),
            days=form.days,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(account, error.problems), 422
    return _show(account, token=key)


@blueprint.post("/admin/people/<int:account_id>/tokens/<int:token_id>/revoke")
@requires("access:account:write", recent=True)
def revoke_token_of(account_id: int, token_id: int) -> Response:
    """End a token of an account."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    _check_among(token_id, reads.list_tokens(unit, account_id), "token")
    tokens.revoke_token(unit, actor, token_id, now=utc_now())
    return _back(account_id, "The token is revoked.")


@blueprint.post("/admin/people/<int:account_id>/identities/<int:identity_id>/unlink")
@requires("access:account:write", recent=True)
def unlink_identity_of(account_id: int, identity_id: int) -> Response:
    """Take an identity from an account."""
    parse_arguments(EmptyForm, request.form)
    unit, actor = get_session(), get_actor(Actor)
    _check_among(identity_id, reads.list_identities(unit, account_id), "identity")
    identities.unlink_identity(unit, actor, identity_id, now=utc_now())
    account = reads.get_account(unit, account_id)
    identities.refresh_role(unit, account, get_setup().rules, now=utc_now())
    return _back(account_id, "The identity is unlinked; signing in with it makes a new account.")


@blueprint.post("/admin/people/<int:account_id>/identities/<int:identity_id>/move")
@requires("access:account:write", recent=True)
def move_identity(account_id: int, identity_id: int) -> Response | tuple[str, int]:
    """Give an identity to another account."""
    unit, actor = get_session(), get_actor(Actor)
    account = reads.get_account(unit, account_id)
    _check_among(identity_id, reads.list_identities(unit, account_id), "identity")
    try:
        form = parse_arguments(MoveForm, request.form)
    except InvalidInput as error:
        return _show(account, error.problems), 422
    target = reads.find_account(unit, form.to)
    if target is None:
        message = f"There is no account called {form.to}."
        return _show(account, (Problem("to", "known", message, "Write its name."),)), 422
    identities.move_identity(unit, actor, identity_id, target, now=utc_now())
    for changed in (account, target):
        identities.refresh_role(unit, changed, get_setup().rules, now=utc_now())
    return _back(target.id, f"The identity belongs to {target.display_name} now.")


def _check_among(wanted: int, rows: Any, what: str) -> None:
    if wanted not in {row.id for row in rows}:
        raise NotFound(f"This account has no such {what}.")
