"""A careful webhook receiver, only to prove that the vectors' outcomes can be met."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .webhooks import hexmac

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT, TOLERANCE = 25 * 1024 * 1024, 300


class Refused(Exception):  # noqa: N818 - it is an answer
    """The delivery is not what it should be."""


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


class Receiver:
    """Verifies one delivery after another and remembers their ids."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def take(
        self, product: str, secret: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> str:
        """Return accepted, ignored or refused."""
        low = {name.lower(): value for name, value in headers.items()}
        try:
            if len(body) > LIMIT:
                raise Refused("too large")
            identity = getattr(self, f"_{product.replace('-', '_')}")(secret, low, body, now)
            payload = self._payload(low, body)
            if (product, identity) in self.seen:
                raise Refused("seen before")
        except Refused:
            return "refused"
        self.seen.add((product, identity))
        return _judge(product, low, payload)

    def _payload(self, low: Mapping[str, str], body: bytes) -> dict[str, Any]:
        try:
            text = body.decode()
            if low.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                text = parse_qs(text)["payload"][0]
            found = json.loads(text)
        except (ValueError, KeyError):
            raise Refused("no payload") from None
        if not isinstance(found, dict):
            raise Refused("no object")
        return found

    def _github(self, secret: str, low: Mapping[str, str], body: bytes, _: int) -> str:
        if not low.get("x-github-event") or not low.get("x-github-delivery"):
            raise Refused("header missing")
        if not _equal(low.get("x-hub-signature-256", ""), f"sha256={hexmac(secret, body)}"):
            raise Refused("signature")
        return low["x-github-delivery"]

    def _gitlab(self, secret: str, low: Mapping[str, str], _: bytes, __: int) -> str:
        if not low.get("x-gitlab-event") or not _equal(low.get("x-gitlab-token", ""), secret):
            raise Refused("token")
        return low.get("idempotency-key", "")

    def _standard(self, secret: str, low: Mapping[str, str], body: bytes, now: int) -> str:
        stamp = self._fresh(low.get("webhook-timestamp", ""), now)
        message = f"{low.get('webhook-id', '')}.{stamp}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        wanted = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        offered = low.get("webhook-signature", "").split()
        if not any(_equal(one, f"v1,{wanted}") for one in offered):
            raise Refused("signature")
        return low["webhook-id"]

    _gitlab_signed = _standard

    def _generic(self, secret: str, low: Mapping[str, str], body: bytes, now: int) -> str:
        stamp = self._fresh(low.get("x-signature-timestamp", ""), now)
        wanted = f"sha256={hexmac(secret, f'{stamp}.'.encode() + body)}"
        if not _equal(low.get("x-signature-256", ""), wanted):
            raise Refused("signature")
        return low.get("x-delivery-id", "")

    def _fresh(self, stamp: str, now: int) -> str:
        if not stamp.isdigit() or abs(int(stamp) - now) > TOLERANCE:
            raise Refused("timestamp")
        return stamp


def _judge(product: str, low: Mapping[str, str], payload: Mapping[str, Any]) -> str:
    """Say whether a verified delivery means work: a push to a default branch, of no fork."""
    if product in {"generic", "standard"}:
        return "accepted"
    if low.get("x-github-event", "push") != "push" or payload.get("deleted"):
        return "ignored"
    if "project" in payload:
        fits = payload["ref"] == f"refs/heads/{payload['project']['default_branch']}"
        return "accepted" if fits and payload["checkout_sha"] else "ignored"
    repo = payload["repository"]
    fits = payload["ref"] == f"refs/heads/{repo['default_branch']}" and not repo["fork"]
    return "accepted" if fits else "ignored"
