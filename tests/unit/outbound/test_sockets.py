"""Sockets for other protocols than HTTP pass the same gate, and only that."""

from __future__ import annotations

import socket

import pytest

from portal.infra.outbound import Gate, Limits, Refused, Unreachable, Wire, open_socket
from portal.infra.outbound.calls import dial
from portal.settings.outbound import parse_allow_list
from tests.unit.outbound.servers import PUBLIC

# Connecting anywhere else fails the test.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
LIMITS = Limits(total_seconds=2)


class World:
    """Names and a wire; `dialled` keeps where connections went."""

    def __init__(self, **names) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.dialled = []

    def look_up(self, host, _port):
        return self.names[host]

    def dial(self, address, port, seconds):
        self.dialled.append((address, port))
        if len(self.dialled) < self.refusals:
            raise ConnectionRefusedError
        return dial("127.0.0.1", self.port, seconds)

    refusals = 0
    port = 0

    def gate(self, allow="", **options):
        return Gate(parse_allow_list(allow), LIMITS, Wire(self.look_up, self.dial), **options)


@pytest.fixture(autouse=True)
def listener(monkeypatch):
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        monkeypatch.setattr(World, "port", opened.getsockname()[1])
        yield opened


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
    with pytest.raises(Unreachable, match=r"ssh://git\.example:22 did not answer"):
        open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh")


def test_the_portal_itself_is_not_called(listener):
    world = World(git_example=[PUBLIC])
    gate = world.gate(own_port=World.port)
    with pytest.raises(Refused, match="nothing of its own"):
        open_socket(gate, "git.example", 22, LIMITS, scheme="ssh")


def test_who_hangs_up_at_once_did_not_answer(monkeypatch):
    def check_own(_gate, _opened, _path):
        raise OSError

    monkeypatch.setattr(Gate, "check_own", check_own)
    world = World(git_example=[PUBLIC, PUBLIC])
    with pytest.raises(Unreachable, match="did not answer"):
        open_socket(world.gate(), "git.example", 22, LIMITS, scheme="ssh")
    assert len(world.dialled) == 2
