"""Webhook deliveries as GitHub, GitLab and a generic HMAC sender make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

VECTORS = Path(__file__).with_name("webhook_vectors.json")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Delivery:
    """One delivery ready to be sent: exact headers and exact bytes."""

    headers: dict[str, str]
    body: bytes = field(repr=False)

    def send(self, url: str, timeout: float = 10) -> tuple[int, bytes]:
        """POST it and return status and body; redirects are not followed."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, self.body, self.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def with_body(self, body: bytes) -> Delivery:
        """Return the delivery with another body under the same signature."""
        return replace(self, body=body)

    def without(self, *names: str) -> Delivery:
        """Return the delivery with some headers left out."""
        gone = {name.lower() for name in names}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in gone}
        return replace(self, headers=kept)

    def having(self, **headers: str) -> Delivery:
        """Return the delivery with headers replaced; underscores stand for hyphens."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        left = self.without(*more)
        return replace(left, headers=left.headers | more)


def hexmac(secret: str, data: bytes, algorithm: str = "sha256") -> str:
    """Return an HMAC in hexadecimal."""
    return hmac.new(secret.encode(), data, algorithm).hexdigest()


def github(
    payload: Mapping[str, Any] | bytes,
    secret: str | None,
    *,
    event: str = "push",
    delivery: str | None = None,
    form: bool = False,
    hook_id: int = 30,
) -> Delivery:
    """Build a GitHub delivery; the signature covers the raw body, form-encoded or not."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if form:
        body = urlencode({"payload": body.decode()}).encode()
    headers = {
        "Accept": "*/*",
        "Content-Type": FORM if form else JSON,
        "User-Agent": "GitHub-Hookshot/0a1b2c3",
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(hook_id),
        "X-GitHub-Hook-Installation-Target-ID": "1001",
        "X-GitHub-Hook-Installation-Target-Type": "organization",
    }
    if secret:
        headers["X-Hub-Signature"] = f"sha1={hexmac(secret, body, 'sha1')}"
        headers["X-Hub-Signature-256"] = f"sha256={hexmac(secret, body)}"
    return Delivery(headers, body)


def gitlab(
    payload: Mapping[str, Any] | bytes,
    secret: str | None,
    *,
    event: str = "Push Hook",
    delivery: str | None = None,
    signing_token: str | None = None,
    timestamp: int = 0,
) -> Delivery:
    """Build a GitLab delivery: the secret in plain text, and signed when a signing token is set."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    delivery = delivery or str(uuid.uuid4())
    seed = uuid.uuid5(uuid.NAMESPACE_URL, delivery)
    headers = {
        "Content-Type": JSON,
        "User-Agent": "GitLab/18.5.0-ee",
        "Idempotency-Key": delivery,
        "X-Gitlab-Event": event,
        "X-Gitlab-Event-UUID": str(seed),
        "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, "the hook")),
        "X-Gitlab-Instance": "https://gitlab.example",
    }
    if secret:
        headers["X-Gitlab-Token"] = secret
    if signing_token:
        headers |= standard_headers(body, signing_token, delivery, timestamp)
    return Delivery(headers, body)


def standard_headers(body: bytes, secret: str, delivery: str, timestamp: int) -> dict[str, str]:
    """Return the three Standard Webhooks headers; the key is base64 after `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{delivery}.{timestamp}.".encode() + body
    made = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{made}",
    }


def standard(
    payload: Mapping[str, Any] | bytes, secret: str, *, delivery: str | None = None, timestamp: int
) -> Delivery:
    """Build a delivery of any sender that follows the Standard Webhooks specification."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = standard_headers(body, secret, delivery or f"msg_{uuid.uuid4().hex}", timestamp)
    return Delivery({"Content-Type": JSON, "User-Agent": "Sender/1.0"} | signed, body)


def generic(
    payload: Mapping[str, Any] | bytes, secret: str, *, delivery: str | None = None, timestamp: int
) -> Delivery:
    """Build a generic delivery: X-Signature-256 covers "{timestamp}.{body}"."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "Content-Type": JSON,
        "User-Agent": "Sender/1.0",
        "X-Delivery-Id": delivery or str(uuid.uuid4()),
        "X-Signature-Timestamp": str(timestamp),
        "X-Signature-256": f"sha256={hexmac(secret, f'{timestamp}.'.encode() + body)}",
    }
    return Delivery(headers, body)


@dataclass(frozen=True)
class Vector:
    """One recorded delivery and what a careful receiver does with it."""

    name: str
    product: str
    secret: str
    received_at: int
    delivery: Delivery
    outcome: str
    why: str
    after: tuple[str, ...] = ()


def load_vectors() -> list[Vector]:
    """Read the vectors; huge bodies are kept as a recipe and made here."""
    found = []
    for row in json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]:
        body = row["body"]
        if "repeat" in body:
            middle = body["repeat"].encode() * body["times"]
            data = body["head"].encode() + middle + body["tail"].encode()
        else:
            data = base64.b64decode(body["base64"])
        names = ("name", "product", "secret", "received_at", "outcome", "why")
        fixed = {key: row[key] for key in names}
        after = tuple(row.get("after", ()))
        found.append(Vector(**fixed, delivery=Delivery(row["headers"], data), after=after))
    return found
