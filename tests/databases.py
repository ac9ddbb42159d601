"""The databases of tests: migrated once, filled once in each way, then put back for every test."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text

from portal.auth.core import CLI
from portal.demo.flows import COMPANY, load_demo
from portal.factory.contributions import gather_contributions
from portal.infra import migrate
from portal.infra.db import Database
from portal.settings import Settings, read_environment
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

# What differs from test to test and decides nothing about what a database holds.
PLACES = {"data_dir", "database_url"}

# Emptying a table row by row costs nothing where there are none; TRUNCATE makes files for each.
EMPTY = """
SET LOCAL session_replication_role = replica;
FOR one IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
  EXECUTE format('DELETE FROM %I', one);
END LOOP;
FOR one IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
  PERFORM setval(format('%I', one)::regclass, 1, false);
END LOOP;
"""
# By name, since a migration that went down and up again leaves columns in another order.
COLUMNS = """
SELECT table_name, string_agg(quote_ident(column_name), ', ')
FROM information_schema.columns NATURAL JOIN information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'
GROUP BY table_name
"""
SEQUENCES = """
SELECT sequencename, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


def ingest_demo(database: Database) -> None:
    """Read the demo company as any source: nobody is believed about people, nobody signs in."""
    Ingest(database, CLI, "demo").run([Folder.open(str(COMPANY))])


# What a database may hold when a test begins, by the name of the fixture that asks for it.
STATES = {"demo": ingest_demo, "demo_people": load_demo}


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


@cache
def migrate_once(url: str) -> None:
    """Bring the schema at `url` up to date, the first time this process is asked."""
    found = Database(url)
    migrate.upgrade(found)
    found.dispose()


class Shelf:
    """What databases held when they were filled in one way, to be put into the next one.

    Two settings that differ in more than places have the same state made twice.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[tuple[str, str], str] = {}

    def open(self, settings: Settings, state: str) -> Database:
        """Return a migrated database that holds a state, or nothing."""
        url = settings.resolved_database_url
        found = Database(url, gather_contributions(settings))
        fill = self._fill_file if found.is_sqlite else self._fill_tables
        fill(found, state, (state, settings.model_dump_json(exclude=PLACES)))
        return found

    def _fill_file(self, found: Database, state: str, key: tuple[str, str]) -> None:
        """On SQLite a state is a file; it is whole once the last connection was closed."""
        path = found.engine.url.database or ""
        if state and key not in self._kept:
            self._fill_file(found, "", key)
            STATES[state](found)
            found.dispose()
            self._kept[key] = shutil.copyfile(path, self.folder / f"{len(self._kept)}.db")
        blank = self.folder / "blank.db"
        migrate_once(f"sqlite:///{blank}")
        shutil.copyfile(self._kept[key] if state else blank, path)

    def _fill_tables(self, found: Database, state: str, key: tuple[str, str]) -> None:
        """On PostgreSQL the one schema is emptied, not rebuilt; a state is a schema beside it."""
        migrate_once(found.engine.url.render_as_string(hide_password=False))
        known = self._kept.get(key, "")
        with found.unit(write=True) as session:
            session.execute(text(f"DO $$ DECLARE one text; BEGIN {EMPTY} {known} END $$"))
        if state and not known:
            STATES[state](found)
            with found.unit(write=True) as session:
                self._kept[key] = keep_tables(session, f"kept_{len(self._kept)}")


def keep_tables(session: Session, schema: str) -> str:
    """Copy every table into `schema`; returns the statements that bring the rows back."""
    session.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))
    statements = []
    for table, columns in session.execute(text(COLUMNS)).all():
        rows = f"SELECT {columns} FROM"
        copied = text(f"CREATE TABLE {schema}.{table} AS {rows} public.{table}")
        if session.connection().execute(copied).rowcount:
            statements.append(f"INSERT INTO public.{table} ({columns}) {rows} {schema}.{table};")
    for sequence, value in session.execute(text(SEQUENCES)).all():
        statements.append(f"PERFORM setval('public.{sequence}', {value});")
    return "\n".join(statements)
