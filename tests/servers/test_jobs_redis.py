"""Two workers over a real Redis: each slot once, and nothing lost when a worker or Redis dies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from itertools import pairwise

import pytest

from portal.audit.jobs import SEAL, SEAL_EVERY_SECONDS
from tests.standins.jobsite import Site, wait_for

PASSWORD = "canary-of-redis"
SECONDS_OF_SLOTS = 22


class Redis:
    """A Redis of our own on loopback, in memory alone."""

    def __init__(self, program, folder) -> None:
        self._program, self._folder = program, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process = None

    @property
    def url(self):
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self):
        options = {
            "--bind": "127.0.0.1",
            "--port": str(self.port),
            "--save": "",
            "--appendonly": "no",
            "--requirepass": PASSWORD,
            "--dir": str(self._folder),
        }
        command = [self._program, *(word for pair in options.items() for word in pair)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self._answers)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                line.sendall(f"AUTH {PASSWORD}\r\nPING\r\n".encode())
                with line.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def redis(tmp_path):
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is missing: apt-get install redis-server")
    found = Redis(program, tmp_path)
    try:
        found.start()
        yield found
    finally:
        found.kill()


@pytest.fixture
def site(tmp_path, settings, database, redis):
    """Two workers over the database of this run; nothing is left in it but the schema."""
    environment = {
        **os.environ,
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_SECRET_KEY": settings.secret_key,
        "PORTAL_REDIS_URL": redis.url,
        "PORTAL_TEST_LEASE": "4",
    }
    found = Site(environment, tmp_path, settings.resolved_database_url)
    try:
        for _ in range(2):
            found.start("worker")
        wait_for(lambda: len(found.workers()) == 2)
        yield found
    finally:
        found.close()
    log = found.log.read_text("utf-8")
    assert PASSWORD not in log
    assert "Traceback" not in log
    assert not (tmp_path / "queue.db").exists()


def test_two_workers_do_everything_once(site):
    # More at once than one of them has hands for, so that the other has to take some.
    names = [f"deaf 1 {number}" for number in range(30)]
    site.publish(*names)
    time.sleep(SECONDS_OF_SLOTS)
    runs = site.runs(SEAL)
    slots = [int(subject) for _, _, subject in runs]
    assert len(slots) >= SECONDS_OF_SLOTS // SEAL_EVERY_SECONDS
    assert {after - before for before, after in pairwise(slots)} == {SEAL_EVERY_SECONDS}
    assert {outcome for _, outcome, _ in runs[:-1]} == {"done"}
    wait_for(lambda: len(site.lines("end")) == len(names), 30)
    assert Counter(line.split(" ", 2)[2] for line in site.lines("begin")) == Counter(names)
    # Work writes its last line before its run is put down as done.
    wait_for(lambda: {outcome for _, outcome, _ in site.runs()} == {"done"})
    # Both had their share, and what is done is done once.
    assert len({worker for worker, _, _ in site.runs()}) == 2
    assert len(site.runs()) == len(names)


def test_what_a_killed_worker_had_is_done_by_the_other(site):
    site.publish("deaf 6 a")
    wait_for(lambda: site.lines("begin"))
    victim = next(p for p in site.processes if str(p.pid) == site.lines("begin")[0].split()[1])
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    wait_for(lambda: [outcome for _, outcome, _ in site.runs()] == ["lost", "done"], 30)
    first, second = (worker for worker, _, _ in site.runs())
    assert first.endswith(f":{victim.pid}")
    assert second != first
    assert len(site.lines("end")) == 1


def test_work_goes_on_when_redis_comes_back(site, redis):
    site.publish("deaf 0 before")
    wait_for(lambda: site.lines("end"))
    redis.kill()
    site.publish("deaf 0 meanwhile")
    time.sleep(6)
    assert len(site.lines("begin")) == 1
    assert all(process.poll() is None for process in site.processes)
    redis.start()
    wait_for(lambda: len(site.lines("end")) == 2)
    site.publish("deaf 0 after")
    wait_for(lambda: len(site.lines("end")) == 3)

    def count_told() -> list[int]:
        log = site.log.read_text("utf-8")
        return [log.count(f'"event": "{word}"') for word in ("away", "back")]

    # One line each way from each worker; one that has nothing to do notices a little later.
    wait_for(lambda: count_told() == [2, 2])
    time.sleep(3)
    assert count_told() == [2, 2]
