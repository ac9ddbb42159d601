"""Everyone who may act, for whoever looks after them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.auth.core import Actor
from portal.auth.core.roles import DESCRIPTIONS, ROLES
from portal.auth.forms import AccountForm, PeopleQuery
from portal.auth.queries import people as reads
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.service import accounts, local
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.cursor import decode_cursor, encode_cursor
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.auth.models import Account

PAGE = 50


@blueprint.get("/admin/people")
@requires("access:account:read")
def people() -> str:
    """List accounts by name."""
    return _show(parse_arguments(PeopleQuery, request.args))


def _show(
    query: PeopleQuery,
    problems: tuple[Problem, ...] = (),
    made: SimpleNamespace | None = None,
) -> str:
    unit, now = get_session(), utc_now()
    scope = f"people:{query.q}:{query.role}:{query.state}"
    after = decode_cursor(scope, query.cursor)[0] if query.cursor else ""
    found = reads.search_people(
        unit, q=query.q, role=query.role, state=query.state, after=after, limit=PAGE + 1, now=now
    )
    page = found[:PAGE]
    next_url = None
    if len(found) > PAGE:
        filters = query.model_dump(exclude={"cursor"}, exclude_defaults=True)
        cursor = encode_cursor(scope, (page[-1].name,))
        next_url = url_for("auth.people", **filters, cursor=cursor)
    return render(
        "auth/people.html",
        rows=_present(page),
        query=query,
        next_url=next_url,
        roles=ROLES,
        role_words=[(role, DESCRIPTIONS[role]) for role in ROLES],
        states=reads.STATES,
        problems=problems,
        made=made,
        typed=request.form,
    )


def _present(page: Sequence[Account]) -> list[SimpleNamespace]:
    beside = reads.read_beside(get_session(), (account.id for account in page))
    now = utc_now()
    return [
        SimpleNamespace(
            account=account,
            url=url_for("auth.person", account_id=account.id),
            state=reads.get_state(account, now),
            teams=beside.teams.get(account.id, 0),
            ways=_list_ways(account, beside.providers.get(account.id, ())),
        )
        for account in page
    ]


def _list_ways(account: Account, providers: tuple[str, ...]) -> tuple[str, ...]:
    if account.kind == "service":
        return ("tokens only",)
    return providers or (("demo",) if account.kind == "demo" else ("password",))


@blueprint.post("/admin/people")
@requires("access:account:write", recent=True)
def create_person() -> str | tuple[str, int]:
    """Make an account; the link that sets its password is shown this once."""
    unit, actor, now = get_session(), get_actor(Actor), utc_now()
    try:
        form = parse_arguments(AccountForm, request.form)
        account = accounts.create_account(
            unit,
            actor,
            form.name,
            role=form.role,
            display_name=form.display_name,
            email=form.email or None,
            kind=form.kind,
            now=now,
        )
    except InvalidInput as error:
        return _show(PeopleQuery(), error.problems), 422
    except Conflict as error:
        taken = Problem("name", "free", error.detail, error.fix)
        return _show(PeopleQuery(), (taken,)), 409
    return _show(PeopleQuery(), made=_present_made(account))


def _present_made(account: Account) -> SimpleNamespace:
    link = ""
    if account.kind == "person" and get_setup().has_local_accounts:
        link = make_link(account)
    url = url_for("auth.person", account_id=account.id)
    return SimpleNamespace(account=account, url=url, link=link)


def make_link(account: Account) -> Any:
    """Return the address that sets an account's password, once and within a day."""
    key = local.make_setup_key(get_session(), get_actor(Actor), account, now=utc_now())
    return get_setup().public_url + url_for("auth.welcome", key=key)
