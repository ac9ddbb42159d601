"""One head, models equal migrations, up and down."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from portal.infra import migrate
from portal.infra.db import Base, Database


def test_models_equal_migrations(database):
    with database.engine.connect() as connection:
        # The search index differs by database and is no model: FTS5 here, tsvector there.
        opts = {
            "compare_type": False,
            "include_name": lambda name, kind, _: (
                kind != "table" or not name.startswith("search_index")
            ),
        }
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_up_and_down(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'updown.db'}")
    migrate.upgrade(database)
    assert migrate.get_status(database).pending == 0
    migrate.downgrade(database, "base")
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    assert migrate.get_status(database).pending == 0
    database.dispose()
