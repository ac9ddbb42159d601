"""What an SSH server must show before anything is told to it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from portal.errors import InvalidInput, Problem

KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)
FINGERPRINT = re.compile(r"SHA256:([A-Za-z0-9+/]{43})=?")
FIX = (
    "Give a line such as `ssh-ed25519 AAAAC3…` (from `ssh-keyscan`, compared with what the "
    "server's operator publishes) or a fingerprint such as `SHA256:…`."
)


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The keys a server may show; any one of them will do, so that keys can be changed."""

    keys: frozenset[tuple[str, bytes]] = frozenset()
    fingerprints: frozenset[str] = frozenset()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of key to ask for; with a fingerprint any could be meant."""
        pinned = {kind for kind, _ in self.keys}
        return KINDS if self.fingerprints else tuple(k for k in KINDS if k in pinned)

    def fits(self, kind: str, key: bytes) -> bool:
        """Whether a key that was shown is one of these."""
        return (kind, key) in self.keys or find_fingerprint(key) in self.fingerprints


def parse_host_keys(text: str) -> HostKeys:
    """Read public-key lines, known_hosts lines and fingerprints; raises InvalidInput."""
    keys, fingerprints = set(), set()
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        shown = next(filter(None, map(FINGERPRINT.fullmatch, line.split())), None)
        if shown is not None:
            fingerprints.add(f"SHA256:{shown[1]}")
        else:
            keys.add(_read_line(line))
    return HostKeys(frozenset(keys), frozenset(fingerprints))


def find_fingerprint(key: bytes) -> str:
    """Return the fingerprint of a public key as OpenSSH writes it."""
    return "SHA256:" + b64encode(sha256(key).digest()).decode().rstrip("=")


def _read_line(line: str) -> tuple[str, bytes]:
    words = line.split()
    for kind, encoded in pairwise(words):
        if kind in KINDS:
            try:
                key = b64decode(encoded, validate=True)
            except (NotBase64, ValueError):
                break
            # A key begins with its own kind, behind four bytes of length.
            if key[4 : 4 + len(kind)] == kind.encode() and not line.startswith("@"):
                return kind, key
            break
    message = "The host key cannot be read."
    raise InvalidInput(message, (Problem("host_key", "form", message, FIX),), fix=FIX)
