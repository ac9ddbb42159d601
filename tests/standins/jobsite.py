"""A data folder, the processes that do background work over it, and what they wrote down."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import requests
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from portal.errors import Unavailable
from portal.infra import work
from portal.infra.clock import utc_now
from portal.infra.contributions import Contributions
from portal.infra.db import Database
from tests.standins.long_jobs import CONSUMER, TOPIC

LONG = str(Path(__file__).parent / "long_jobs.py")
ROOT = Path(__file__).parents[2]


def wait_for(check, seconds=15.0):
    """Return what `check` says once it says something; what is not there yet is tried again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except (requests.ConnectionError, Unavailable, DBAPIError):
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


class Site:
    """A data folder, the processes over it, and what they wrote down."""

    def __init__(self, environment, folder, url) -> None:
        self.journal = folder / "journal"
        self.log = folder / "log"
        self.environment = {
            **environment,
            "PORTAL_TEST_JOURNAL": str(self.journal),
            "PYTHONPATH": str(ROOT),
            "PORTAL_DEMO": "0",
            "PORTAL_DATABASE_URL": url,
        }
        self.database = Database(url, Contributions(consumers=(CONSUMER,)))
        self.processes = []

    def start(self, command, **extra):
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, LONG, command], env={**self.environment, **extra}, stderr=log
            )
        self.processes.append(process)
        return process

    def publish(self, *subjects):
        with self.database.unit(write=True) as session:
            for subject in subjects:
                work.publish(session, TOPIC, subject, due_at=utc_now())

    def lines(self, word):
        text = self.journal.read_text("utf-8") if self.journal.exists() else ""
        return [line for line in text.splitlines() if line.startswith(f"{word} ")]

    def runs(self, topic=TOPIC):
        """Return worker, outcome and subject of the runs of a topic, in their order."""
        with self.database.unit(write=False) as session:
            query = select(work.JobRun).where(work.JobRun.topic == topic).order_by(work.JobRun.id)
            return [(run.worker, run.outcome, run.subject) for run in session.scalars(query)]

    def workers(self):
        with self.database.unit(write=False) as session:
            return list(session.scalars(select(work.JobWorker.name)))

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.database.dispose()
