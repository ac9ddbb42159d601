"""Workers as processes: killed, stopped, without their database, and beside `portal serve`."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
import requests

from tests.serve.test_serve import PORTAL, children_of, environment
from tests.standins.jobsite import Site, wait_for
from tests.standins.long_jobs import TOPIC

__all__ = ["environment"]


@pytest.fixture
def site(environment, tmp_path):
    found = Site(environment, tmp_path, f"sqlite:///{tmp_path / 'plumbline.db'}")
    yield found
    found.close()


def test_a_killed_worker_loses_nothing(site):
    serve = site.start("serve", PORTAL_TEST_LEASE="4")
    url = f"http://{site.environment['PORTAL_BIND']}"
    wait_for(lambda: requests.get(f"{url}/-/ready", timeout=2).ok)
    wait_for(site.workers)
    site.publish("deaf 6 a")
    wait_for(lambda: site.lines("begin"))
    victim = int(site.lines("begin")[0].split()[1])
    assert victim in children_of(serve.pid)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: site.lines("end"), 30)
    assert [run[1] for run in site.runs()] in (["lost", "running"], ["lost", "done"])
    wait_for(lambda: site.runs()[-1][1] == "done")
    first, second = (name for name, _, _ in site.runs())
    assert first.endswith(f":{victim}")
    assert second != first
    assert len(site.lines("begin")) == 2


def test_the_end_gives_work_back_at_once(site):
    first = site.start("worker", PORTAL_SHUTDOWN_SECONDS="3")
    wait_for(site.workers)
    site.publish("polite 60 a", "deaf 9 b")
    wait_for(lambda: len(site.lines("begin")) == 2)
    second = site.start("worker")
    wait_for(lambda: len(site.workers()) == 2)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=5) == 0
    # The lease of either would have lasted a minute.
    wait_for(lambda: len(site.lines("begin")) == 4, 5)
    wait_for(lambda: site.lines("end"), 15)
    assert [line.split()[1] for line in site.lines("begin")[2:]] == [str(second.pid)] * 2
    assert [run[1] for run in site.runs()][:2] == ["lost", "lost"]
    assert len(site.workers()) == 1


def test_what_is_in_hand_is_finished_first(site):
    worker = site.start("worker")
    wait_for(site.workers)
    site.publish("deaf 2 a")
    wait_for(lambda: site.lines("begin"))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=9) == 0
    assert len(site.lines("end")) == 1
    assert [run[1] for run in site.runs()] == ["done"]


def test_serve_leaves_work_to_others_where_it_is_told_to(site):
    serve = site.start("serve", PORTAL_EMBEDDED_WORKER="0")
    url = f"http://{site.environment['PORTAL_BIND']}"
    wait_for(lambda: requests.get(f"{url}/-/ready", timeout=2).ok)
    assert len(children_of(serve.pid)) == 1
    site.publish("deaf 0 a")
    time.sleep(3)
    assert site.lines("begin") == []
    site.start("worker")
    wait_for(lambda: site.lines("end"))
    # The worker beside it adds to the same numbers, and takes none away.
    wait_for(lambda: f'topic="{TOPIC}"' in requests.get(f"{url}/-/metrics", timeout=5).text)
    assert "plumbline_http_request" in requests.get(f"{url}/-/metrics", timeout=5).text


def test_a_database_that_is_away_is_waited_for(environment, tmp_path):
    log = tmp_path / "worker.log"
    away = {**environment, "PORTAL_DATABASE_URL": "postgresql://ana:canary@127.0.0.1:1/x"}
    with log.open("wb") as target:
        worker = subprocess.Popen([PORTAL, "worker"], env=away, stderr=target)
    try:
        wait_for(lambda: "away" in log.read_text("utf-8"))
        time.sleep(3)
        assert worker.poll() is None
        [line] = log.read_text("utf-8").splitlines()
        assert "127.0.0.1:1" in line
        assert "canary" not in line
    finally:
        worker.terminate()
        worker.wait(timeout=10)
