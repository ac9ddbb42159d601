"""Writing, sealing and reading the audit trail, side by side."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from portal.audit.core.changes import find_outcome, list_changes
from portal.audit.jobs import SEAL
from portal.audit.models import AuditEntry
from portal.audit.queries.chain import verify_chain
from portal.audit.queries.entries import list_entries, list_sealed_after
from portal.audit.service import erase_addresses, record_act, seal_entries
from portal.factory.tools import create_secret_box
from portal.infra import work
from portal.infra.queue import Queue, QueueSetup
from portal.infra.secrets import SecretBox
from portal.web.origin import RequestOrigin
from tests.conftest import NOW

BOX = SecretBox("k" * 40)
ANA = "person:00000000000000aa"


def write(session, number=0):
    session.info["origin"] = RequestOrigin("request", "192.0.2.7", "agent")
    record_act(session, ANA, f"thing:{number}", action="test.change", after=[number], now=NOW)


def fill(database, count):
    with database.unit(write=True) as session:
        for number in range(count):
            write(session, number)
        seal_entries(session, BOX)


def verify(database, box=BOX):
    with database.unit(write=False) as session:
        return verify_chain(session, box)


def stream(database):
    """Return the ids a collector gets that asks for one at a time."""
    seen, after = [], 0
    with database.unit(write=False) as session:
        while rows := list_sealed_after(session, after, limit=1):
            after = rows[-1].id
            seen.append(after)
    return seen


def overlap(database):
    """Let two writers and the seal overlap: the lower id is committed last."""
    with database.open_session(write=True) as late, database.open_session(write=True) as early:
        write(late, 1)
        write(early, 2)
        early.commit()
        with database.open_session(write=True) as sealer:
            assert seal_entries(sealer, BOX) == 1
            write(early, 3)
            early.commit()  # does not wait for the seal that is under way
            sealer.commit()
        late.commit()


def test_writers_wait_for_nobody_and_nothing_is_left_out(database):
    if database.is_sqlite:
        fill(database, 3)  # writers take turns there anyway
    else:
        overlap(database)
    fill(database, 1)
    found = verify(database)
    assert (found.broken, found.sealed, found.unsealed) == (None, 4, 0)
    seen = stream(database)
    with database.unit(write=False) as session:
        assert sorted(seen) == sorted(entry.id for entry in list_entries(session))
        assert list_sealed_after(session, 10_000, limit=1) is None


def test_erased_addresses_leave_the_chain_whole(database):
    fill(database, 3)
    with database.unit(write=True) as session:
        assert erase_addresses(session, ANA) == 3
        assert erase_addresses(session, ANA) == 0
        addresses = session.scalars(select(AuditEntry.address)).all()
    assert set(addresses) == {None}
    assert verify(database).broken is None


def test_the_job_seals_in_batches(database, settings, app):
    with database.unit(write=True) as session:
        for number in range(1010):
            write(session, number)
        work.publish(session, SEAL, "now", due_at=NOW)
    queue = Queue(QueueSetup(settings.data_dir, "q" * 32), database, app.extensions["metrics"])
    sizes = []
    for _ in range(4):
        queue.sweep()
        while queue.short.do_next():
            with database.unit(write=False) as session:
                sizes.append(session.scalar(select(func.max(AuditEntry.position))))
    # On a slow machine a slot of the job comes due meanwhile, and finds nothing left.
    assert sorted(set(sizes)) == [500, 1000, 1010]
    assert verify(database, create_secret_box(settings)).broken is None


def test_no_secret_gets_into_the_trail(database):
    with database.unit(write=True) as session:
        record_act(
            session,
            "cli",
            "x",
            action="test.leak",
            before={"password": "hunter2", "url": "https://a:hunter2@b.test/"},
            after={"nested": [{"api_key": "hunter2"}]},
            now=NOW,
        )
        kept = list_entries(session)[0]
        assert "hunter2" not in f"{kept.before} {kept.after}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, []),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b", "2", "3")]),
        (None, {"a": "x"}, [("a", None, "x")]),
        ({"a": None}, {"a": True}, [("a", None, "true")]),
        (["x", "y"], ["y", "z"], [("", "x", None), ("", None, "z")]),
        ("x", "y", [("", "x", "y")]),
        ("x", {"a": "y"}, [("", "x", None), ("a", None, "y")]),
    ],
)
def test_changes_name_what_differs(before, after, expected):
    assert [(c.name, c.before, c.after) for c in list_changes(before, after)] == expected


def test_actions_say_how_they_ended():
    assert find_outcome("auth.refused") == "refused"
    assert find_outcome("auth.failed_sign_in") == "failed"
    assert find_outcome("access.change_account") == "done"
