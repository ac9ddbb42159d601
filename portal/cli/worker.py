"""`portal worker`: background work alone, for processes and machines beside `portal serve`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from portal.errors import DatabaseUnavailable
from portal.factory.database import create_database
from portal.factory.tools import create_metrics
from portal.infra import migrate
from portal.infra.logs import configure_logs
from portal.infra.queue.outages import Outage
from portal.settings import load_settings
from portal.worker import run_worker

if TYPE_CHECKING:
    from portal.infra.db import Database

RETRY_SECONDS = 1.0


@click.command("worker")
def worker() -> None:
    """Do background work until SIGTERM or Ctrl-C."""
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    database = create_database(settings)
    _bring_up_to_date(database)
    click.echo("Plumbline does background work here.", err=True)
    run_worker(settings, database, create_metrics(settings, is_first=False))


def _bring_up_to_date(database: Database) -> None:
    """Bring the schema up to date; a database that is away is waited for."""
    outage = Outage("database", database.where)
    while True:
        asked = time.monotonic()
        try:
            migrate.upgrade(database)
        except DatabaseUnavailable as error:
            outage.begin(error.detail)
            time.sleep(RETRY_SECONDS)
        else:
            outage.end(asked)
            return
