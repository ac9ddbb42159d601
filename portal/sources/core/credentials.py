"""What opens a source that is not open to everyone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """User and password or token, or a private key; and what the other side must prove.

    With a private key, `password` is the key's passphrase. `host_key` holds what an SSH server
    must show: public-key lines or SHA256 fingerprints, one a line. `ca_bundle` holds certificates
    as PEM text, or names a file of them, which are trusted instead of the usual ones.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    host_key: str = field(default="", repr=False)
    ca_bundle: str = field(default="", repr=False)

    @property
    def is_secret(self) -> bool:
        """Whether it holds something that others must not read off the wire."""
        return bool(self.password or self.private_key)
