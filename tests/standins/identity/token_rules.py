"""The rules for ID tokens and logout tokens, each violation named by its claim or header."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key

ALLOWED = ("RS256", "ES256")
LEEWAY = 30
LOGOUT_AGE = 120
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True)
class Expected:
    """What the client knows about the token it waits for."""

    issuer: str
    client_id: str
    nonce: str
    max_age: int | None = None


@dataclass
class Opened:
    """Header and claims of a token, whatever its signature is worth."""

    header: dict[str, Any]
    claims: dict[str, Any]
    problems: list[str] = field(default_factory=list)


def open_jws(token: str, jwks: dict[str, Any]) -> Opened:
    """Read a compact JWS and name what is wrong with its header or signature."""
    header, claims = (_segment(part) for part in token.split(".")[:2])
    opened = Opened(header, claims)
    if header.get("alg") not in ALLOWED:
        opened.problems.append("alg")
        return opened
    if "crit" in header:
        opened.problems.append("crit")
        return opened
    keys = [key for key in jwks["keys"] if key.get("kid") == header.get("kid")]
    if len(keys) != 1 or keys[0].get("alg") != header["alg"]:
        opened.problems.append("kid")
        return opened
    try:
        jws.deserialize_compact(token, import_key(keys[0]), algorithms=[header["alg"]])
    except (JoseError, ValueError):
        opened.problems.append("signature")
    return opened


def _segment(part: str) -> dict[str, Any]:
    """One JSON segment of a compact JWS."""
    content = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content if isinstance(content, dict) else {}


def check_id_token(claims: dict[str, Any], expected: Expected, access_token: str) -> list[str]:
    """Name every claim that breaks a rule of OpenID Connect Core section 3.1.3.7."""
    now = int(time.time())
    problems = _check_addressing(claims, expected.issuer, expected.client_id)
    if not _number(claims.get("exp")) or claims["exp"] <= now - LEEWAY:
        problems.append("exp")
    if not _number(claims.get("iat")) or claims["iat"] > now + LEEWAY:
        problems.append("iat")
    if "nbf" in claims and (not _number(claims["nbf"]) or claims["nbf"] > now + LEEWAY):
        problems.append("nbf")
    if claims.get("nonce") != expected.nonce:
        problems.append("nonce")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        problems.append("sub")
    if "at_hash" in claims and claims["at_hash"] != _at_hash(access_token):
        problems.append("at_hash")
    if expected.max_age is not None and not _fresh(claims.get("auth_time"), expected.max_age):
        problems.append("auth_time")
    return problems


def _check_addressing(claims: dict[str, Any], issuer: str, client_id: str) -> list[str]:
    """Name what is wrong with iss, aud and azp."""
    problems = []
    if claims.get("iss") != issuer:
        problems.append("iss")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if client_id not in listed:
        problems.append("aud")
    elif (len(listed) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        problems.append("azp")
    return problems


def _number(value: object) -> bool:
    """Whether the value is a NumericDate."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fresh(auth_time: object, max_age: int) -> bool:
    """Whether the authentication is recent enough."""
    if not isinstance(auth_time, int):
        return False
    return time.time() - auth_time <= max_age + LEEWAY


def _at_hash(access_token: str) -> str:
    """The left half of the SHA-256 of the access token."""
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return urlsafe_b64encode(half).rstrip(b"=").decode("ascii")


def check_logout_token(
    token: str, jwks: dict[str, Any], issuer: str, client_id: str, seen: set[str]
) -> list[str]:
    """Name every rule of Back-Channel Logout section 2.6 that the token breaks."""
    opened, now = open_jws(token, jwks), int(time.time())
    claims, problems = opened.claims, list(opened.problems)
    if opened.header.get("typ") != "logout+jwt":
        problems.append("typ")
    problems += _check_addressing(claims, issuer, client_id)
    if not _number(claims.get("iat")) or abs(now - claims["iat"]) > LOGOUT_AGE + LEEWAY:
        problems.append("iat")
    if not _number(claims.get("exp")) or claims["exp"] <= now - LEEWAY:
        problems.append("exp")
    if not claims.get("sid") and not claims.get("sub"):
        problems.append("sid")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        problems.append("events")
    if "nonce" in claims:
        problems.append("nonce")
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or identifier in seen:
        problems.append("jti")
    elif not problems:
        seen.add(identifier)
    return problems
