"""What a request costs in units, and connections that died while they rested."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from portal.errors import DatabaseUnavailable
from portal.infra import db
from tests.unit.test_sign_in import add, make_token

BY_NAME = "/api/v1/entities/component/default/payments-sdk"


@pytest.fixture
def headers(demo) -> dict[str, str]:
    add(demo)
    return make_token(demo, "ana", "catalog:read")


@pytest.fixture
def seen(demo):
    """Collect what the database is asked: each unit, and each statement."""
    found: dict[str, list[str]] = {"units": [], "statements": []}

    def note_unit(connection):
        found["units"].append(str(connection.get_execution_options()))

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            found["statements"].append(statement)

    event.listen(demo.engine, "begin", note_unit)
    event.listen(demo.engine, "before_cursor_execute", note)
    return found


def test_a_program_that_reads_is_told_in_one_unit(client, headers, seen):
    assert client.get(BY_NAME, headers=headers).status_code == 200  # touches the token
    for found in seen.values():
        found.clear()
    assert client.get(BY_NAME, headers=headers).status_code == 200
    assert len(seen["statements"]) == 3, seen["statements"]
    assert len(seen["units"]) == 1


def test_a_program_that_writes_is_known_before_its_unit_begins(client, headers, seen):
    answer = client.post("/api/v1/catalog/check", headers=headers, data="kind: nothing")
    assert answer.status_code != 401
    assert "read" in seen["units"][0]


def kill(database, pid: int) -> None:
    with database.unit(write=True) as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def ask(database) -> int:
    """Return the number of the connection that answers; SQLite has but one kind of number."""
    query = "SELECT 1" if database.is_sqlite else "SELECT pg_backend_pid()"
    with database.unit(write=False) as session:
        return int(session.execute(text(query)).scalar_one())


def test_a_connection_that_died_at_rest_is_replaced(database, settings, monkeypatch):
    other = db.Database(settings.resolved_database_url)
    first = ask(other)
    if not other.is_sqlite:
        kill(database, first)
        with pytest.raises(DatabaseUnavailable):
            ask(other)  # it worked a moment ago, so nobody asked whether it lives
        kill(database, ask(other))
    monkeypatch.setattr(db, "RESTED_SECONDS", 0.0)
    assert ask(other)
    other.dispose()
