"""Sockets for other protocols than HTTP pass the same gate, and only that."""

from __future__ import annotations

import socket

import pytest

from portal.infra.outbound import Gate, Limits, Refused, Unreachable, Wire, open_socket
from portal.settings.outbound import parse_allow_list
from tests.unit.outbound.servers import PUBLIC

# Connecting anywhere else fails the test.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
LIMITS = Limits(total_seconds=2)


class World:
    """Names and a wire; `dialled` keeps where connections went."""

    def __init__(self, **names) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.dialled, self.kept = [], []

    def look_up(self, host, _port):
        return self.names[host]

    def dial(self, address, port, _seconds):
        self.dialled.append((address, port))
        if len(self.dialled) < self.refusals:
            raise ConnectionRefusedError
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return socket.create_connection(listener.getsockname())

    refusals = 0

    def gate(self, allow="", **options):
        return Gate(parse_allow_list(allow), LIMITS, Wire(self.look_up, self.dial), **options)


def test_ssh_may_use_its_own_port_and_no_other_protocols():
    world = World(git_example=[PUBLIC])
    open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh").close()
    assert world.dialled == [(PUBLIC, 22)]
    for port in (25, 3306, 6379):
        with pytest.raises(Refused, match="speaks another protocol"):
            open_socket(world.gate(), "git.example", port, LIMITS, scheme="ssh")
    with pytest.raises(Refused, match="speaks another protocol"):
        open_socket(world.gate(), "git.example", 22, LIMITS, scheme="other")
    assert len(world.dialled) == 1


@pytest.mark.parametrize(
    "found", [["10.0.0.1"], [PUBLIC, "127.0.0.1"], ["169.254.169.254"], ["::ffff:7f00:1"]]
)
def test_one_bad_address_is_enough(found):
    world = World(git_example=found)
    with pytest.raises(Refused, match="may not be called"):
        open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh")
    assert world.dialled == []


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "-oProxyCommand=x", "", "a b", "10.0.0.1"])
def test_odd_hosts_are_refused(host):
    world = World()
    with pytest.raises(Refused):
        open_socket(world.gate(), host, 22, LIMITS, scheme="ssh")
    assert world.dialled == []


def test_a_listed_range_may_be_called_at_the_ports_it_names():
    world = World(git_example=["10.0.0.1"])
    open_socket(world.gate("10.0.0.0/8"), "git.example", 22, LIMITS, scheme="ssh").close()
    with pytest.raises(Refused):
        open_socket(world.gate("10.0.0.0/8:2222"), "git.example", 22, LIMITS, scheme="ssh")
    with pytest.raises(Refused):
        open_socket(world.gate("10.0.0.0/8"), "git.example", 25, LIMITS, scheme="ssh")


def test_the_next_address_is_tried_and_the_end_is_said():
    world = World(git_example=[PUBLIC, "93.184.216.35"])
    world.refusals = 2
    open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh").close()
    assert [address for address, _ in world.dialled] == [PUBLIC, "93.184.216.35"]
    world.refusals = 9
    with pytest.raises(Unreachable, match=r"ssh://git.example:22 did not answer"):
        open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh")
