"""The audit trail's chain: sealed in batches, and any change of it is found."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.audit.models import AuditEntry, AuditHead
from portal.audit.queries.chain import verify_chain
from portal.audit.service import record_act, seal_entries
from portal.errors import Conflict
from portal.infra import migrate
from portal.infra.db import Database
from portal.infra.secrets import SecretBox
from portal.web.origin import RequestOrigin
from tests.conftest import NOW

BOX = SecretBox("k" * 40)
TEXTS = ("actor", "action", "subject", "before", "after", "request_id", "at", "seal")
COLUMNS = "(at, actor, action, subject"
VALUES = "('2026-02-01 12:00:00.000000', 'a', 'b', 'c'"
REMOVALS = (
    "DELETE FROM audit_entries WHERE id = :i",
    "UPDATE audit_entries SET position = NULL, seal = NULL WHERE id = :i",
    "UPDATE audit_entries SET position = position + 100 WHERE id = :i",
    "UPDATE audit_entries SET id = id + 1000 WHERE id = :i",
    "UPDATE audit_entries SET seal = NULL WHERE id = :i",
)
SAID = ("checkout", "Ægir, naïve", 'a "quoted" word', "x\x1fy", "")


def write(session, number=0):
    session.info["origin"] = RequestOrigin(f"request{number}", "192.0.2.7", "agent")
    record_act(
        session,
        "person:00000000000000aa",
        f"component:default/{SAID[number % len(SAID)]}",
        action="test.change",
        before={"said": SAID[number % len(SAID)], "count": number},
        after=["group:default/a", "group:default/b"][: number % 3],
        now=NOW + timedelta(seconds=number),
    )


def fill(database, count, *, box=BOX):
    with database.unit(write=True) as session:
        for number in range(count):
            write(session, number)
        seal_entries(session, box)


def verify(database, box=BOX, **options):
    with database.unit(write=False) as session:
        return verify_chain(session, box, **options)


def drop_triggers(session):
    """Do what somebody would who can change the schema too."""
    if session.get_bind().dialect.name == "postgresql":
        for table in ("audit_entries", "audit_head"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    for name in names:
        session.execute(text(f"DROP TRIGGER {name}"))


def attack(database, statement, **values):
    with database.unit(write=True) as session:
        drop_triggers(session)
        session.execute(text(statement), values)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("chain") / "empty.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.unit(write=True) as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
    database.dispose()
    return path


def flip(rng, session, entry_id, column):
    """Change one byte of what a column holds; returns False where it holds none."""
    stored = session.scalar(
        text(f"SELECT CAST({column} AS BLOB) FROM audit_entries WHERE id = :i"),  # noqa: S608 fixed names
        {"i": entry_id},
    )
    if not stored:
        return False
    place = rng.randrange(len(stored))
    changed = bytearray(stored)
    changed[place] ^= rng.randrange(1, 256)
    session.execute(
        text(f"UPDATE audit_entries SET {column} = CAST(:b AS TEXT) WHERE id = :i"),  # noqa: S608 same
        {"b": bytes(changed), "i": entry_id},
    )
    return True


def run(database, steps):
    """Write, undo and seal in the order given; returns how many acts are on record."""
    written = 0
    for step in steps:
        with database.open_session(write=True) as session:
            if step == "seal":
                seal_entries(session, BOX)
            else:
                write(session, written)
            if step == "undone":
                session.rollback()
            else:
                written += step == "write"
                session.commit()
    return written


def tamper(database, rng, entry_id):
    """Yield what was done to a row and what a check says then; each is undone."""
    for column in TEXTS:
        with database.open_session(write=True) as session:
            if flip(rng, session, entry_id, column):
                yield column, verify_chain(session, BOX).broken
    for statement in REMOVALS:
        with database.open_session(write=True) as session:
            session.execute(text(statement), {"i": entry_id})
            yield statement, verify_chain(session, BOX).broken


@settings(max_examples=40, deadline=None)
@given(
    steps=strategies.lists(
        strategies.sampled_from(("write", "write", "write", "undone", "seal")), max_size=25
    ),
    seed=strategies.integers(0, 2**32),
)
def test_any_change_of_a_sealed_row_is_found(empty, tmp_path_factory, steps, seed):
    rng = random.Random(seed)
    path = tmp_path_factory.mktemp("try") / "trail.db"
    shutil.copy(empty, path)
    database = Database(f"sqlite:///{path}")
    written = run(database, ["write", "write", *steps, "seal"])
    found = verify(database)
    assert (found.broken, found.sealed, found.unsealed) == (None, written, 0)
    with database.unit(write=True) as session:
        ids = session.scalars(select(AuditEntry.id).order_by(AuditEntry.position)).all()
        drop_triggers(session)
    chosen = rng.randrange(len(ids))
    for done, broken in tamper(database, rng, ids[chosen]):
        assert broken is not None, done
        assert broken.position == chosen + 1, done
        assert done in REMOVALS or broken.entry_id == ids[chosen], done
    assert verify(database).broken is None
    database.dispose()


def test_triggers_refuse_changes(database):
    fill(database, 2)
    for statement in (
        "UPDATE audit_entries SET actor = 'somebody else'",
        "UPDATE audit_entries SET after = NULL",
        "UPDATE audit_entries SET seal = 'v1.00.00'",
        "UPDATE audit_entries SET seal = NULL",
        "UPDATE audit_entries SET position = 9 WHERE position = 2",
        "UPDATE audit_entries SET address = '192.0.2.9'",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = 1",
        "INSERT INTO audit_head (id, count, seal, proof) VALUES (2, 0, '', '')",
        f"INSERT INTO audit_entries {COLUMNS}, position) VALUES {VALUES}, 3)",  # noqa: S608 fixed texts
    ):
        with pytest.raises(IntegrityError), database.unit(write=True) as session:
            session.execute(text(statement))
    if database.is_sqlite:
        with pytest.raises(IntegrityError), database.unit(write=True) as session:
            session.execute(
                text(f"INSERT OR REPLACE INTO audit_entries {COLUMNS}, id) VALUES {VALUES}, 1)")  # noqa: S608 same
            )
    assert verify(database).broken is None


def test_rows_put_in_by_sql_are_the_unsealed_tail(database):
    fill(database, 2)
    with database.unit(write=True) as session:
        session.execute(text(f"INSERT INTO audit_entries {COLUMNS}) VALUES {VALUES})"))  # noqa: S608 same
    found = verify(database)
    assert (found.broken, found.sealed, found.unsealed) == (None, 2, 1)
    assert found.unsealed_since < NOW


def test_the_last_sealed_row_cannot_go(database):
    fill(database, 3)
    attack(database, "DELETE FROM audit_entries WHERE position = 3")
    broken = verify(database).broken
    assert (broken.position, broken.entry_id) == (3, None)
    with database.unit(write=True) as session:
        session.execute(text("UPDATE audit_head SET count = 2"))
    assert "end" in verify(database).broken.reason
    with database.unit(write=True) as session:
        write(session, 4)
    with pytest.raises(Conflict), database.unit(write=True) as session:
        seal_entries(session, BOX)
    assert verify(database).broken is not None


def test_an_older_end_does_not_hide_later_rows(database):
    fill(database, 2)
    with database.unit(write=False) as session:
        head = session.get_one(AuditHead, 1)
        older = {"count": head.count, "seal": head.seal, "proof": head.proof}
    noted = (2, older["seal"])
    fill(database, 2)
    end = verify(database)
    statement = "UPDATE audit_head SET count = :count, seal = :seal, proof = :proof"
    attack(database, statement, **older)
    assert verify(database).broken is not None
    with database.unit(write=True) as session:
        session.execute(text("DELETE FROM audit_entries WHERE position > 2"))
    # What was put back as a whole holds, so only an end that was noted elsewhere tells.
    assert verify(database, known=noted).broken is None
    assert verify(database, known=(end.sealed, end.last_seal)).broken.position == 4


def test_a_deleted_end_is_found(database):
    fill(database, 1)
    attack(database, "DELETE FROM audit_head")
    assert "end" in verify(database).broken.reason
    with pytest.raises(Conflict), database.unit(write=True) as session:
        seal_entries(session, BOX)


def test_seals_need_the_key(database):
    fill(database, 2)
    other = SecretBox("o" * 40)
    assert BOX.key_id in verify(database, other).broken.reason
    both = SecretBox("o" * 40, ["k" * 40])
    fill(database, 2, box=both)
    assert verify(database, both).broken is None
    assert verify(database, both).sealed == 4
    broken = verify(database, BOX).broken
    assert (broken.position, broken.entry_id is None) == (3, False)
