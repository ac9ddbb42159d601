"""Connections that look up, judge and dial by themselves.

urllib3 hands over a name only here, so nothing can change between the check and the connection:
the address that was judged is the one that is dialled. The name stays what it was for the Host
header, SNI and the certificate.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from urllib3 import (
    HTTPConnectionPool,
    HTTPHeaderDict,
    HTTPSConnectionPool,
    PoolManager,
    Retry,
    Timeout,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from portal.infra.outbound.calls import calling, current_call, resolve
from portal.infra.outbound.errors import Refused
from portal.infra.outbound.reading import GuardedResponse
from portal.infra.outbound.targets import check_host, inspect_url, is_address

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from urllib3 import BaseHTTPResponse

    from portal.infra.outbound.calls import Gate

PIECE_BYTES = 16_384
# What may go along when a redirect leads to somebody else; everything else could be a secret.
HARMLESS_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})

# Its warnings hold whole URLs, query strings included.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class _Guarded(HTTPConnection):
    """The part both kinds of connection share; without a gate it connects nowhere."""

    response_class = GuardedResponse
    gate: Gate | None = None
    _path = ""

    def _new_conn(self) -> socket.socket:
        gate = self.gate
        if gate is None or self.proxy is not None:
            raise Refused("A connection past the outbound guard was stopped.")
        host, port, call = self._dns_host, self.port, current_call()
        check_host(host)
        addresses = [host] if is_address(host) else resolve(gate, host, port, call)
        gate.check(host, port, addresses)
        opened = self._dial_first(gate, addresses)
        try:
            gate.check_own(opened, self._path)
        except BaseException:
            opened.close()
            raise
        return opened

    def _dial_first(self, gate: Gate, addresses: Iterable[str]) -> socket.socket:
        """Return a connection to the first of the judged addresses that takes one."""
        failure = OSError("no address")
        call = current_call()
        for address in addresses:
            seconds = call.allot(call.limits.connect_seconds)
            try:
                return gate.wire.dial(address, self.port, seconds)
            except OSError as error:
                failure = error
        call.allot(None)
        raise NewConnectionError(self, type(failure).__name__) from failure

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Send a request; one on a kept connection is judged for its path again."""
        self._path = url
        if self.gate is not None and self.sock is not None:
            self.gate.check_own(self.sock, url)
        super().request(method, url, *args, **kwargs)

    def send(self, data: Any) -> None:
        """Send in pieces, each under the call's clock."""
        if self.sock is None:
            self.connect()
        pieces = (
            [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]
            if isinstance(data, bytes)
            else [data]
        )
        for piece in pieces:
            self.sock.settimeout(current_call().allot(current_call().limits.read_seconds))
            super().send(piece)

    def set_tunnel(self, *_args: Any, **_kwargs: Any) -> None:
        """Refuse: the guard cannot see through a proxy."""
        raise Refused("The portal calls nothing through a proxy.")


class GuardedHTTPConnection(_Guarded):
    """A plain connection through the gate."""


class GuardedHTTPSConnection(_Guarded, HTTPSConnection):
    """A TLS connection through the gate."""

    def connect(self) -> None:
        """Connect and shake hands; always with a certificate that proves the name."""
        if self.cert_reqs in ("CERT_NONE", 0) or self.assert_hostname is False:
            raise Refused(
                "The certificate check cannot be switched off.",
                fix="Give the certificate of the authority that signed the server's.",
            )
        super().connect()


class GuardedHTTPPool(HTTPConnectionPool):
    """Connections to one host over http."""

    ConnectionCls = GuardedHTTPConnection
    gate: Gate | None = None

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        cast("_Guarded", made).gate = self.gate
        return made


class GuardedHTTPSPool(HTTPSConnectionPool):
    """Connections to one host over https."""

    ConnectionCls = GuardedHTTPSConnection
    gate: Gate | None = None

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        cast("_Guarded", made).gate = self.gate
        return made


POOLS = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}


class GuardedPoolManager(PoolManager):
    """Pools whose connections go through the gate; may stand wherever urllib3's manager may."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__(**options)
        self.gate = gate
        self.pool_classes_by_scheme = cast("Any", POOLS)

    def _new_pool(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(*args, **kwargs)
        cast("GuardedHTTPPool", pool).gate = self.gate
        return pool

    def urlopen(  # type: ignore[override]  # as urllib3 itself does it
        self,
        method: str,
        url: str,
        redirect: bool = True,  # noqa: FBT001, FBT002 theirs
        **options: Any,
    ) -> BaseHTTPResponse:
        """Open one URL, or the next one of a redirect, with the body as it was sent."""
        target = inspect_url(url)
        limits = self.gate.limits
        with calling(limits, identity_only=True) as call:
            headers = HTTPHeaderDict(options.pop("headers", None) or self.headers)
            if call.arrive(target):
                headers = keep_harmless(headers)
                refuse_moved_body(options.get("body"))
            headers["Accept-Encoding"] = "identity"
            options.setdefault(
                "retries",
                Retry(None, connect=0, read=0, status=0, other=0, redirect=limits.redirects),
            )
            options.setdefault(
                "timeout", Timeout(connect=limits.connect_seconds, read=limits.read_seconds)
            )
            return super().urlopen(method, url, redirect, headers=headers, **options)


def keep_harmless(headers: Any) -> HTTPHeaderDict:
    """Return the headers that may be shown to somebody else."""
    return HTTPHeaderDict(
        {name: value for name, value in headers.items() if name.lower() in HARMLESS_HEADERS}
    )


def refuse_moved_body(body: Any) -> None:
    """Raise Refused where a redirect would hand a body to somebody else."""
    if body:
        raise Refused(
            "A redirect would carry what was sent to another address.",
            fix="Give the address that it redirects to, if that is wanted.",
        )
