"""Background work of one process: lanes, the sweep that feeds them, the beat that keeps claims."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.errors import Unavailable
from portal.infra import work
from portal.infra.db import read_clock
from portal.infra.logs import get_logger
from portal.infra.queue.hands import Hands
from portal.infra.queue.lanes import Lane, describe_redis, make_huey
from portal.infra.queue.outages import Outage

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from portal.infra.contributions import Contributions
    from portal.infra.db import Database
    from portal.infra.metrics import Metrics

SWEEP_SECONDS = 1.0
BEAT_SECONDS = 15.0
LOOK_AFTER_SECONDS = 10.0
MOST_SENT = 100
RESEND_SECONDS = 10.0
LONG_RESEND_SECONDS = 5.0
# What is left of the time to stop goes to giving back what is not done.
GIVE_BACK_SECONDS = 1.0
log = get_logger("queue")


@dataclass(frozen=True, slots=True)
class QueueSetup:
    """Where messages go, who signs them, how many threads there are, how long the end may take."""

    folder: Path
    secret: str
    redis_url: str = ""
    threads: int = 4
    shutdown_seconds: float = 8


class Queue:
    """What a worker does, from `run` to `stop`."""

    def __init__(self, setup: QueueSetup, database: Database, metrics: Metrics) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._setup = setup
        self._database = database
        self._contributions: Contributions = database.contributions
        self._flows = {(c.topic, c.name) for c in self._contributions.consumers if c.flow}
        self._outage = Outage("database", database.where)
        where = describe_redis(setup.redis_url) if setup.redis_url else str(setup.folder)
        self._queue_outage = Outage("queue", where)
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._started_at: datetime | None = None
        self.hands = Hands(database, metrics, self._outage, worker=self.name, stop=self._stop)
        self.short, self.long = self._make_lanes()

    def _make_lanes(self) -> tuple[Lane, Lane]:
        """Return the lanes of short and of long work; half of the threads belong to each."""
        long = max(1, self._setup.threads // 2)
        short = max(1, self._setup.threads - long) if self._flows else self._setup.threads
        return (
            self._make_lane("plumbline", short, MOST_SENT, RESEND_SECONDS),
            self._make_lane("plumbline_long", long, long, LONG_RESEND_SECONDS),
        )

    def _make_lane(self, name: str, threads: int, most_sent: int, resend: float) -> Lane:
        setup = self._setup
        lane = Lane(
            make_huey(name, setup.secret, setup.folder, setup.redis_url),
            self._queue_outage,
            threads=threads,
            most_sent=most_sent,
            resend_seconds=resend,
        )
        lane.listen(self.hands.perform)
        return lane

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Return the lanes that anything could stand in."""
        return (self.short, self.long) if self._flows else (self.short,)

    def sweep(self) -> int:
        """Publish the next slots, enqueue what is due; returns how many rows were enqueued."""
        asked = time.monotonic()
        periodic = self._contributions.periodic
        with self._database.unit(write=False) as session:
            now = read_clock(session)
            due = {lane: self._list_due(session, lane, now) for lane in self.lanes}
            behind = work.list_behind(session, periodic, now=now)
        if behind:
            with self._database.unit(write=True) as session:
                now = read_clock(session)
                for job in sorted(behind, key=lambda job: job.name):  # one order: no deadlock
                    work.publish_slot(session, job.name, job.every_seconds, now=now)
        self._outage.end(asked)
        return sum(lane.send(ids) for lane, ids in due.items())

    def _list_due(self, session: Session, lane: Lane, now: datetime) -> list[int]:
        if lane is self.long:
            return work.list_due(session, now=now, limit=lane.reach, among=self._flows)
        return work.list_due(session, now=now, limit=lane.reach, leave_out=self._flows)

    def run(self) -> None:
        """Work until `stop` is called; whatever is away is tried again each second."""
        log.info("worker_started", worker=self.name, where=self._queue_outage.where)
        for lane in self.lanes:
            lane.start()
        beats = threading.Thread(target=self._beat_on, name="beat", daemon=True)
        beats.start()
        looked = time.monotonic()
        try:
            while not self._stop.wait(SWEEP_SECONDS):
                self._try_sweep()
                if time.monotonic() - looked >= LOOK_AFTER_SECONDS:
                    looked = time.monotonic()
                    for lane in self.lanes:
                        lane.look_after()
        finally:
            self._end()

    def _try_sweep(self) -> None:
        try:
            self.sweep()
        except Unavailable as error:
            self._outage.begin(error.detail)
        except Exception:
            log.exception("sweep_failed")

    def _beat_on(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = BEAT_SECONDS
            try:
                self.beat()
            except Unavailable as error:
                self._outage.begin(error.detail)
                pause = SWEEP_SECONDS
            except Exception:
                log.exception("beat_failed")

    def beat(self) -> None:
        """Report this worker, and renew the claims of what is in hand."""
        with self._database.unit(write=True) as session:
            now = read_clock(session)
            self._started_at = self._started_at or now
            work.beat(
                session,
                self.name,
                started_at=self._started_at,
                threads=sum(lane.threads for lane in self.lanes),
                now=now,
            )
            self.hands.renew(session, now=now)

    def stop(self) -> None:
        """Ask `run` to end after the rows in hand."""
        self._stop.set()

    @property
    def is_busy(self) -> bool:
        """Whether something is still in hand, such as a flow that did not ask whether to stop."""
        return bool(self.hands.held)

    def _end(self) -> None:
        """Let what is in hand finish, give back what does not in time, say goodbye."""
        self._stop.set()
        deadline = time.monotonic() + max(0.5, self._setup.shutdown_seconds - GIVE_BACK_SECONDS)
        for lane in self.lanes:
            lane.close()
        for lane in self.lanes:
            lane.join(max(0.0, deadline - time.monotonic()))
        self._ended.set()
        try:
            with self._database.unit(write=True) as session:
                self.hands.give_back_all(session, now=read_clock(session))
                work.leave(session, self.name)
        except Exception as error:  # noqa: BLE001 the leases run out by themselves
            log.warning("goodbye_failed", reason=type(error).__name__)
