"""Periodic slots: published once, whoever asks, however their clocks differ."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from portal.infra import work
from portal.infra.contributions import Consumer, Contributions, PeriodicJob
from portal.infra.db import Database
from portal.infra.work.publishing import FURTHEST_SECONDS

JOBS = (PeriodicJob("often", 5), PeriodicJob("seldom", 60))
STEPS = 40
# In seconds: one clock is right, one is ahead, two lag, one of them by hours.
SKEWS = (0, 7, -13, -7200)


@pytest.fixture
def ticking(settings, database):
    found = Database(
        settings.resolved_database_url,
        Contributions(
            consumers=tuple(Consumer(job.name, job.name, lambda *_: None) for job in JOBS),
            periodic=JOBS,
        ),
    )
    yield found
    found.dispose()


def list_rows(database):
    with database.unit(write=False) as session:
        query = select(work.Work.topic, work.Work.subject, work.Work.generation)
        return session.execute(query.order_by(work.Work.id)).all()


def test_a_slot_is_published_once(ticking, now):
    with ticking.unit(write=True) as session:
        assert work.publish_slot(session, "often", 60, now=now)
        assert not work.publish_slot(session, "often", 60, now=now)
        assert not work.publish_slot(session, "often", 60, now=now - timedelta(hours=3))
        assert len(work.list_due(session, now=now + timedelta(minutes=2))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_racing_workers_with_clocks_that_differ_publish_each_slot_once(ticking, now, seed):
    together = threading.Barrier(len(SKEWS))
    moved = Counter()
    lock = threading.Lock()

    def worker(skew):
        rng = random.Random(seed * 100 + skew)
        told = now + timedelta(seconds=skew)
        for _ in range(STEPS):
            together.wait(timeout=60)  # all of them try at the same moment
            told += timedelta(seconds=rng.choice((1, 1, 1, 4, 11)))
            for job in JOBS:
                with ticking.unit(write=True) as session:
                    if work.publish_slot(session, job.name, job.every_seconds, now=told):
                        slot = work.find_next_slot(job.every_seconds, told)
                        with lock:
                            moved[job.name, str(slot)] += 1

    with ThreadPoolExecutor(len(SKEWS)) as pool:
        for done in [pool.submit(worker, skew) for skew in SKEWS]:
            done.result(timeout=120)
    rows = list_rows(ticking)
    assert set(moved.values()) == {1}
    assert {(topic, slot): generation for topic, slot, generation in rows} == dict(moved)
    assert len(rows) > STEPS / 4  # how many depends on who wins
    for job in JOBS:
        slots = [int(slot) for topic, slot, _ in rows if topic == job.name]
        assert slots == sorted(slots)  # never back, not even for a clock that lags by hours


def find_behind(database, now):
    with database.unit(write=False) as session:
        return [job.name for job in work.list_behind(session, JOBS, now=now)]


def test_a_job_waits_until_its_last_slot_is_done(ticking, now):
    assert find_behind(ticking, now) == ["often", "seldom"]
    with ticking.unit(write=True) as session:
        for job in JOBS:
            work.publish_slot(session, job.name, job.every_seconds, now=now)
    later = now + timedelta(minutes=5)
    assert find_behind(ticking, now) == []
    assert find_behind(ticking, later) == []  # both rows are still to do
    with ticking.unit(write=True) as session:
        session.execute(delete(work.Work).where(work.Work.topic == "often"))
    assert find_behind(ticking, now) == []
    assert find_behind(ticking, later) == ["often"]


def test_a_clock_that_was_far_ahead_stops_nothing(ticking, now):
    wrong = now + timedelta(days=400)
    with ticking.unit(write=True) as session:
        assert work.publish_slot(session, "often", 5, now=wrong)
        near = now + timedelta(seconds=FURTHEST_SECONDS - 5)
        assert not work.publish_slot(session, "often", 5, now=wrong - timedelta(hours=20))
    assert "often" in find_behind(ticking, now)
    with ticking.unit(write=True) as session:
        assert work.publish_slot(session, "often", 5, now=now)
        assert work.publish_slot(session, "often", 5, now=near)
        assert not work.publish_slot(session, "often", 5, now=now)


def test_slots_are_whole_multiples():
    now = datetime.fromtimestamp(1_000_000_003, tz=UTC)
    assert work.find_next_slot(5, now) == 1_000_000_005
    assert work.find_next_slot(5, now + timedelta(seconds=2)) == 1_000_000_010
