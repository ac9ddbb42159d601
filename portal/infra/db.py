"""Database: engines, units of work and the column types both databases share.

A unit reads or writes. On SQLite a writing unit takes the write lock when it begins, so a
read-then-write can never fail half way; a reading unit cannot write at all.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import DateTime, MetaData, Text, create_engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from portal.errors import DatabaseUnavailable
from portal.infra.cache import ProcessCache
from portal.infra.clock import utc_now
from portal.infra.contributions import NONE, Contributions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Engine, Row, Select, Table
    from sqlalchemy.pool import ConnectionPoolEntry

BATCH_ROWS = 500
BUSY_MILLISECONDS = 15_000
RESTED_SECONDS = 1.0
UNIT = "portal_unit"


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python; timestamptz on PostgreSQL, ISO text without zone on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; they mean something else on every machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return aware UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """JSON kept as text in the order it was given; whole documents are read, never searched."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Serialise compactly."""
        del dialect
        return (
            None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Parse."""
        del dialect
        return None if value is None else json.loads(value)


class Database:
    """One database with its reading and writing engines; connects on first use, not before."""

    def __init__(self, url: str, contributions: Contributions = NONE, pool_size: int = 8) -> None:
        self.contributions = contributions
        self.cache = ProcessCache()
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 4}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_MILLISECONDS / 1000}
        else:
            options["connect_args"] = {"connect_timeout": 5}
        self.engine: Engine = create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self._reader = self.engine.execution_options(**{UNIT: "read"})
        else:
            event.listen(self.engine, "checkin", _begin_rest)
            event.listen(self.engine, "checkout", self._end_rest)
            self._reader = self.engine.execution_options(postgresql_readonly=True)

    @property
    def where(self) -> str:
        """Return which database it is, for logs: no user, no password, no options."""
        url = self.engine.url
        port = f":{url.port}" if url.port else ""
        return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"

    def open_session(self, *, write: bool) -> Session:
        """Return a session of one unit; the entry point that opened it ends it."""
        session = Session(self.engine if write else self._reader, expire_on_commit=False)
        session.info.update(contributions=self.contributions, cache=self.cache)
        return session

    @contextmanager
    def unit(self, *, write: bool) -> Iterator[Session]:
        """Run one unit of work: commit at the end, roll back on any exception."""
        with self.open_session(write=write) as session:
            try:
                yield session
                session.commit()
            except OperationalError as error:
                session.rollback()
                raise explain_database_error(error) from error

    def dispose(self) -> None:
        """Close every connection, before a fork or at the end."""
        self.engine.dispose()

    def ping(self) -> None:
        """Ask the database for an answer; raises Unavailable."""
        try:
            with self._reader.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise explain_database_error(error) from error

    def _end_rest(self, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Ask a connection that rested whether it still lives; one in constant use need not be.

        Where it does not, the pool opens a new one, and drops whatever else it holds.
        """
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < RESTED_SECONDS:
            return
        dialect = self.engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def read_clock(session: Session) -> datetime:
    """Return the time on which all processes over this database agree, whatever their clocks say.

    PostgreSQL tells its own; everyone who opens an SQLite file is on one machine.
    """
    if session.get_bind().dialect.name != "postgresql":
        return utc_now()
    told: datetime = session.scalars(select(func.clock_timestamp())).one()
    return told.astimezone(UTC)


def read_rows(
    session: Session, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any]
) -> Sequence[Row[Any]]:
    """Return the rows of plain columns, in a unit that only reads.

    Below the mapper, which flushes nothing here and loads nothing, for a third of the time.
    """
    return session.connection().execute(statement, values).all()


def insert_rows(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows, which all name the same columns, as one statement.

    Below the mapper, which makes a statement of its own for every other set of nulls.
    """
    if rows:
        session.execute(insert(cast("Table", table.__table__)), rows)


def explain_database_error(error: DBAPIError) -> DatabaseUnavailable:
    """Turn a driver's error into one line that names no secret."""
    first_line = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
    return DatabaseUnavailable(
        f"The database does not answer: {first_line}",
        fix="Check that it runs, PORTAL_DATABASE_URL, and `portal db status`.",
    )


def _begin_rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(UNIT) == "read":
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
