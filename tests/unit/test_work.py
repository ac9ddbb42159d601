"""The work table: no interleaving of publish, claim, work, finish and kill loses a change."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.contributions import Consumer, Contributions
from portal.infra.db import Database
from portal.infra.queue import Queue

STEPS = ("publish", "claim", "work", "finish", "kill", "give back", "wait")


@pytest.fixture
def busy(settings, database):
    found = Database(
        settings.resolved_database_url,
        Contributions(consumers=(Consumer("topic", "one", lambda *_: None),)),
    )
    yield found
    found.dispose()


@pytest.mark.parametrize("seed", range(15))
def test_every_change_is_seen_after_it_happened(busy, now, seed):  # noqa: C901 - one loop of steps
    rng = random.Random(seed)
    changed = seen = 0
    held: work.Claim | None = None
    read = 0
    for _ in range(60):
        step = rng.choice(STEPS)
        with busy.unit(write=True) as session:
            if step == "publish":
                changed += 1
                work.publish(session, "topic", "subject", due_at=now)
            elif step == "claim" and held is None:
                due = work.list_due(session, now=now)
                held = work.claim(session, due[0], now=now) if due else None
                read = -1
            elif step == "work" and held is not None:
                read = changed
            elif step == "finish" and held is not None and read >= 0:
                work.finish(session, held)
                seen, held = max(seen, read), None
            elif step == "give back" and held is not None:
                work.give_back(session, held, now=now)
                held = None
            elif step == "kill":
                held = None
            elif step == "wait":
                now += work.LEASE + timedelta(hours=1)
    now += work.LEASE + timedelta(hours=2)
    with busy.unit(write=True) as session:
        left = work.list_due(session, now=now)
    assert left or seen == changed


def test_rolled_back_work_triggers_nothing(busy, now):
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        session.rollback()
    with busy.unit(write=False) as session:
        assert work.list_due(session, now=now) == []


def test_publishing_again_keeps_the_earlier_due_time(busy, now):
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        work.publish(session, "topic", "subject", due_at=now + timedelta(days=1))
        assert len(work.list_due(session, now=now)) == 1


def test_a_claim_is_exclusive_until_it_expires(busy, now):
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        [row] = work.list_due(session, now=now)
        assert work.claim(session, row, now=now) is not None
        assert work.claim(session, row, now=now) is None
        later = now + work.LEASE + timedelta(seconds=1)
        assert work.claim(session, row, now=later) is not None


def test_a_slot_is_published_once(busy, now):
    with busy.unit(write=True) as session:
        work.publish_slot(session, "topic", 60, now=now)
        work.publish_slot(session, "topic", 60, now=now)
        assert len(work.list_due(session, now=now + timedelta(minutes=2))) == 1


def test_a_row_with_the_id_of_one_that_was_done_need_not_wait(settings, app):
    done = []
    database = Database(
        settings.resolved_database_url,
        Contributions(
            consumers=(Consumer("topic", "one", lambda _, subject, __: done.append(subject)),)
        ),
    )
    queue = Queue(settings.data_dir, "q" * 32, database, app.extensions["metrics"])
    for subject in ("first", "second"):
        with database.unit(write=True) as session:
            work.publish(session, "topic", subject, due_at=utc_now())
            session.execute(update(work.Work).values(id=1))
        queue.sweep()
        queue.huey.execute(queue.huey.dequeue())
    assert done == ["first", "second"]
    database.dispose()
