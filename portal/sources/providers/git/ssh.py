"""Git over SSH on a socket that the guard dialled.

No agent, no file of this machine's user and no configuration takes part. Nothing is told to a
server before it has shown a key that was pinned.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import paramiko
from dulwich.client import SSHGitClient, SSHVendor

from portal.errors import InvalidInput
from portal.infra.outbound import TimedOut, open_socket
from portal.sources.core.host_keys import KINDS, find_fingerprint, parse_host_keys
from portal.sources.core.trees import SourceDown
from portal.sources.providers.git.channels import Channel
from portal.sources.providers.git.private_keys import LEAST_RSA_BITS, read_private_key
from portal.sources.providers.git.web import UNWANTED, explain_amount

if TYPE_CHECKING:
    from dulwich.protocol import Protocol

    from portal.infra.outbound import Call, Outbound
    from portal.sources.core.credentials import Credential
    from portal.sources.core.git_addresses import GitAddress
    from portal.sources.core.host_keys import HostKeys

PORT = 22
USER = "git"
RSA_KINDS = ("rsa-sha2-512", "rsa-sha2-256")
ABSENT = (b"not found", b"not exist", b"not appear to be a git", b"no such", b"denied", b"access")
ENDED = (EOFError, OSError, paramiko.SSHException)

# It writes what servers say, and tracebacks of every connection that breaks.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SshClient(SSHGitClient):
    """Talks to one repository; a connection for each question, as SSH servers want it."""

    def __init__(
        self, outbound: Outbound, address: GitAddress, credential: Credential, call: Call
    ) -> None:
        self._protocols: list[Protocol] = []
        self._vendor = _Vendor(outbound, address, credential, call)
        super().__init__(address.host, vendor=self._vendor, quiet=True)
        self._fetch_capabilities.difference_update(UNWANTED)

    @property
    def received(self) -> int:
        """Return the bytes that came over the wire."""
        return self._vendor.received

    @property
    def heard(self) -> bytes:
        """Return the end of what the server said, in the protocol and beside it."""
        return self._vendor.heard

    def close(self) -> None:
        """Close every connection."""
        for protocol in self._protocols:
            protocol.close()
        self._vendor.close()

    def _connect(self, *args: Any, **options: Any) -> Any:
        """Connect, and remember what dulwich itself closes only when all went well."""
        connected = super()._connect(*args, **options)
        self._protocols.append(connected[0])
        return connected

    def explain_hangup(self) -> SourceDown:
        """Return what to say when the server ended the conversation."""
        return self._vendor.explain_hangup()

    @staticmethod
    def _warn_filter_objects() -> None:
        """Say nothing: large files are then fetched, and skipped here."""


class _Vendor(SSHVendor):
    """Runs a command on the server; what dulwich asks a vendor for."""

    def __init__(
        self, outbound: Outbound, address: GitAddress, credential: Credential, call: Call
    ) -> None:
        self.received = 0
        self._outbound = outbound
        self._address = address
        self._credential = credential
        self._call = call
        self._transports: list[paramiko.Transport] = []
        self._channel: Channel | None = None

    def run_command(  # type: ignore[override]  # dulwich's own return type is one of its classes
        self, _host: str, command: bytes, *, protocol_version: int | None = None, **_options: Any
    ) -> Channel:
        """Connect, and start a command that dulwich has quoted."""
        del protocol_version  # the newest is asked for; a server that does not know it says so
        transport = self._connect()
        try:
            self._sign_in(transport)
            channel = transport.open_session(timeout=self._allot())
            # Servers that do not take it answer in the first version, which is read as well.
            channel.set_environment_variable("GIT_PROTOCOL", "version=2")
            channel.settimeout(self._allot())
            channel.exec_command(command)
        except ENDED as error:
            raise self._explain(error) from None
        self._channel = Channel(channel, self.count, self._call)
        return self._channel

    def count(self, size: int) -> None:
        """Count what came; raises SourceDown beyond the limit."""
        self.received += size
        if self.received > self._call.limits.body_bytes:
            raise explain_amount(self._address.text, self._call)

    @property
    def heard(self) -> bytes:
        """Return the end of what the server said, in the protocol and beside it."""
        return self._channel.heard + self._channel.read_stderr() if self._channel else b""

    def close(self) -> None:
        """End all connections."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    def explain_hangup(self) -> SourceDown:
        """Return why a server ended before it was done, as far as it can be told."""
        said = self.heard.lower()
        if any(words in said for words in ABSENT):
            return SourceDown(
                f"There is no repository at {self._address.text}, or this key may not read it.",
                fix="Check the address, and that the key may read the repository.",
            )
        return SourceDown(
            f"{self._address.text} ended the connection before it was done.", fix="Try again later."
        )

    def _connect(self) -> paramiko.Transport:
        """Return a connection to a server that has shown a pinned key."""
        pinned = self._read_pins()
        address, limits = self._address, self._call.limits
        opened = open_socket(
            self._outbound.gate, address.host, address.port or PORT, limits, scheme="ssh"
        )
        try:
            transport = paramiko.Transport(opened)
        except ENDED as error:
            opened.close()
            raise self._explain(error) from None
        self._transports.append(transport)
        # Their own clocks must not run out before the one below, which says what happened.
        transport.banner_timeout = transport.handshake_timeout = 2 * limits.total_seconds
        transport.auth_timeout = transport.channel_timeout = limits.read_seconds
        options = transport.get_security_options()
        options.key_types = _list_algorithms(pinned.kinds or KINDS)
        options.digests = tuple(name for name in options.digests if "sha2" in name)
        try:
            transport.start_client(timeout=self._allot())
            shown = transport.get_remote_server_key()
        except ENDED as error:
            raise self._explain(error, pinned=pinned) from None
        self._check_host_key(shown, pinned)
        return transport

    def _read_pins(self) -> HostKeys:
        try:
            return parse_host_keys(self._credential.host_key)
        except InvalidInput as error:
            raise SourceDown(error.detail, fix=error.fix) from None

    def _check_host_key(self, shown: paramiko.PKey, pinned: HostKeys) -> None:
        kind, key = shown.get_name(), shown.asbytes()
        fingerprint = f"{find_fingerprint(key)} ({kind})"
        place = self._address.place
        if kind == "ssh-rsa" and shown.get_bits() < LEAST_RSA_BITS:
            raise SourceDown(
                f"The host key of {place} has {shown.get_bits()} bits, which is too weak.",
                fix="Its operator makes a new one, best of the kind ed25519.",
            )
        if not pinned.kinds:
            raise SourceDown(
                f"No host key is given for {place}, which showed {fingerprint}.",
                fix="Compare it with what the server's operator publishes, then give it as the "
                "host key.",
            )
        if not pinned.fits(kind, key):
            raise SourceDown(
                f"{place} showed another host key than the one given: {fingerprint}.",
                fix="Somebody may be in between. If its operator confirms the new key, give that.",
            )

    def _sign_in(self, transport: paramiko.Transport) -> None:
        credential = self._credential
        user = credential.user or self._address.user or USER
        if not credential.is_secret:
            raise SourceDown(
                f"{self._address.text} needs a private key or password, and none is given.",
                fix="Give a key that may read the repository, such as a deploy key.",
            )
        key = read_private_key(credential) if credential.private_key else None
        try:
            if key is not None:
                transport.auth_publickey(user, key)
            else:
                transport.auth_password(user, credential.password, fallback=False)
        except paramiko.AuthenticationException as error:
            if "imeout" in str(error):
                raise
            raise SourceDown(
                f"{self._address.place} does not let the user {user} in with this "
                f"{'key' if key else 'password'}.",
                fix="Check the user, and that the key is registered there.",
            ) from None
        if not transport.is_authenticated():
            raise SourceDown(
                f"{self._address.place} asks for more than one proof, which is not answered."
            )

    def _allot(self) -> float:
        return self._call.allot(self._call.limits.read_seconds)

    def _explain(self, error: Exception, *, pinned: HostKeys | None = None) -> Exception:
        """Return what to say when the connection ended early."""
        if self._call.left <= 0:
            return self._call.explain_end()
        label = self._address.place
        if pinned is not None and isinstance(error, paramiko.IncompatiblePeer):
            fix = "Give the line of another of its host keys." if pinned.keys else ""
            return SourceDown(f"{label} offers no kind of key that is accepted.", fix=fix)
        if isinstance(error, TimeoutError) or "imeout" in str(error) or "existing" in str(error):
            seconds = self._call.limits.read_seconds
            return TimedOut(
                f"{label} was not ready in {seconds:g} seconds.", fix="Try again later."
            )
        return SourceDown(
            f"{label} ended the connection, or is no SSH server.", fix="Check host and port."
        )


def _list_algorithms(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names under which kinds of key are asked for; RSA signs with SHA-2 only."""
    names: list[str] = []
    for kind in kinds:
        names.extend(RSA_KINDS if kind == "ssh-rsa" else (kind,))
    return tuple(names)
