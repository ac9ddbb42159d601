"""The faults of the OpenID provider by name, and the variants of user claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .keys import Claims, left_half_hash
from .server import OUTAGES

OTHER_ISSUER = "https://other-issuer.example"
OTHER_CLIENT = "another-client"
FAR = 600


@dataclass(frozen=True)
class Scene:
    """What a fault needs to know to bend a token."""

    now: int
    issuer: str
    client_id: str


Bend = Callable[[Claims, Scene], None]


def _put(**values: object) -> Bend:
    """Replace claims by fixed values."""
    return lambda claims, _: claims.update(values)


def _drop(*names: str) -> Bend:
    """Remove claims."""

    def bend(claims: Claims, _: Scene) -> None:
        for name in names:
            claims.pop(name, None)

    return bend


def _lived(start: int, end: int) -> Bend:
    """Move issue and expiry, in seconds relative to now; auth_time never lies after issue."""

    def bend(claims: Claims, scene: Scene) -> None:
        claims.update(iat=scene.now + start, exp=scene.now + end)
        if start < 0 and "auth_time" in claims:
            claims["auth_time"] = min(claims["auth_time"], claims["iat"])

    return bend


def _extra(claims: Claims, scene: Scene) -> None:
    """Claims that no standard defines, of every JSON type."""
    claims.update(
        {
            "https://claims.example/tenant": {"id": 7, "tags": ["a", None, True]},
            "unknown_text": "x" * 200,
            "unknown_number": 1.5,
            "unknown_null": None,
            "jti": f"extra-{scene.now}",
        }
    )


ID_TOKEN_CLAIMS: dict[str, Bend] = {
    "iss_wrong": _put(iss=OTHER_ISSUER),
    "iss_missing": _drop("iss"),
    "aud_missing": _drop("aud"),
    "aud_empty_list": _put(aud=[]),
    "aud_other": _put(aud=OTHER_CLIENT),
    "aud_other_azp_us": lambda claims, scene: claims.update(aud=OTHER_CLIENT, azp=scene.client_id),
    "aud_list_without_azp_match": lambda claims, scene: claims.update(
        aud=[scene.client_id, OTHER_CLIENT], azp=OTHER_CLIENT
    ),
    "aud_list_without_azp": lambda claims, scene: claims.update(
        aud=[scene.client_id, OTHER_CLIENT]
    ),
    "exp_missing": _drop("exp"),
    "exp_past_61s": _lived(-361, -61),
    "iat_future": _lived(FAR, FAR + 300),
    "nbf_future": lambda claims, scene: claims.update(nbf=scene.now + 200),
    "nonce_missing": _drop("nonce"),
    "nonce_other": _put(nonce="a-nonce-of-another-login"),
    "at_hash_wrong": _put(at_hash=left_half_hash("another-access-token")),
    "auth_time_missing": _drop("auth_time"),
    "auth_time_stale": lambda claims, scene: claims.update(auth_time=scene.now - 86_400),
    "clock_skew_30s": _lived(30, 330),
    "clock_skew_exp_25s": _lived(-325, -25),
    "aud_list_single": lambda claims, scene: claims.update(aud=[scene.client_id]),
    "extra_claims": _extra,
}

SUBJECT: dict[str, Bend] = {
    "sub_missing": _drop("sub"),
    "sub_empty": _put(sub=""),
    "sub_not_string": _put(sub=12345),
}

SIGNATURES: dict[str, str] = {
    "alg_none": "none",
    "alg_hs256_with_public_key": "hs256_public_key",
    "alg_hs256_with_client_secret": "hs256_client_secret",
    "unknown_kid": "unknown_kid",
    "foreign_key_signature": "foreign_key",
    "jwk_in_header": "jwk_header",
    "jku_in_header": "jku_header",
    "crit_header_unknown": "crit_header",
    "es256": "ES256",
}

FLOW = frozenset(
    {
        "discovery_issuer_mismatch",
        "discovery_issuer_everywhere",
        "no_id_token",
        "rfc9207_iss_other",
        "rfc9207_iss_missing",
        "error_redirect",
        "userinfo_sub_differs",
        "no_userinfo_endpoint",
        "code_replayed",
    }
)

OUTAGE_NAMES = frozenset(
    f"{endpoint}_{kind}" for endpoint in ("discovery", "jwks", "token") for kind in OUTAGES
)

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

LOGOUT_CLAIMS: dict[str, Bend] = {
    "logout_with_nonce": _put(nonce="a-nonce"),
    "logout_no_events": _drop("events"),
    "logout_wrong_events": _put(events={"http://schemas.openid.net/event/other": {}}),
    "logout_no_sid_no_sub": _drop("sid", "sub"),
    "logout_aud_other": _put(aud=OTHER_CLIENT),
    "logout_iss_wrong": _put(iss=OTHER_ISSUER),
    "logout_iat_old": lambda claims, scene: claims.update(iat=scene.now - FAR),
    "logout_no_jti": _drop("jti"),
}

LOGOUT_SIGNATURES: dict[str, str] = {
    "logout_alg_none": "none",
    "logout_foreign_key": "foreign_key",
}

LOGOUT_OTHER = frozenset({"logout_replayed", "logout_typ_id_token"})

LOGOUT_FAULTS = frozenset({*LOGOUT_CLAIMS, *LOGOUT_SIGNATURES, *LOGOUT_OTHER})

FAULTS = frozenset({*ID_TOKEN_CLAIMS, *SUBJECT, *SIGNATURES, *FLOW, *OUTAGE_NAMES, *LOGOUT_FAULTS})


def _no_groups(claims: Claims) -> None:
    """Remove everything that speaks of groups."""
    for name in ("groups", "hasgroups", "_claim_names", "_claim_sources"):
        claims.pop(name, None)


def _groups_overage(claims: Claims, scene: Scene) -> None:
    """Too many groups for the token: a pointer to the place where they can be asked for."""
    _no_groups(claims)
    endpoint = f"{scene.issuer}/v1.0/users/{claims.get('sub', 'unknown')}/getMemberObjects"
    claims["_claim_names"] = {"groups": "src1"}
    claims["_claim_sources"] = {"src1": {"endpoint": endpoint}}


def _groups_hasgroups(claims: Claims, _: Scene) -> None:
    """Too many groups, without a pointer."""
    _no_groups(claims)
    claims["hasgroups"] = True


VARIANTS: dict[str, Bend] = {
    "groups_list": _put(groups=["platform", "payments"]),
    "groups_string": _put(groups="platform"),
    "groups_10000": _put(groups=[f"g{number:04}" for number in range(10_000)]),
    "groups_absent": lambda claims, _: _no_groups(claims),
    "groups_overage": _groups_overage,
    "groups_hasgroups": _groups_hasgroups,
    "email_verified_true": _put(email_verified=True),
    "email_verified_false": _put(email_verified=False),
    "email_verified_absent": _drop("email_verified"),
    "email_verified_string": _put(email_verified="true"),
}

VARIANT_NAMES = frozenset(VARIANTS)
