"""Attacks below HTTP's surface: clients that never finish, headers that servers believe."""

from __future__ import annotations

import socket
import time

import requests

from portal.cli.reading import LONGEST_READ_SECONDS
from tests.serve.test_serve import environment, served

__all__ = ["environment", "served"]
BEGUN = b"POST /sign-in/password HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nname="
HALF_A_HEADER = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def test_clients_that_never_finish_do_not_hold_the_portal(served):
    process, url = served
    place = url.removeprefix("http://").split(":")
    slow = [socket.create_connection((place[0], int(place[1]))) for _ in range(4)]
    for at, connection in enumerate(slow):
        connection.sendall(BEGUN if at % 2 else HALF_A_HEADER)
    time.sleep(0.5)
    began = time.monotonic()
    answer = requests.get(f"{url}/-/live", timeout=LONGEST_READ_SECONDS + 10)
    assert answer.ok
    assert time.monotonic() - began < LONGEST_READ_SECONDS + 5
    assert process.poll() is None
    for connection in slow:
        connection.close()


def test_headers_of_proxies_are_not_believed(served):
    _, url = served
    for header in ("SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Prefix", "X-Forwarded-Host"):
        answer = requests.get(f"{url}/sign-in", headers={header: "/evil.test"}, timeout=5)
        assert answer.status_code == 200, header
        assert "evil.test" not in answer.text, header
