"""Signing keys of the provider, and ways to sign that a relying party must refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from secrets import token_urlsafe
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

Claims = dict[str, Any]
ALGORITHMS = ("RS256", "ES256")


def b64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def left_half_hash(value: str) -> str:
    """The at_hash of an access token for the algorithms that hash with SHA-256."""
    return b64url(hashlib.sha256(value.encode("ascii")).digest()[:16])


@lru_cache(maxsize=1)
def foreign_rsa() -> RSAKey:
    """An RSA key that no provider publishes."""
    return RSAKey.generate_key(2048, {"kid": "foreign-rsa", "use": "sig", "alg": "RS256"})


@lru_cache(maxsize=1)
def foreign_ec() -> ECKey:
    """An EC key that no provider publishes."""
    return ECKey.generate_key("P-256", {"kid": "foreign-ec", "use": "sig", "alg": "ES256"})


def foreign_jwks() -> dict[str, Any]:
    """The key set behind a jku header."""
    return {"keys": [foreign_rsa().as_dict(private=False), foreign_ec().as_dict(private=False)]}


class SigningKeys:
    """One RSA and one EC key, and every style of signature that the faults need."""

    def __init__(self, client_secret: str) -> None:
        self.client_secret = client_secret
        self.retired: list[RSAKey | ECKey] = []
        self._generate()

    def _generate(self) -> None:
        """Make a new pair under new key ids."""
        mark = token_urlsafe(6)
        self.rsa = RSAKey.generate_key(2048, {"kid": f"rsa-{mark}", "use": "sig", "alg": "RS256"})
        self.ec = ECKey.generate_key("P-256", {"kid": f"ec-{mark}", "use": "sig", "alg": "ES256"})

    def rotate(self) -> None:
        """Publish and use a new pair; the old pair only verifies hints from then on."""
        self.retired += [self.rsa, self.ec]
        self._generate()

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        return {"keys": [self.rsa.as_dict(private=False), self.ec.as_dict(private=False)]}

    def read(self, token: str) -> Claims:
        """Claims of a token that this provider signed; raises when it did not."""
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS))
        registry.max_payload_length = 16 * 1024 * 1024
        keys = KeySet([self.rsa, self.ec, *self.retired])
        return jwt.decode(token, keys, registry=registry).claims

    def sign(self, claims: Claims, style: str = "RS256", typ: str = "JWT", jku: str = "") -> str:
        """Build a compact JWT in one of the styles named in the signature faults."""
        header: dict[str, Any] = {"typ": typ}
        if style == "none":
            return compact({"alg": "none", **header}, claims)
        if style.startswith("hs256"):
            if style == "hs256_public_key":
                header["kid"] = self.rsa.kid
            return compact({"alg": "HS256", **header}, claims, secret=self._mac_key(style))
        if style == "jwk_header":
            header |= {"kid": self.ec.kid, "jwk": _bare(foreign_ec())}
            return compact({"alg": "ES256", **header}, claims, foreign_ec())
        if style == "ES256":
            return compact({"alg": "ES256", "kid": self.ec.kid, **header}, claims, self.ec)
        header |= {"alg": "RS256", "kid": self.rsa.kid}
        key = self.rsa
        if style == "crit_header":
            header |= {"crit": ["urn:example:unknown"], "urn:example:unknown": True}
        elif style == "unknown_kid":
            header["kid"], key = f"unknown-{token_urlsafe(6)}", foreign_rsa()
        elif style == "jku_header":
            header |= {"kid": foreign_rsa().kid, "jku": jku}
            key = foreign_rsa()
        elif style == "foreign_key":
            key = foreign_rsa()
        return compact(header, claims, key)

    def _mac_key(self, style: str) -> bytes:
        """The octets that a confused client would use as a shared secret."""
        if style == "hs256_public_key":
            return self.rsa.as_pem(private=False)
        return self.client_secret.encode("utf-8")


def _bare(key: ECKey) -> dict[str, Any]:
    """The members of a public EC key that RFC 7518 requires, to keep the header short."""
    full = key.as_dict(private=False)
    return {name: full[name] for name in ("kty", "crv", "x", "y")}


def compact(
    header: dict[str, Any],
    claims: Claims,
    key: RSAKey | ECKey | None = None,
    secret: bytes | None = None,
) -> str:
    """Serialise without any check of the header, so that refusable tokens can be built."""
    parts = (json.dumps(part, separators=(",", ":")).encode("utf-8") for part in (header, claims))
    signing_input = ".".join(b64url(part) for part in parts)
    octets = signing_input.encode("ascii")
    signature = b""
    if secret is not None:
        signature = hmac.new(secret, octets, hashlib.sha256).digest()
    elif key is not None:
        signature = jws.JWSRegistry.algorithms[str(header["alg"])].sign(octets, key)
    return f"{signing_input}.{b64url(signature)}"
