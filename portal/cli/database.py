"""`portal db`: the schema's state and moves."""

from __future__ import annotations

import click

from portal.factory.database import create_database
from portal.infra import migrate
from portal.settings import load_settings


@click.group("db")
def db() -> None:
    """Look at and move the database schema."""


@db.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the schema to REVISION (default: the newest)."""
    database = create_database(load_settings())
    migrate.upgrade(database, revision)
    click.echo(f"The schema is at {migrate.get_status(database).current}.")


@db.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema back to REVISION: an id, -1, or base."""
    database = create_database(load_settings())
    migrate.downgrade(database, revision)
    click.echo(f"The schema is at {migrate.get_status(database).current or 'nothing'}.")


@db.command("status")
def status() -> None:
    """Say where the schema stands; exits 1 when steps are pending."""
    found = migrate.get_status(create_database(load_settings()))
    click.echo(
        f"current: {found.current or 'nothing'}\nnewest: {found.head}\npending: {found.pending}"
    )
    raise SystemExit(1 if found.pending else 0)
