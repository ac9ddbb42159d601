"""Reads the private key of a credential; nothing of it is ever shown."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import paramiko

from portal.sources.core.trees import SourceDown

if TYPE_CHECKING:
    from portal.sources.core.credentials import Credential

LEAST_RSA_BITS = 2048
KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def read_private_key(credential: Credential) -> paramiko.PKey:
    """Return the key; its password is the passphrase. Raises SourceDown, which shows nothing."""
    text = credential.private_key.strip().replace("\r\n", "\n") + "\n"
    for kind in KEY_CLASSES:
        try:
            key = kind.from_private_key(StringIO(text), credential.password or None)
        except paramiko.PasswordRequiredException:
            raise SourceDown(
                "The private key is encrypted.", fix="Give its passphrase as the password."
            ) from None
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
        if kind is paramiko.RSAKey and key.get_bits() < LEAST_RSA_BITS:
            raise SourceDown(f"The private key has fewer than {LEAST_RSA_BITS} bits.")
        return key
    raise SourceDown(
        "The private key cannot be read, or its passphrase is wrong.",
        fix="Give an ed25519, ECDSA or RSA key as `ssh-keygen` writes it, whole.",
    )
