"""The limits of one call and the time it has left; every layer below looks here.

A call is everything between asking and having the answer: lookups, connections, TLS, bodies,
redirects, repetitions. The running call is found through a context variable, because the
libraries in between hand nothing through.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.infra.outbound.addresses import judge
from portal.infra.outbound.errors import Refused, TimedOut, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from portal.infra.outbound.targets import Target
    from portal.settings.outbound import AllowedRange

LOOKUPS_AT_ONCE = 16
OWN_PATH = "/-/metrics"
_lookups = threading.BoundedSemaphore(LOOKUPS_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take; `total_seconds` covers everything, the rest one step of it."""

    total_seconds: float = 10.0
    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    body_bytes: int = 2_000_000
    header_bytes: int = 65_536
    redirects: int = 3
    retries: int = 2
    pause_seconds: float = 5.0
    parallel: int = 4


def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses the system's resolver gives for `host`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Connect to an address that was judged; never to a name."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(seconds)
        opened.connect((address, port))
    except BaseException:
        opened.close()
        raise
    return opened


@dataclass(frozen=True, slots=True)
class Wire:
    """Where the portal ends and the world begins; tests put their own world here."""

    look_up: Callable[[str, int], Sequence[str]] = look_up
    dial: Callable[[str, int, float], socket.socket] = dial
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be called: the allow list and, for calls to itself, the portal's own port."""

    allow: tuple[AllowedRange, ...] = ()
    limits: Limits = field(default_factory=Limits)
    wire: Wire = field(default_factory=Wire)
    own_port: int | None = None

    def check(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        own_ports: frozenset[int] = frozenset(),
    ) -> None:
        """Raise Refused unless every one of the addresses may be called."""
        for address in addresses:
            judgement = judge(address, port, self.allow, own_ports)
            if not judgement.allowed:
                raise Refused(
                    f"{host}:{port} may not be called: an address of it {judgement.reason}.",
                    fix="If it is meant to be called, an operator lists its range and port in "
                    "PORTAL_OUTBOUND_ALLOW.",
                )

    def check_own(self, opened: socket.socket, path: str) -> None:
        """Raise Refused where a connection leads back to the portal, except to its metrics."""
        peer, here = opened.getpeername(), opened.getsockname()
        is_here = peer[0] == here[0] or peer[0].startswith("127.") or peer[0] == "::1"
        if is_here and peer[1] == self.own_port and path.partition("?")[0] != OWN_PATH:
            raise Refused(f"The portal calls nothing of its own but {OWN_PATH}.")


class Call:
    """One running call: its limits, its end, and where it has been."""

    def __init__(self, limits: Limits, *, identity_only: bool = False) -> None:
        self.limits = limits
        self.identity_only = identity_only
        self.began = time.monotonic()
        self.ends = self.began + limits.total_seconds
        self.at: Target | None = None

    @property
    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Return the seconds left; zero or less when it is over."""
        return self.ends - time.monotonic()

    def allot(self, seconds: float | None) -> float:
        """Return `seconds` or what is left, whichever is less; raises TimedOut at the end."""
        left = self.left
        if left <= 0:
            raise self.explain_end()
        return left if seconds is None else min(seconds, left)

    def explain_end(self) -> TimedOut:
        """Return the error of a call whose time is over."""
        where = self.at.label if self.at else "The other side"
        return TimedOut(
            f"{where} was not done within {self.limits.total_seconds:g} seconds.",
            fix="Try again later, or ask for less.",
        )

    def arrive(self, target: Target) -> bool:
        """Note the next hop; returns whether the origin changed, refuses the way back to http."""
        before, self.at = self.at, target
        if before and before.scheme == "https" and target.scheme == "http":
            raise Refused(
                f"{before.label} redirects to {target.label}, which is not encrypted.",
                fix="Give the address that it redirects to, if that is wanted.",
            )
        return before is not None and before != target


_running: ContextVar[Call | None] = ContextVar("outbound_call", default=None)


def current_call() -> Call:
    """Return the running call; outside of one a fresh call with the usual limits."""
    return _running.get() or Call(Limits())


@contextmanager
def calling(limits: Limits, *, identity_only: bool = False) -> Iterator[Call]:
    """Run one call; within another one, that one goes on and its end holds."""
    running = _running.get()
    if running is not None:
        yield running
        return
    call = Call(limits, identity_only=identity_only)
    token = _running.set(call)
    try:
        yield call
    finally:
        _running.reset(token)


def resolve(gate: Gate, host: str, port: int, call: Call) -> Sequence[str]:
    """Return the addresses of a name, at the latest when the call is over.

    A lookup cannot be stopped, only left alone; so it runs in a thread of its own, and no more
    than a few do at the same time.
    """
    found: list[Sequence[str] | Exception] = []
    done = threading.Event()

    def run() -> None:
        try:
            found.append(gate.wire.look_up(host, port))
        except (OSError, UnicodeError) as error:
            found.append(error)
        finally:
            _lookups.release()
            done.set()

    if not _lookups.acquire(timeout=call.allot(None)):
        raise Unreachable("Too many names are being looked up.", fix="Try again later.")
    threading.Thread(target=run, daemon=True, name="outbound-lookup").start()
    is_done = done.wait(call.allot(None))
    if not is_done or not found or isinstance(found[0], Exception) or not found[0]:
        call.allot(None)
        raise Unreachable(f"The name {host} cannot be resolved.", fix="Check how it is spelled.")
    return found[0]
