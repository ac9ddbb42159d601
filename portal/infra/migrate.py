"""Schema migrations with Alembic, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.errors import InvalidInput
from portal.infra.db import explain_database_error
from portal.infra.resources import find_resource

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.infra.db import Database

LOCK_KEY = 7_023_114


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where the schema stands: revision it has, newest there is, and how many steps lie between."""

    current: str | None
    head: str | None
    pending: int


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(find_resource("migrations")))
    config.set_main_option("path_separator", "os")
    return config


def _run(database: Database, step: str, revision: str) -> None:
    config = _config()
    try:
        with database.engine.connect() as connection:
            if not database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_lock({LOCK_KEY})"))
                connection.commit()
            else:
                # Batch migrations rebuild tables; enforced keys would cascade through them.
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                config.attributes["connection"] = connection
                getattr(command, step)(config, revision)
            connection.detach()
    except DBAPIError as error:
        raise explain_database_error(error) from error
    except CommandError as error:
        raise InvalidInput(str(error), fix="`portal db status` shows where it stands.") from None


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to `revision`; replicas that start together wait for each other."""
    if get_status(database).pending or revision != "head":
        _run(database, "upgrade", revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to `revision` (`-1`, `base` or an id)."""
    _run(database, "downgrade", revision)


def get_status(database: Database) -> SchemaStatus:
    """Compare the database with the newest migration; raises Unavailable."""
    script = ScriptDirectory.from_config(_config())
    try:
        with database.engine.connect() as connection:
            current = _current(connection)
    except DBAPIError as error:
        raise explain_database_error(error) from error
    known = [revision.revision for revision in script.walk_revisions()]
    pending = known.index(current) if current in known else len(known)
    return SchemaStatus(current=current, head=script.get_current_head(), pending=pending)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
