"""What a provider publishes about itself: its metadata and its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from portal.auth.core.signing_in import SignInRefused
from portal.auth.providers.wire import fetch_json, make_outage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.auth.providers.wire import MakeSession

    PublicKey = RSAKey | ECKey | OKPKey

WELL_KNOWN = "/.well-known/openid-configuration"
# What we accept, whatever a provider lists: signatures that only the provider can make.
ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "Ed25519": "OKP",
}
MOST_KEYS = 100
PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~%]+")  # what an address holds as it is sent
METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's metadata, as far as it counts here."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    algorithms: tuple[str, ...]
    method: str
    announces_iss: bool


@dataclass(frozen=True, slots=True)
class Published:
    """One published key, with what its owner says it is for."""

    kid: str | None
    algorithm: str | None
    key: PublicKey


def fetch_metadata(make_session: MakeSession, issuer: str, settings: str) -> Metadata:
    """Return a provider's metadata; raises SignInRefused where it is not to be trusted."""
    with make_session() as session:
        found, _ = fetch_json(
            session, issuer.rstrip("/") + WELL_KNOWN, "discovery", "discovery document"
        )
    if not isinstance(found, dict):
        raise make_outage("discovery", "discovery document", "no object")
    if found.get("issuer") != issuer:
        raise SignInRefused(
            "issuer",
            "The provider's discovery document names another issuer than the one that is set.",
            fix=f"Set {settings}_ISSUER exactly as the provider writes it.",
            inside=f"issuer {str(found.get('issuer'))[:200]}",
        )
    is_secret = issuer.startswith("https://")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    optional = ("userinfo_endpoint", "end_session_endpoint")
    places = {name: _read_address(found, name, is_secret=is_secret) for name in needed}
    places |= {
        name: _read_address(found, name, is_secret=is_secret) if name in found else ""
        for name in optional
    }
    return Metadata(
        **places,
        algorithms=_choose_algorithms(found),
        method=_choose_method(found),
        announces_iss=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_address(found: Mapping[str, Any], name: str, *, is_secret: bool) -> str:
    value = found.get(name)
    parts = urlsplit(value) if isinstance(value, str) else None
    schemes = ("https",) if is_secret else ("https", "http")
    is_sound = parts is not None and parts.scheme in schemes and bool(parts.hostname)
    if not isinstance(value, str) or not is_sound or not PLAIN.fullmatch(value):
        raise make_outage("discovery", "discovery document", f"{name} is no address")
    return value


def _choose_algorithms(found: Mapping[str, Any]) -> tuple[str, ...]:
    listed = found.get("id_token_signing_alg_values_supported", ["RS256"])
    both = [name for name in ALGORITHMS if isinstance(listed, list) and name in listed]
    if not both:
        raise SignInRefused(
            "alg",
            "The provider offers no way of signing that counts here.",
            fix=f"Let it sign with one of {', '.join(ALGORITHMS)}.",
        )
    return tuple(both)


def _choose_method(found: Mapping[str, Any]) -> str:
    listed = found.get("token_endpoint_auth_methods_supported")
    known = [name for name in METHODS if isinstance(listed, list) and name in listed]
    return known[0] if known else METHODS[0]


def fetch_keys(make_session: MakeSession, url: str) -> tuple[Published, ...]:
    """Return the keys a provider signs with; what cannot be one is left out."""
    with make_session() as session:
        found, _ = fetch_json(session, url, "jwks", "keys")
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise make_outage("jwks", "keys", "no list of keys")
    keys = (_read_key(item) for item in listed[:MOST_KEYS] if isinstance(item, dict))
    return tuple(key for key in keys if key is not None)


def _read_key(item: dict[str, Any]) -> Published | None:
    if item.get("kty") not in ALGORITHMS.values() or item.get("use", "sig") != "sig" or "d" in item:
        return None
    try:
        key = import_key(item)
    except (JoseError, ValueError, TypeError):
        return None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return None
    return Published(item.get("kid"), item.get("alg"), key)
