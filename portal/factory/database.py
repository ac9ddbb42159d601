"""The database with what the features hand down, and the runner of background work over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.factory.contributions import gather_contributions
from portal.infra.db import Database
from portal.infra.queue import Queue, QueueSetup
from portal.settings.folder import find_secret_key, prepare_data_dir

if TYPE_CHECKING:
    from portal.infra.metrics import Metrics
    from portal.settings import Settings


def create_database(settings: Settings) -> Database:
    """Return the database; nothing connects yet."""
    prepare_data_dir(settings)
    return Database(
        settings.resolved_database_url,
        gather_contributions(settings),
        # A worker sweeps and reports beside its threads, and has at least two of these.
        pool_size=max(settings.web_threads + 1, settings.job_threads + 3),
    )


def create_queue(settings: Settings, database: Database, metrics: Metrics) -> Queue:
    """Return the runner of background work."""
    setup = QueueSetup(
        settings.data_dir,
        find_secret_key(settings),
        redis_url=settings.redis_url,
        threads=settings.job_threads,
        shutdown_seconds=settings.shutdown_seconds,
    )
    return Queue(setup, database, metrics)
