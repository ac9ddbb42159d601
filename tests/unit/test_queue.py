"""A worker in this process: lanes, flows, failures, the end, and what it stands on being away."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest
import structlog
from sqlalchemy import select, update
from structlog.testing import LogCapture

from portal.errors import Conflict
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.contributions import Consumer, Contributions
from portal.infra.db import Database
from portal.infra.metrics import Metrics
from portal.infra.queue import (
    Queue,
    QueueSetup,
    Stopped,
    hands,
    is_stopping,
    lanes,
    outages,
    runner,
)

SECRET = "q" * 32
# How much faster than outside everything that waits looks again; whatever is away for AWAY_SECONDS
# is tried several times meanwhile.
QUICK_SECONDS = 0.1
AWAY_SECONDS = 0.8


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(runner, "SWEEP_SECONDS", QUICK_SECONDS)
    monkeypatch.setattr(lanes, "POLL_SECONDS", QUICK_SECONDS)
    monkeypatch.setattr(lanes, "RETRY_SECONDS", QUICK_SECONDS)
    monkeypatch.setattr(hands, "RETRY_SECONDS", QUICK_SECONDS)


@pytest.fixture
def make_queue(settings, database, lines):
    made = []

    def make(*consumers, threads=2, shutdown_seconds=1.5, url=""):
        found = Database(
            url or settings.resolved_database_url, Contributions(consumers=consumers), pool_size=12
        )
        made.append(found)
        setup = QueueSetup(
            settings.data_dir, SECRET, threads=threads, shutdown_seconds=shutdown_seconds
        )
        return Queue(setup, found, Metrics()), found

    yield make
    for found in made:
        found.dispose()


@pytest.fixture
def lines(monkeypatch):
    """Every line the worker logs, whatever an application in this process set up."""
    found = LogCapture()
    for module in (hands, lanes, outages, runner):
        log = structlog.wrap_logger(
            None, [found], wrapper_class=structlog.make_filtering_bound_logger(0)
        )
        monkeypatch.setattr(module, "log", log)
    return found.entries


@contextmanager
def running(queue):
    thread = threading.Thread(target=queue.run)
    thread.start()
    try:
        yield thread
    finally:
        queue.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


def publish(database, topic, *subjects):
    with database.unit(write=True) as session:
        for subject in subjects:
            work.publish(session, topic, subject, due_at=utc_now())


def wait_for(check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def read_rows(database):
    with database.unit(write=False) as session:
        return list(session.scalars(select(work.Work).order_by(work.Work.id)))


def read_runs(database):
    with database.unit(write=False) as session:
        return list(session.scalars(select(work.JobRun).order_by(work.JobRun.id)))


def test_a_consumer_is_one_thing():
    for wrong in ({}, {"run": lambda *_: None, "flow": lambda *_: None}):
        with pytest.raises(TypeError, match="exactly one"):
            Consumer("topic", "one", **wrong)


def test_a_row_with_the_id_of_one_that_was_done_need_not_wait(make_queue):
    done = []
    queue, database = make_queue(
        Consumer("topic", "one", lambda _, subject, __: done.append(subject))
    )
    for subject in ("first", "second"):
        publish(database, "topic", subject)
        with database.unit(write=True) as session:
            session.execute(update(work.Work).values(id=1))
        queue.sweep()
        assert queue.short.do_next()
    assert done == ["first", "second"]


def test_a_flow_has_units_of_its_own(make_queue):
    def flow(database, subject, now):
        for step in range(2):
            with database.unit(write=True) as session:
                work.publish(session, "after", f"{subject} {step}", due_at=now)

    queue, database = make_queue(
        Consumer("long", "one", flow=flow), Consumer("after", "one", lambda *_: None)
    )
    publish(database, "long", "x")
    with running(queue):
        wait_for(lambda: [run.outcome for run in read_runs(database)] == ["done"] * 3)
    assert read_rows(database) == []
    first, *others = read_runs(database)
    assert (first.topic, first.worker, first.attempt) == ("long", queue.name, 1)
    assert first.finished_at >= first.started_at
    assert sorted(run.subject for run in others) == ["x 0", "x 1"]


def count_long(queue):
    held = list(queue.hands.held.values())
    return len([hand for hand in held if hand.claimed.topic == "long"])


def test_long_work_never_keeps_short_work_waiting(make_queue):
    may_end = threading.Event()
    done = []
    queue, database = make_queue(
        Consumer("long", "one", flow=lambda *_: may_end.wait(30)),
        Consumer("short", "one", lambda _, subject, __: done.append(subject)),
        threads=4,
    )
    publish(database, "long", *"abcdef")
    with running(queue):
        wait_for(lambda: count_long(queue) == 2)  # no more than its half of the threads
        for number in range(3):
            began = time.monotonic()
            publish(database, "short", str(number))
            wait_for(lambda: len(done) == number + 1)  # noqa: B023 it is asked at once
            assert time.monotonic() - began < 4
        assert count_long(queue) == 2
        may_end.set()
        wait_for(lambda: not read_rows(database), 30)


def test_failures_are_written_down_and_tried_again(make_queue, lines):
    def fail(_session, subject, _now):
        raise {"expected": Conflict("Not now."), "other": ValueError("token=canary\nmore")}[subject]

    queue, database = make_queue(Consumer("topic", "one", fail))
    publish(database, "topic", "expected", "other")
    queue.sweep()
    while queue.short.do_next():
        pass
    assert [(run.outcome, run.error) for run in read_runs(database)] == [
        ("failed", "Not now."),
        ("failed", "ValueError: token=[hidden]"),
    ]
    assert [line["event"] for line in lines] == ["work_failed"] * 2
    assert [(row.attempts, row.claimed_by) for row in read_rows(database)] == [(1, None)] * 2
    assert queue.sweep() == 0  # due later


def test_the_end_gives_back_what_does_not_listen(make_queue):
    may_end = threading.Event()
    queue, database = make_queue(Consumer("long", "deaf", flow=lambda *_: may_end.wait(30)))
    publish(database, "long", "x")
    with running(queue):
        wait_for(lambda: queue.hands.held)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert queue.is_busy
    [row], [run] = read_rows(database), read_runs(database)
    assert (row.claimed_by, row.claimed_until, row.attempts) == (None, None, 0)
    assert (run.outcome, run.error) == ("lost", "Its worker stopped before it was done.")
    may_end.set()  # its late end finds the claim gone, and leaves the row to the next
    wait_for(lambda: not queue.is_busy)
    assert len(read_rows(database)) == 1


def test_the_end_is_heard_by_flows_that_ask(make_queue):
    def flow(*_):
        while not is_stopping():
            time.sleep(0.01)
        raise Stopped

    queue, database = make_queue(Consumer("long", "polite", flow=flow), shutdown_seconds=30)
    publish(database, "long", "x")
    with running(queue):
        wait_for(lambda: queue.hands.held)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    [row], [run] = read_rows(database), read_runs(database)
    assert (row.claimed_by, row.attempts, run.outcome) == (None, 0, "lost")
    assert not is_stopping()  # outside a worker nobody is stopped


def test_who_loses_its_claim_stops_and_changes_nothing(make_queue):
    heard = threading.Event()

    def flow(*_):
        while not is_stopping():
            time.sleep(0.01)
        heard.set()

    queue, database = make_queue(Consumer("long", "slow", flow=flow))
    publish(database, "long", "x")
    queue.sweep()
    thread = threading.Thread(target=queue.long.do_next)
    thread.start()
    wait_for(lambda: queue.hands.held)
    queue.beat()
    assert not heard.is_set()
    with database.unit(write=True) as session:
        session.execute(update(work.Work).values(claimed_until=utc_now() - work.LEASE))
        [row_id] = work.list_due(session, now=utc_now())
        taken = work.claim(session, row_id, worker="other", now=utc_now())
    queue.beat()
    thread.join(timeout=10)
    assert heard.is_set()
    [row] = read_rows(database)
    assert row.claimed_by == taken.run_id
    assert [run.outcome for run in read_runs(database)] == ["lost", "running"]


def test_a_queue_that_is_away_costs_one_line_and_no_work(make_queue, lines):
    done = []
    queue, database = make_queue(
        Consumer("topic", "one", lambda _, subject, __: done.append(subject))
    )
    storage = queue.short.huey.storage
    storage.sql("alter table task rename to gone", commit=True)
    publish(database, "topic", "a")
    with running(queue):
        time.sleep(AWAY_SECONDS)
        storage.sql("alter table gone rename to task", commit=True)
        wait_for(lambda: done == ["a"])
    told = [
        (line["event"], line.get("what")) for line in lines if line["event"] in ("away", "back")
    ]
    assert told == [("away", "queue"), ("back", "queue")]


def test_a_database_that_is_away_costs_one_line(make_queue, lines, tmp_path):
    queue, _ = make_queue(url=f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
    with running(queue):
        time.sleep(AWAY_SECONDS)
    assert [line["event"] for line in lines].count("away") == 1
    assert not [line for line in lines if line["log_level"] == "error"]


def test_messages_of_others_are_dropped(make_queue, lines, settings):
    done = []
    queue, database = make_queue(
        Consumer("topic", "one", lambda _, subject, __: done.append(subject))
    )
    setup = QueueSetup(settings.data_dir, "other" * 8)
    stranger = Queue(setup, database, Metrics())
    publish(database, "topic", "a")
    stranger.sweep()
    assert queue.short.do_next()
    assert done == []
    assert [line["event"] for line in lines] == ["message_refused"]
