"""What every suite shares: an application over a real, migrated database of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from portal.auth.core import CLI
from portal.demo.flows import COMPANY
from portal.factory import create_app, gather_contributions
from portal.infra import migrate
from portal.infra.db import Database
from portal.settings import Settings, read_environment
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Take pytest-flask's place: its one context for a whole test would share `g` by requests."""


@pytest.fixture
def now() -> datetime:
    return NOW


def pick_url(folder: Path) -> str:
    """Return SQLite in `folder`, or the PostgreSQL that the runner started."""
    named = read_environment().get("PORTAL_TEST_DATABASE_URL")
    if not named:
        return f"sqlite:///{folder / 'test.db'}"
    return make_database(named, read_environment().get("PYTEST_XDIST_WORKER", ""))


@cache
def make_database(url: str, worker: str) -> str:
    """Return the URL of a database that this process of the suite has for itself."""
    if not worker:
        return url
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS test_{worker}"))
        connection.execute(text(f"CREATE DATABASE test_{worker}"))
    engine.dispose()
    own = make_url(url).set(database=f"test_{worker}")
    return own.render_as_string(hide_password=False)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=pick_url(tmp_path),
        log_level="error",
        secret_key="test" * 8,
        anonymous_read=True,
    )


@pytest.fixture
def database(settings):
    """A migrated, empty database; on PostgreSQL the one schema is emptied, not rebuilt."""
    found = Database(settings.resolved_database_url, gather_contributions(settings))
    migrate.upgrade(found)
    if not found.is_sqlite:
        with found.unit(write=True) as session:
            # Triggers keep everyone else from emptying the trail.
            for table in ("audit_entries", "audit_head"):
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            session.execute(
                text(
                    "TRUNCATE entities, entity_tags, relations, aliases, catalog_problems, "
                    "entity_values, removed_entities, catalog_state, sources, source_files, "
                    "source_runs, source_memories, source_deliveries, audit_entries, "
                    "work, job_slots, job_runs, job_workers, "
                    "entity_tombstones, entity_marks, "
                    "entity_words, source_readmes, accounts, identities, credentials, "
                    "sign_in_sessions, "
                    "api_tokens, account_teams, group_rules, sign_in_throttles, one_time_values, "
                    "secrets, stars, audit_head, scim_users, scim_emails, scim_groups, "
                    "scim_members, source_left_out RESTART IDENTITY CASCADE"
                )
            )
            for table in ("audit_entries", "audit_head"):
                session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    yield found
    found.dispose()


@pytest.fixture
def demo(database) -> Database:
    """A database with the demo company in it."""
    Ingest(database, CLI, "demo").run([Folder.open(str(COMPANY))])
    return database


@pytest.fixture
def app(settings, database):
    return create_app(settings, database)


@pytest.fixture
def client(app):
    """A browser of its own; pytest-flask's keeps a request's context open for the next one."""
    return app.test_client()
