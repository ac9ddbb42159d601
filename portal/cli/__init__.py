"""The `portal` command."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import click

from portal.auth.cli import token, user
from portal.cli.audit import audit
from portal.cli.database import db
from portal.cli.secrets import secrets
from portal.cli.worker import worker
from portal.demo.cli import demo
from portal.demo.flows import load_demo_once
from portal.errors import PortalError, SetupError
from portal.factory.database import create_database
from portal.factory.tools import create_secret_box
from portal.infra import migrate
from portal.infra.logs import configure_logs
from portal.settings import load_settings
from portal.sources.cli import catalog, source

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.infra.db import Database
    from portal.infra.secrets import SecretBox

SERVE = "serve"


def open_database() -> Database:
    """Return the database for a command, its schema up to date; raises SetupError if not."""
    settings = load_settings()
    configure_logs(settings.log_level, "text")
    database = create_database(settings)
    if migrate.get_status(database).pending:
        if not database.is_sqlite:
            raise SetupError("The schema is not up to date.", fix="Run `portal db upgrade`.")
        migrate.upgrade(database)
    return database


@dataclass(frozen=True, slots=True)
class Tools:
    """What commands of features are handed, since they stand below the factory."""

    open_database: Callable[[], Database] = open_database
    load_demo_once: Callable[[Database], None] = load_demo_once
    public_url: Callable[[], str] = lambda: load_settings().public_url
    undo_hours: Callable[[], int] = lambda: load_settings().undo_hours
    source_folders: Callable[[], tuple[str, ...]] = lambda: load_settings().folders_of_sources
    secret_box: Callable[[], SecretBox] = lambda: create_secret_box(load_settings())


class Commands(click.Group):
    """The commands; `serve` is loaded when it is asked for, as it needs half of all there is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), SERVE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name."""
        if cmd_name == SERVE:
            found: click.Command = import_module("portal.cli.serve").serve
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands)
@click.version_option(package_name="plumbline", prog_name="portal")
@click.pass_context
def portal(context: click.Context) -> None:
    """Plumbline, an internal developer portal."""
    context.obj = Tools()


for command in (worker, db, secrets, catalog, source, demo, user, token, audit):
    portal.add_command(command)


def main() -> None:
    """Run the command; an expected error is one line and exit code 1, never a traceback."""
    try:
        portal()
    except PortalError as error:
        click.echo(f"portal: {error.detail} {error.fix}".rstrip(), err=True)
        sys.exit(1)
