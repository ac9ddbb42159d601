"""Opens a signed token: its header is judged by us, its key is one the provider publishes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.errors import JoseError

from portal.auth.core.signing_in import SignInRefused
from portal.auth.providers.discovery import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.auth.providers.discovery import Published
    from portal.auth.providers.held import Held

MOST_BYTES = 1_000_000
DOTS = 2


def open_token(
    token: str, algorithms: Sequence[str], keys: Held[tuple[Published, ...]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token with a good signature; raises SignInRefused.

    Keys a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
    """
    header = _read_header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise SignInRefused(
            "alg",
            "The token is not signed in a way that counts here.",
            fix=f"Let the provider sign with one of {', '.join(algorithms)}.",
            inside=f"alg {str(algorithm)[:40]}",
        )
    if "crit" in header:
        raise SignInRefused("crit", "The token asks for something that is not known here.")
    published = _find_key(header, algorithm, keys.get())
    published = published or _find_key(header, algorithm, keys.get_newer())
    if published is None:
        raise SignInRefused(
            "kid",
            "The token is signed with a key that the provider does not publish.",
            fix="If the provider changed its keys just now, try again in half a minute.",
            inside=f"kid {str(header.get('kid'))[:100]}",
        )
    return header, _verify(token, algorithm, published)


def _read_header(token: str) -> dict[str, Any]:
    first = token.split(".", maxsplit=1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        header = None
    if not isinstance(header, dict) or token.count(".") != DOTS or len(token) > MOST_BYTES:
        raise SignInRefused("id_token", "The token cannot be read.")
    return header


def _find_key(
    header: dict[str, Any], algorithm: str, keys: Sequence[Published]
) -> Published | None:
    """Return the one key that fits; without a `kid` there must be no doubt which."""
    fitting = [
        found
        for found in keys
        if found.key.key_type == ALGORITHMS[algorithm] and found.algorithm in (None, algorithm)
    ]
    if "kid" in header:
        fitting = [found for found in fitting if found.kid == header["kid"]]
    return fitting[0] if len(fitting) == 1 else None


def _verify(token: str, algorithm: str, published: Published) -> dict[str, Any]:
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = MOST_BYTES
    registry.max_signature_length = 4096
    try:
        opened = jws.deserialize_compact(token, published.key, registry=registry)
        claims = json.loads(opened.payload or b"")
    except (JoseError, ValueError, RecursionError) as error:
        raise SignInRefused(
            "signature",
            "The token was not signed by the provider.",
            inside=type(error).__name__,
        ) from None
    if not isinstance(claims, dict):
        raise SignInRefused("id_token", "The token holds no claims.")
    return claims


def hash_half(value: str, algorithm: str) -> str:
    """Return the left half of a hash, as `at_hash` carries it."""
    size = algorithm[-3:] if algorithm[-3:] in ("256", "384") else "512"
    digest = hashlib.new(f"sha{size}", value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
