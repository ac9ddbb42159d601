"""Encryption of secrets at rest: AES-256-GCM, bound to a place, under keys that can be changed.

A ciphertext reads `v1.<key id>.<nonce, encrypted text and tag as base64url>`. The key id says
which secret key it needs without telling anything of the key.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

AUDIT, CURSORS, SECRETS = "audit", "cursors", "secrets"
FORMAT = "v1"
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
KEY_ID_BYTES = 6
PURPOSE = re.compile(r"[a-z_]{1,40}")
SHAPE = re.compile(rf"{FORMAT}\.([0-9a-f]{{{2 * KEY_ID_BYTES}}})\.([A-Za-z0-9_=-]+)")


def name_place(table: str, column: str, key: str) -> str:
    """Return the place of a value in the database, as ciphertexts are bound to it."""
    return f"{table}.{column}.{key}"


def make_key_id(secret_key: str) -> str:
    """Return the public name of a secret key; it cannot be turned back into the key."""
    # No purpose may hold a space, so this derivation is of no purpose's family.
    return _derive(secret_key, "key id", KEY_ID_BYTES).hex()


def _derive(secret_key: str, label: str, length: int) -> bytes:
    info = f"plumbline/{FORMAT}/{label}".encode()
    return HKDF(SHA256(), length, salt=None, info=info).derive(secret_key.encode())


class SecretBox:
    """Encrypts under the current secret key, decrypts under older ones too."""

    def __init__(self, current: str, fallbacks: Sequence[str] = ()) -> None:
        self._keys = {make_key_id(key): key for key in (current, *fallbacks)}
        self.key_ids = tuple(self._keys)
        self.key_id = self.key_ids[0]

    def __repr__(self) -> str:
        return f"<SecretBox {self.key_id}, {len(self.key_ids) - 1} older keys>"

    def derive_key(self, purpose: str, key_id: str | None = None) -> bytes:
        """Return the key for one purpose, of the current secret key or the one named."""
        if not PURPOSE.fullmatch(purpose):
            raise ValueError("a purpose is lower-case letters and underscores")
        return _derive(self._keys[key_id or self.key_id], purpose, KEY_BYTES)

    def list_keys(self, purpose: str) -> list[bytes]:
        """Return the keys for one purpose, oldest first: the order in which itsdangerous signs."""
        return [self.derive_key(purpose, key_id) for key_id in reversed(self.key_ids)]

    def seal(self, purpose: str, place: str, text: str) -> str:
        """Return `text` encrypted under the current key; it opens at `place` only."""
        nonce = os.urandom(NONCE_BYTES)
        context = _bind(self.key_id, purpose, place)
        body = AESGCM(self.derive_key(purpose)).encrypt(nonce, text.encode(), context)
        return f"{FORMAT}.{self.key_id}.{base64.urlsafe_b64encode(nonce + body).decode()}"

    def open(self, purpose: str, place: str, ciphertext: str) -> str:
        """Return the text of a ciphertext; raises Unreadable, which says what to mend."""
        key_id, body = _split(place, ciphertext)
        if key_id not in self._keys:
            raise Unreadable(
                f"{place} is encrypted under the secret key {key_id}, which is not given.",
                fix="Add that key to PORTAL_SECRET_KEY_FALLBACKS, or enter the secret again. "
                "`portal secrets status` counts what each key is needed for.",
            )
        box = AESGCM(self.derive_key(purpose, key_id))
        context = _bind(key_id, purpose, place)
        try:
            return box.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], context).decode()
        except InvalidTag:
            raise _broken(place) from None


def _bind(key_id: str, purpose: str, place: str) -> bytes:
    return f"{FORMAT}\n{key_id}\n{purpose}\n{place}".encode()


def _split(place: str, ciphertext: str) -> tuple[str, bytes]:
    """Return key id and bytes of a ciphertext; one text only stands for the same bytes."""
    found = SHAPE.fullmatch(ciphertext)
    if found is None:
        raise _broken(place)
    try:
        body = base64.urlsafe_b64decode(found[2])
    except binascii.Error:
        raise _broken(place) from None
    is_canonical = base64.urlsafe_b64encode(body).decode() == found[2]
    if not is_canonical or len(body) < NONCE_BYTES + TAG_BYTES:
        raise _broken(place)
    return found[1], body


def _broken(place: str) -> Unreadable:
    return Unreadable(
        f"{place} was changed, cut off, or brought here from another place.",
        fix="Enter the secret again. If nobody changed the database by hand, find out who did.",
    )
