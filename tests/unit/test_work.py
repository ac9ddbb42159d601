"""The work table: whatever happens in whatever order, no change is lost and no claim is shared."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.errors import DatabaseUnavailable
from portal.infra import work
from portal.infra.contributions import Consumer, Contributions
from portal.infra.db import Database
from portal.infra.work import runs

STEPS = (
    *("publish", "claim", "claim", "renew", "work", "work", "finish", "finish"),
    *("give back", "release", "kill", "lapse", "wait"),
)
LAPSE = work.LEASE + timedelta(seconds=1)


@pytest.fixture
def busy(settings, database):
    found = Database(
        settings.resolved_database_url,
        Contributions(consumers=(Consumer("topic", "one", lambda *_: None),)),
    )
    yield found
    found.dispose()


@dataclass
class Worker:
    """What one worker believes: which claim is its own, and which change it has seen."""

    claimed: work.Claim | None = None
    read: int = -1


class Play:
    """Two workers and a publisher over one row, and what must be true of them."""

    def __init__(self, now, rng) -> None:
        self.now, self.rng = now, rng
        self.workers = [Worker(), Worker()]
        self.holder: Worker | None = None
        self.changed = self.seen = self.claims = 0

    def step(self, session):
        name, worker = self.rng.choice(STEPS), self.rng.choice(self.workers)
        getattr(self, name.replace(" ", "_"))(session, worker)

    def publish(self, session, _worker):
        self.changed += 1
        work.publish(session, "topic", "subject", due_at=self.now)

    def claim(self, session, worker):
        due = work.list_due(session, now=self.now)
        if worker.claimed is None and due:
            worker.claimed = work.claim(session, due[0], worker="w", now=self.now)
            assert worker.claimed is not None
            worker.read, self.holder = -1, worker
            self.claims += 1

    def work(self, _session, worker):
        if worker.claimed is not None:
            worker.read = self.changed

    def renew(self, session, worker):
        if worker.claimed is not None:
            kept = work.renew(session, [worker.claimed], now=self.now)
            assert bool(kept) == (worker is self.holder)

    def finish(self, session, worker):
        if worker.claimed is not None and worker.read >= 0:
            is_ours = work.finish(session, worker.claimed, now=self.now)
            if is_ours:
                self.seen = max(self.seen, worker.read)
            self._let_go(worker, is_ours=is_ours)

    def give_back(self, session, worker):
        if worker.claimed is not None:
            is_ours = work.give_back(session, worker.claimed, error="no", now=self.now)
            self._let_go(worker, is_ours=is_ours)

    def release(self, session, worker):
        if worker.claimed is not None:
            is_ours = work.release(session, worker.claimed, reason="end", now=self.now)
            self._let_go(worker, is_ours=is_ours)

    def kill(self, _session, worker):
        worker.claimed = None

    def lapse(self, _session, _worker):
        self.now += LAPSE

    def wait(self, _session, _worker):
        self.now += timedelta(hours=1)

    def _let_go(self, worker, *, is_ours):
        assert is_ours == (worker is self.holder)
        worker.claimed = None
        if is_ours:
            self.holder = None


@pytest.mark.parametrize("seed", range(25))
def test_every_change_is_seen_after_it_happened(busy, now, seed):
    play = Play(now, random.Random(seed))
    for _ in range(80):
        with busy.unit(write=True) as session:
            play.step(session)
    with busy.unit(write=True) as session:
        left = work.list_due(session, now=play.now + timedelta(hours=2))
        assert left or play.seen == play.changed
        found = dict(
            session.execute(
                select(work.JobRun.outcome, func.count()).group_by(work.JobRun.outcome)
            ).all()
        )
    assert sum(found.values()) == play.claims  # one run for each claim
    assert found.get(work.RUNNING, 0) <= 1  # who lost a lease is written down as lost


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


def take(session, now, worker="w"):
    [row] = work.list_due(session, now=now)
    return work.claim(session, row, worker=worker, now=now)


def list_runs(session):
    rows = session.execute(
        select(
            work.JobRun.worker, work.JobRun.attempt, work.JobRun.outcome, work.JobRun.error
        ).order_by(work.JobRun.id)
    )
    return [tuple(row) for row in rows]


def test_a_claim_is_exclusive_until_it_expires(busy, now):
    assert timedelta(seconds=60) == work.LEASE
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        first = take(session, now, "first")
        assert first is not None
        assert work.claim(session, first.id, worker="second", now=now) is None
        assert work.renew(session, [first], now=now + work.LEASE / 2) == {first.run_id}
        assert work.list_due(session, now=now + LAPSE) == []
        later = now + work.LEASE / 2 + LAPSE
        second = take(session, later, "second")
        assert second is not None
        assert second.run_id != first.run_id
        # What the first one does now changes nothing.
        assert work.renew(session, [first, second], now=later) == {second.run_id}
        assert not work.finish(session, first, now=later)
        assert not work.give_back(session, first, error="late", now=later)
        assert not work.release(session, first, reason="late", now=later)
        assert list_runs(session) == [
            ("first", 1, "lost", "Its worker did not report for a minute."),
            ("second", 2, "running", ""),
        ]
        assert work.finish(session, second, now=later)
        assert list_runs(session)[1] == ("second", 2, "done", "")


def test_a_failure_waits_longer_each_time_and_a_release_does_not(busy, now):
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        for seconds in (5, 10, 20):
            work.give_back(session, take(session, now), error="broken", now=now)
            assert work.list_due(session, now=now + timedelta(seconds=seconds - 1)) == []
            now += timedelta(seconds=seconds)
            held = take(session, now)
            work.release(session, held, reason="end", now=now)
            assert held.attempts == session.scalar(select(work.Work.attempts)) + 1
        assert [run[2] for run in list_runs(session)] == ["failed", "lost"] * 3


def test_what_is_published_while_it_fails_is_due_at_once(busy, now):
    with busy.unit(write=True) as session:
        work.publish(session, "topic", "subject", due_at=now)
        held = take(session, now)
        work.publish(session, "topic", "subject", due_at=now)
        assert work.give_back(session, held, error="broken", now=now)
        assert len(work.list_due(session, now=now)) == 1


def test_rows_are_chosen_by_who_works_on_them(settings, database, now):
    names = (("a", "one"), ("a", "two"), ("b", "one"))
    found = Database(
        settings.resolved_database_url,
        Contributions(consumers=tuple(Consumer(*name, lambda *_: None) for name in names)),
    )
    with found.unit(write=True) as session:
        for topic in ("a", "b"):
            work.publish(session, topic, "subject", due_at=now)
        assert len(work.list_due(session, now=now)) == 3
        assert len(work.list_due(session, now=now, limit=2)) == 2
        assert len(work.list_due(session, now=now, among={("a", "two")})) == 1
        assert len(work.list_due(session, now=now, leave_out={("a", "two")})) == 2
        assert work.list_due(session, now=now, among=set()) == []
    found.dispose()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("one\nTraceback"), "ValueError: one"),
        (ValueError(), "ValueError"),
        (RuntimeError("GET https://bot:canary@git.test/x"), "git.test"),
        (RuntimeError("token=canary sent\0"), "token=[hidden] sent "),
        (DatabaseUnavailable("host canary, user canary"), "The database did not answer."),
        (RuntimeError("x" * 1000), "xxx"),
        (RuntimeError("half \ud800 letter"), "half ? letter"),
    ],
)
def test_an_error_is_one_line_without_secrets(error, told):
    line = work.tell_error(error)
    assert told in line
    assert "canary" not in line
    assert "\n" not in line
    assert len(line) <= 400


def test_runs_are_forgotten_but_trouble_stays_longer(busy, now, monkeypatch):
    monkeypatch.setattr(runs, "NEWEST_KEPT", 3)
    monkeypatch.setattr(runs, "MOST_TROUBLE_KEPT", 6)
    days = timedelta(days=1)
    with busy.unit(write=True) as session:
        for topic, outcome, age in (
            *(("full", "failed", 20 * days),) * 9,
            ("a", "failed", 31 * days),
            ("a", "lost", 29 * days),
            ("a", "done", days),
            ("a", "running", 2 * days),
            *(("a", "done", days),) * 3,
            *(("b", "done", 99 * days),) * 2,
        ):
            session.add(
                work.JobRun(
                    topic=topic,
                    subject="s",
                    consumer="c",
                    worker="w",
                    attempt=1,
                    started_at=now - age,
                    outcome=outcome,
                )
            )
        session.flush()
        assert work.forget_runs(session, now=now) == 5
        assert work.forget_runs(session, now=now) == 0
        left = session.execute(
            select(work.JobRun.topic, work.JobRun.outcome).order_by(work.JobRun.id)
        ).all()
    assert left == [
        *[("full", "failed")] * 6,
        ("a", "lost"),
        ("a", "lost"),  # it ran on, but no row knows of it
        *[("a", "done")] * 3,
        *[("b", "done")] * 2,
    ]


def test_what_waits_is_measured(busy, now):
    with busy.unit(write=True) as session:
        assert work.measure(session, now=now) == work.Backlog(0, 0, 0.0, 0)
        for subject, due in (("a", -30), ("b", -10), ("c", 10)):
            work.publish(session, "topic", subject, due_at=now + timedelta(seconds=due))
        work.claim(session, work.list_due(session, now=now)[0], worker="w", now=now)
        for name, age in (("one:1", 0), ("two:2", 30), ("gone:3", 90)):
            seen = now - timedelta(seconds=age)
            work.beat(session, name, started_at=seen, threads=4, now=seen)
        assert work.measure(session, now=now) == work.Backlog(3, 1, 10.0, 2)
        work.leave(session, "one:1")
        assert work.measure(session, now=now).workers == 1
        work.forget_workers(session, now=now + timedelta(days=1))
        assert session.scalar(select(func.count()).select_from(work.JobWorker)) == 0
