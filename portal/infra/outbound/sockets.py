"""Sockets for what is not HTTP, such as SSH: looked up, judged and dialled as all calls are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra.outbound.calls import calling, resolve
from portal.infra.outbound.errors import Unreachable
from portal.infra.outbound.targets import Target, check_host, is_address

if TYPE_CHECKING:
    import socket

    from portal.infra.outbound.calls import Gate, Limits

# What each protocol may use of the ports that are denied to HTTP.
OWN_PORTS = {"ssh": frozenset({22})}


def open_socket(gate: Gate, host: str, port: int, limits: Limits, *, scheme: str) -> socket.socket:
    """Return a connection to `host`; raises Refused before any byte, or Unreachable.

    What is sent over it is the caller's affair: time and bytes are not capped from here on.
    """
    with calling(limits) as call:
        target = Target(scheme, host, port)
        call.arrive(target)
        check_host(host)
        addresses = [host] if is_address(host) else resolve(gate, host, port, call)
        gate.check(host, port, addresses, OWN_PORTS.get(scheme, frozenset()))
        for address in addresses:
            try:
                opened = gate.wire.dial(address, port, call.allot(limits.connect_seconds))
            except OSError:
                continue
            try:
                gate.check_own(opened, "")
            except OSError:  # whoever took the connection has ended it already
                opened.close()
                continue
            except BaseException:
                opened.close()
                raise
            return opened
        call.allot(None)
        raise Unreachable(
            f"{target.label} did not answer.", fix="Check the address, and that it runs."
        )
