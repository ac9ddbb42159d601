"""Servers and clients for the tests of the outbound client."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from portal.infra.outbound import (
    Gate,
    Outbound,
    Wire,
)
from portal.settings.outbound import parse_allow_list
from tests.unit.outbound.servers import (
    QUICK,
    Server,
    running,
)


@pytest.fixture(autouse=True)
def no_lookups(monkeypatch):
    def fail(*args, **kwargs):
        pytest.fail(f"the system's resolver was asked for {args[0]}")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


@pytest.fixture
def server():
    with running(Server()) as found:
        yield found


@pytest.fixture
def other():
    with running(Server()) as found:
        yield found


@pytest.fixture
def make():
    """Make a client that may call the given ports of this machine."""
    with ExitStack() as stack:

        def build(*ports, limits=QUICK, own_port=None, allow="", **wire):
            listed = ",".join(f"127.0.0.1:{port}" for port in ports)
            gate = Gate(parse_allow_list(allow or listed), limits, Wire(**wire), own_port)
            return stack.enter_context(Outbound(gate))

        yield build
