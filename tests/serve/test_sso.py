"""`make run SSO=1`: one command, a provider beside the portal, and nothing left afterwards."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(ROOT / "tests" / "standins" / "sso.py")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "PORTAL_DATA_DIR": str(tmp_path),
        "PORTAL_BIND": f"127.0.0.1:{free_port()}",
        "PORTAL_LOG_LEVEL": "warning",
        "SSO_PORT": str(free_port()),
    }


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/-/ready", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("it did not get ready")


def test_somebody_of_the_demo_signs_in_and_everything_ends(environment):
    url = f"http://{environment['PORTAL_BIND']}"
    process = subprocess.Popen(COMMAND, env=environment)
    try:
        wait_until_ready(url)
        browser = requests.Session()
        page = browser.get(f"{url}/auth/demo/begin?next=/catalog", timeout=10)
        assert page.url.startswith(f"http://127.0.0.1:{environment['SSO_PORT']}/")
        landed = browser.post(page.url, data={"sub": "marit.solheim-adu"}, timeout=10)
        assert landed.url == f"{url}/catalog"
        account = browser.get(f"{url}/account", timeout=10).text
        assert "Marit Solheim-Adu" in account
        assert "group buyer-experience of demo" in account
        assert re.search(r"\badmin\b", account)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
    assert not is_open(int(environment["SSO_PORT"]))
    assert not is_open(int(environment["PORTAL_BIND"].rpartition(":")[2]))


def test_a_taken_port_is_one_line(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            COMMAND,
            env={**environment, "SSO_PORT": port},
            text=True,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"127.0.0.1:{port} is taken; stop what listens there, or set SSO_PORT."
    ]


def test_a_portal_that_cannot_start_takes_the_provider_along(environment):
    done = subprocess.run(
        COMMAND,
        env={**environment, "PORTAL_NONSENSE": "1"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert "PORTAL_NONSENSE" in done.stderr
    assert not is_open(int(environment["SSO_PORT"]))
