"""Tombstones stay as long as a process may need them, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

import portal.catalog.queries.columns
from portal.auth.core import CLI
from portal.catalog.jobs import FORGET
from portal.catalog.models import EntityTombstone
from portal.catalog.queries.columns import get_columns
from portal.catalog.service.entities import remove_entities
from portal.infra import work
from portal.infra.db import Database

HOUR = timedelta(hours=1)
GONE, LATER = "component:default/cart-service", "component:default/ledger-service"


def remove(database, ref, now):
    with database.unit(write=True) as session:
        assert remove_entities(session, CLI, [ref], run_id=1, now=now) == 1


def run_due(database, now):
    """Do what is due, as the queue does."""
    with database.unit(write=True) as session:
        for work_id in work.list_due(session, now=now):
            claimed = work.claim(session, work_id, worker="test", now=now)
            for consumer in database.contributions.consumers:
                if (consumer.topic, consumer.name) == (claimed.topic, claimed.consumer):
                    consumer.run(session, claimed.subject, now)
            work.finish(session, claimed, now=now)


def tick(database, now):
    with database.unit(write=True) as session:
        work.publish(session, FORGET, "slot", due_at=now)
    run_due(database, now)


def count(database):
    with database.unit(write=False) as session:
        return session.scalar(select(func.count()).select_from(EntityTombstone))


def test_tombstones_go_after_a_day(demo, now):
    remove(demo, GONE, now)
    tick(demo, now)
    for hour in range(1, 24):
        if hour == 5:
            remove(demo, LATER, now + 5 * HOUR)
        tick(demo, now + hour * HOUR)
        assert count(demo) == (1 if hour < 5 else 2)
    tick(demo, now + 24 * HOUR)
    assert count(demo) == 1
    tick(demo, now + 28 * HOUR)
    assert count(demo) == 1
    tick(demo, now + 29 * HOUR)
    assert count(demo) == 0
    tick(demo, now + 30 * HOUR)
    with demo.unit(write=False) as session:
        waiting = select(func.count()).where(work.Work.topic == "catalog.forget_tombstones")
        assert session.scalar(waiting) == 0


@pytest.mark.parametrize("hours", [1, 11, 13, 40])
def test_a_process_that_slept_sees_what_is_gone(demo, now, monkeypatch, hours):
    clock = [now]
    monkeypatch.setattr(portal.catalog.queries.columns, "utc_now", lambda: clock[0])
    sleeper = Database(demo.engine.url.render_as_string(hide_password=False), demo.contributions)
    with sleeper.unit(write=False) as session:
        before = len(get_columns(session))
    remove(demo, GONE, now)
    for hour in range(hours + 1):
        tick(demo, now + hour * HOUR)
    clock[0] = now + hours * HOUR
    with sleeper.unit(write=False) as session:
        assert len(get_columns(session)) == before - 1
    sleeper.dispose()
