"""What every suite shares: an application over a real, migrated database of its own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest
from jinja2 import BytecodeCache
from sqlalchemy import create_engine, make_url, text

from portal.auth.core import CLI
from portal.demo.flows import COMPANY
from portal.factory import application
from portal.factory.application import create_app
from portal.factory.contributions import gather_contributions
from portal.infra import migrate
from portal.infra.db import Database
from portal.settings import Settings, read_environment
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import CodeType

    from flask import Flask
    from jinja2.bccache import Bucket

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Take pytest-flask's place: its one context for a whole test would share `g` by requests."""


class Compiled(BytecodeCache):
    """Keeps what Jinja made of a template, by its name and text, for the next application."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _compile_templates_once() -> Iterator[None]:
    """Let the applications of one process share compiled templates; half of a start is that."""
    set_up, compiled = application.set_up_jinja, Compiled()

    def set_up_with_cache(app: Flask) -> None:
        set_up(app)
        app.jinja_options["bytecode_cache"] = compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "set_up_jinja", set_up_with_cache)
        yield


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


# Emptying a table row by row costs nothing where there are none; TRUNCATE makes files for each.
EMPTY = """
DO $$ DECLARE one text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables
      WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one);
  END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences
      WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(format('%I', one)::regclass, 1, false);
  END LOOP;
END $$
"""


@cache
def migrate_once(url: str) -> None:
    """Bring the schema at `url` up to date, the first time this process is asked."""
    found = Database(url)
    migrate.upgrade(found)
    found.dispose()


@pytest.fixture(scope="session")
def blank(tmp_path_factory) -> Path:
    """An empty SQLite database that was migrated once, to be copied."""
    path = tmp_path_factory.mktemp("blank") / "blank.db"
    migrate_once(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(settings, blank):
    """A migrated, empty database; on PostgreSQL the one schema is emptied, not rebuilt."""
    url = settings.resolved_database_url
    if url.startswith("sqlite"):
        shutil.copyfile(blank, url.removeprefix("sqlite:///"))
    else:
        migrate_once(url)
    found = Database(url, gather_contributions(settings))
    if not found.is_sqlite:
        with found.unit(write=True) as session:
            session.execute(text(EMPTY))
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
