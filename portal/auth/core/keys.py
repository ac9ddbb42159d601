"""Random keys that people and programs carry, and what is kept of them."""

from __future__ import annotations

import hashlib
import re
import secrets

TOKEN_PREFIX = "plb_"  # noqa: S105 what tokens begin with, so that leaks can be recognised
SHOWN = 12
TOKEN = re.compile(rf"^{TOKEN_PREFIX}[A-Za-z0-9_-]{{43}}$")


def make_key() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def make_token() -> str:
    """Return a new API token."""
    return TOKEN_PREFIX + make_key()


def hash_key(key: str) -> str:
    """Return what is stored of a key: SHA-256 suffices, for the key itself is random."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_person_id() -> str:
    """Return the opaque name of a person in the audit trail."""
    return f"person:{secrets.token_hex(8)}"
