"""Deliveries of webhooks: who sent them is proven first, only then is their body looked at.

What is wrong with a proof is never said: whoever cannot prove it learns nothing. Whoever could
gets told what is wrong with the rest. A delivery that was seen before is for the caller to
refuse, by its `delivery` and by its `digest`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from portal.errors import Forbidden, TooLarge
from portal.sources.core.pushes import (
    Push,
    read_generic,
    read_github,
    read_gitlab,
    read_payload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["MOST_BYTES", "Push", "check_webhook", "sign_generic"]

MOST_BYTES = 25 * 1024 * 1024  # what GitHub sends at most
TOLERANCE_SECONDS = 300
LONGEST_TIME = 12
MOST_SIGNATURES = 10
SIGNING_TOKEN = "whsec_"  # noqa: S105 how one begins
OURS = "x-plumbline-signature"


def check_webhook(
    kind: str, secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Push:
    """Return what a delivery of a `github`, `gitlab` or `generic` webhook says.

    Raises Forbidden where it is not proven to come from the holder of the secret, TooLarge and
    InvalidInput for what is wrong besides.
    """
    if len(body) > MOST_BYTES:
        raise TooLarge("The delivery is larger than 25 MB.")
    low = {name.lower(): value for name, value in headers.items()}
    prove = {"github": _prove_github, "gitlab": _prove_gitlab, "generic": _prove_generic}[kind]
    signed = prove(secret, low, body, int(now.timestamp())) if secret else None
    if signed is None:
        raise Forbidden(
            "The delivery is not signed with the secret of this webhook, or not in time.",
            fix="Compare the secret on both sides, and the clock of the sender.",
        )
    payload = read_payload(low.get("content-type", ""), body)
    digest = hashlib.sha256(signed).hexdigest()
    read = {"github": read_github, "gitlab": read_gitlab, "generic": read_generic}[kind]
    return read(low, payload, digest)


def sign_generic(secret: str, body: bytes, at: int) -> str:
    """Return the header `X-Plumbline-Signature` for a body sent at `at` (Unix seconds)."""
    return f"t={at},v1={_make_mac(secret.encode(), f'{at}.'.encode() + body).hex()}"


def _prove_github(secret: str, low: Mapping[str, str], body: bytes, _now: int) -> bytes | None:
    """Compare the SHA-256 signature; the older SHA-1 one proves nothing.

    This and the ones below return what was signed, None where it was not.
    """
    wanted = f"sha256={_make_mac(secret.encode(), body).hex()}"
    return body if _is_same(low.get("x-hub-signature-256", ""), wanted) else None


def _prove_gitlab(secret: str, low: Mapping[str, str], body: bytes, now: int) -> bytes | None:
    """Compare the signature where the secret is a signing token, else the plain token."""
    if secret.startswith(SIGNING_TOKEN):
        return _prove_standard(secret, low, body, now)
    return body if _is_same(low.get("x-gitlab-token", ""), secret) else None


def _prove_generic(secret: str, low: Mapping[str, str], body: bytes, now: int) -> bytes | None:
    """Compare our own header; where there is none, what other senders already speak."""
    if OURS in low:
        time, offered = _split_ours(low[OURS])
    elif "webhook-signature" in low:
        return _prove_standard(secret, low, body, now)
    else:
        time = low.get("x-signature-timestamp", "")
        offered = [low.get("x-signature-256", "").removeprefix("sha256=")]
    signed = f"{time}.".encode(errors="replace") + body
    wanted = _make_mac(secret.encode(), signed).hex()
    fits = [_is_same(one, wanted) for one in offered[:MOST_SIGNATURES]]
    return signed if _is_fresh(time, now) and any(fits) else None


def _prove_standard(secret: str, low: Mapping[str, str], body: bytes, now: int) -> bytes | None:
    """Compare a signature after the Standard Webhooks specification; one of several is enough."""
    try:
        key = base64.b64decode(secret.removeprefix(SIGNING_TOKEN), validate=True)
    except (binascii.Error, ValueError):
        key = secret.encode()
    time, delivery = low.get("webhook-timestamp", ""), low.get("webhook-id", "")
    signed = f"{delivery}.{time}.".encode(errors="replace") + body
    wanted = "v1," + base64.b64encode(_make_mac(key, signed)).decode()
    offered = low.get("webhook-signature", "").split(" ")
    fits = [_is_same(one, wanted) for one in offered[:MOST_SIGNATURES]]
    # An empty key would let anybody sign.
    is_proven = bool(key) and bool(delivery) and _is_fresh(time, now) and any(fits)
    return signed if is_proven else None


def _split_ours(text: str) -> tuple[str, list[str]]:
    """Return time and signatures of `t=…,v1=…`; while a secret is changed there may be two."""
    parts = [part.strip().partition("=") for part in text.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    return times[0] if len(times) == 1 else "", [v for name, _, v in parts if name == "v1"]


def _is_fresh(time: str, now: int) -> bool:
    is_number = time.isascii() and time.isdigit() and len(time) <= LONGEST_TIME
    return is_number and abs(int(time) - now) <= TOLERANCE_SECONDS


def _make_mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def _is_same(offered: str, wanted: str) -> bool:
    """Compare in constant time; as bytes, since text that is not ASCII cannot be compared so."""
    return hmac.compare_digest(offered.encode(errors="replace"), wanted.encode(errors="replace"))
