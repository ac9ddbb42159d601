"""One head, models equal migrations, up and down."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select

from portal.catalog.models import EntityWords
from portal.infra import migrate
from portal.infra.db import Base, Database


def test_models_equal_migrations(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
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


def test_words_come_along_down_and_up(demo):
    def read():
        with demo.unit(write=False) as session:
            rows = session.execute(
                select(
                    EntityWords.entity_id, EntityWords.name, EntityWords.strong, EntityWords.weak
                )
            )
            return {row[0]: tuple(set(words.split()) for words in row[1:]) for row in rows}

    before = read()
    assert before
    migrate.downgrade(demo, "0012-1")
    migrate.upgrade(demo)
    assert read() == before
