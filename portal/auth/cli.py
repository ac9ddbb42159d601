"""`portal user` and `portal token`: accounts and keys from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from portal.auth.core import CLI
from portal.auth.core.roles import ROLES, VIEWER
from portal.auth.queries.accounts import find_account, list_accounts
from portal.auth.queries.providers import get_rules
from portal.auth.service import accounts, local, tokens
from portal.errors import NotFound
from portal.infra.clock import utc_now

if TYPE_CHECKING:
    from portal.auth.models import Account
    from portal.web.unit import Session


def _get(session: Session, name: str) -> Account:
    found = find_account(session, name)
    if found is None:
        raise NotFound(f"There is no account called {name}.", fix="`portal user list` names all.")
    return found


def _link(context: click.Context, key: str) -> str:
    return f"{context.obj.public_url()}/welcome/{key}"


def _choose_role(role: str | None, scim: str | None, *, is_service: bool) -> str:
    """Return the role of a new account; one that speaks for a provider needs the least."""
    if scim is None and role is None:
        raise click.UsageError("Missing option '--role'.")
    if scim is not None and not is_service:
        raise click.UsageError("--scim needs --service.")
    return role or VIEWER


@click.group("user")
def user() -> None:
    """Make, list and change accounts."""


@user.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="Needed for all but --scim.")
@click.option("--email")
@click.option("--display-name", default="")
@click.option("--service", is_flag=True, help="For a program: it has tokens and cannot sign in.")
@click.option("--scim", metavar="PROVIDER", help="For a service that speaks for PROVIDER.")
@click.option("--json", "as_json", is_flag=True, help="Print the account as JSON.")
@click.pass_context
def create(  # noqa: PLR0913 click hands every option over by name
    context: click.Context,
    name: str,
    *,
    role: str | None,
    email: str | None,
    display_name: str,
    service: bool,
    scim: str | None,
    as_json: bool,
) -> None:
    """Make the account NAME; prints the one-time link that sets its password."""
    now = utc_now()
    role = _choose_role(role, scim, is_service=service)
    with context.obj.open_database().unit(write=True) as session:
        if scim is not None:
            get_rules(session, scim)
        account = accounts.create_account(
            session,
            CLI,
            name,
            role=role,
            email=email,
            display_name=display_name,
            kind="service" if service else "person",
            scim_provider=scim,
            now=now,
        )
        key = None if service else local.make_setup_key(session, CLI, account, now=now)
        found = {"name": account.name, "role": account.role, "person": account.person}
    if key:
        found["setup_url"] = _link(context, key)
    if as_json:
        click.echo(json.dumps(found))
        return
    if scim:
        click.echo(f"{found['name']} speaks for {scim}: give it a token with the scope scim:write.")
        return
    click.echo(f"{found['name']} can sign in with the role {role}.")
    if key:
        click.echo(f"Set a password within a day, once: {found['setup_url']}")


@user.command("link")
@click.argument("name")
@click.pass_context
def link(context: click.Context, name: str) -> None:
    """Print a new one-time link that sets the password of NAME."""
    with context.obj.open_database().unit(write=True) as session:
        key = local.make_setup_key(session, CLI, _get(session, name), now=utc_now())
    click.echo(_link(context, key))


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@click.pass_context
def set_role(context: click.Context, name: str, role: str) -> None:
    """Give NAME the role ROLE."""
    with context.obj.open_database().unit(write=True) as session:
        accounts.set_role(session, CLI, _get(session, name), role, now=utc_now())
    click.echo(f"{name} has the role {role}.")


@user.command("deactivate")
@click.argument("name")
@click.pass_context
def deactivate(context: click.Context, name: str) -> None:
    """Take away NAME's rights, sessions and tokens at once."""
    with context.obj.open_database().unit(write=True) as session:
        accounts.deactivate(session, CLI, _get(session, name), now=utc_now())
    click.echo(f"{name} is deactivated.")


@user.command("list")
@click.pass_context
def list_all(context: click.Context) -> None:
    """List accounts with role and state."""
    with context.obj.open_database().unit(write=False) as session:
        for found in list_accounts(session, limit=10_000):
            state = "active" if found.is_active else "deactivated"
            click.echo(f"{found.name}\t{found.role}\t{found.kind}\t{state}")


@click.group("token")
def token() -> None:
    """Make tokens for scripts."""


@token.command("create")
@click.option("--user", "name", required=True, help="Account the token acts for.")
@click.option("--scope", "scopes", multiple=True, required=True, help="Such as catalog:read.")
@click.option("--name", "label", default="command line", help="What it is for.")
@click.option("--expires", "days", default=tokens.DEFAULT_DAYS, show_default=True, help="Days.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def create_token(
    context: click.Context,
    *,
    name: str,
    scopes: tuple[str, ...],
    label: str,
    days: int,
    as_json: bool,
) -> None:
    """Make a token and print it, this once."""
    with context.obj.open_database().unit(write=True) as session:
        key, made = tokens.create_token(
            session,
            CLI,
            _get(session, name),
            name=label,
            scopes=scopes,
            days=days,
            now=utc_now(),
        )
        found = {"token": key, "scopes": made.scopes, "ends_at": made.ends_at.isoformat()}
    click.echo(json.dumps(found) if as_json else key)
