"""Runs rows of the `work` table. Huey carries row ids; what it loses, the sweep finds again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from huey import SqliteHuey
from huey.serializer import SignedSerializer

from portal.errors import Unavailable
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portal.infra.contributions import Contributions
    from portal.infra.db import Database
    from portal.infra.metrics import Metrics

SWEEP_SECONDS = 1.0
RESEND_SECONDS = 30.0
log = get_logger("queue")


class Queue:
    """The background work of one process: Huey's consumer and the sweep that feeds it."""

    def __init__(self, folder: Path, secret: str, database: Database, metrics: Metrics) -> None:
        self.database = database
        self.metrics = metrics
        self.contributions: Contributions = database.contributions
        self._sent: dict[int, float] = {}
        self._stop = threading.Event()
        self.huey = SqliteHuey(
            "plumbline",
            filename=str(folder / "queue.db"),
            serializer=SignedSerializer(secret=secret, salt="plumbline.queue"),
            results=False,
        )
        self._task = self.huey.task(name="work")(self.perform)

    def perform(self, work_id: int) -> None:
        """Do one row and forget that it was sent: a later one may get the same id."""
        try:
            self._perform(work_id)
        finally:
            self._sent.pop(work_id, None)

    def _perform(self, work_id: int) -> None:
        """Claim, work, finish, each in a unit of its own; a failure gives the row back."""
        with self.database.unit(write=True) as session:
            claimed = work.claim(session, work_id, now=utc_now())
        if claimed is None:
            return
        consumer = next(
            (
                c
                for c in self.contributions.consumers
                if (c.topic, c.name) == (claimed.topic, claimed.consumer)
            ),
            None,
        )
        try:
            if consumer is not None and consumer.flow is not None:
                consumer.flow(self.database, claimed.subject, utc_now())
            elif consumer is not None and consumer.run is not None:
                with self.database.unit(write=True) as session:
                    consumer.run(session, claimed.subject, utc_now())
        except Exception:
            log.exception("work_failed", topic=claimed.topic, subject=claimed.subject)
            self.metrics.work.labels(claimed.topic, "failed").inc()
            with self.database.unit(write=True) as session:
                work.give_back(session, claimed, now=utc_now())
            return
        with self.database.unit(write=True) as session:
            work.finish(session, claimed)
        self.metrics.work.labels(claimed.topic, "done").inc()

    def sweep(self) -> int:
        """Publish the next slots, enqueue what is due; returns how many were enqueued."""
        now = utc_now()
        with self.database.unit(write=False) as session:
            due = work.list_due(session, now=now)
        if not due:
            self._publish_slots()
        stamp = now.timestamp()
        for sent, moment in list(self._sent.items()):
            if stamp - moment >= RESEND_SECONDS:
                self._sent.pop(sent, None)
        fresh = [i for i in due if i not in self._sent]
        for work_id in fresh:
            self._sent[work_id] = stamp
            self._task(work_id)
        return len(fresh)

    def _publish_slots(self) -> None:
        if not self.contributions.periodic:
            return
        with self.database.unit(write=True) as session:
            for job in self.contributions.periodic:
                work.publish_slot(session, job.name, job.every_seconds, now=utc_now())

    def run(self, on_started: Callable[[], None]) -> None:
        """Work until `stop` is called; a database that is away is tried again each second.

        `on_started` runs once Huey has set its own signal handlers, so that ours can follow.
        """
        consumer = self.huey.create_consumer(
            workers=4, max_delay=1.0, periodic=False, check_worker_health=True, scheduler_interval=1
        )
        consumer.start()
        on_started()
        try:
            while not self._stop.wait(SWEEP_SECONDS):
                try:
                    self.sweep()
                except Unavailable as error:
                    log.warning("sweep_failed", reason=error.detail)
                except Exception:
                    log.exception("sweep_failed")
        finally:
            consumer.stop(graceful=True)

    def stop(self) -> None:
        """Ask `run` to end after the row in hand."""
        self._stop.set()
