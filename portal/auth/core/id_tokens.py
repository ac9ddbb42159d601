"""What an ID token and a logout token must say before they are believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.auth.core.signing_in import LEEWAY_SECONDS, LogoutToken, SignInRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_NAME = 255
LOGOUT_TYPE = "logout+jwt"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_AGE_SECONDS = 120
LAST_TIME = 2**37  # around the year 6300; Python's dates end in 9999
CLOCKS = "Compare the clocks of both machines; they may differ by 30 seconds."


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say.

    `proven_since` is the earliest moment of authentication that counts, `acr` the classes of
    which one is required, `settings` the beginning of the provider's settings.
    """

    issuer: str
    client_id: str
    settings: str
    nonce: str = ""
    proven_since: int | None = None
    acr: tuple[str, ...] = ()


def check_id_token(claims: Mapping[str, Any], expected: Expected, *, now: int) -> None:
    """Check everything an ID token says by itself; raises SignInRefused naming the claim."""
    _check_parties(claims, expected)
    _check_end(claims, now)
    issued = _read_time(claims, "iat")
    if issued > now + LEEWAY_SECONDS:
        raise SignInRefused("iat", "The token was issued in the future.", fix=CLOCKS)
    if "nbf" in claims and _read_time(claims, "nbf") > now + LEEWAY_SECONDS:
        raise SignInRefused("nbf", "The token does not count yet.", fix=CLOCKS)
    if claims.get("nonce") != expected.nonce:
        raise SignInRefused(
            "nonce", "The token belongs to another sign-in.", fix="Start the sign-in again."
        )
    if not _is_name(claims.get("sub")):
        raise SignInRefused(
            "sub",
            "The token does not say who somebody is: it must be a text of 1 to 255 characters.",
            fix="Look at the subject mapping of this client at the provider.",
        )
    _check_authentication(claims, expected)


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise SignInRefused(
            "iss",
            "The token is not from the issuer that is set.",
            fix=f"Set {expected.settings}_ISSUER exactly as the provider writes it.",
            inside=f"iss {str(claims.get('iss'))[:200]}",
        )
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in listed:
        raise SignInRefused(
            "aud",
            "The token is made out to another client.",
            fix=f"Compare {expected.settings}_CLIENT_ID with the client at the provider.",
            inside=f"aud {str(audience)[:200]}",
        )
    if (len(listed) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise SignInRefused(
            "azp",
            "The token is made out to several clients and was not issued to the portal.",
            fix="Let the provider make it out to the portal's client alone.",
        )


def _check_end(claims: Mapping[str, Any], now: int) -> None:
    if _read_time(claims, "exp") <= now - LEEWAY_SECONDS:
        raise SignInRefused("exp", "The token is over.", fix=f"Start again. {CLOCKS}")


def _check_authentication(claims: Mapping[str, Any], expected: Expected) -> None:
    if expected.proven_since is not None:
        proven = find_time(claims, "auth_time")
        if proven is None or proven < expected.proven_since - LEEWAY_SECONDS:
            raise SignInRefused(
                "auth_time",
                "The token does not show that you proved who you are recently enough.",
                fix="The provider must honour max_age and send auth_time; "
                f"{expected.settings}_MAX_AGE_MINUTES says how recent it must be.",
            )
    if expected.acr and claims.get("acr") not in expected.acr:
        raise SignInRefused(
            "acr",
            "The way you proved who you are is not strong enough here.",
            fix=f"{expected.settings}_ACR_VALUES says which classes count.",
            inside=f"acr {str(claims.get('acr'))[:200]}",
        )


def check_logout_token(
    header: Mapping[str, Any], claims: Mapping[str, Any], expected: Expected, *, now: int
) -> LogoutToken:
    """Check a logout token whose signature was verified; raises SignInRefused."""
    kind = str(header.get("typ", "")).lower().removeprefix("application/")
    if kind != LOGOUT_TYPE:
        raise SignInRefused("typ", f"The token must be of the type {LOGOUT_TYPE}.")
    _check_parties(claims, expected)
    if abs(now - _read_time(claims, "iat")) > LOGOUT_AGE_SECONDS + LEEWAY_SECONDS:
        raise SignInRefused("iat", "The token was not issued in the last two minutes.", fix=CLOCKS)
    if "exp" in claims:
        _check_end(claims, now)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise SignInRefused("events", "The token does not speak of a logout.")
    if "nonce" in claims:
        raise SignInRefused("nonce", "A logout token holds none.")
    token_id, sid, subject = claims.get("jti"), claims.get("sid"), claims.get("sub")
    if not _is_name(token_id):
        raise SignInRefused("jti", "The token has no id.")
    if any(value is not None and not _is_name(value) for value in (sid, subject)) or not (
        sid or subject
    ):
        raise SignInRefused("sid", "The token names neither a session nor a subject.")
    return LogoutToken(expected.issuer, str(token_id), subject, sid)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def find_time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a claim that is a time, None when it is absent or no time."""
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if 0 <= value < LAST_TIME else None


def _read_time(claims: Mapping[str, Any], name: str) -> float:
    value = find_time(claims, name)
    if value is None:
        raise SignInRefused(name, "The token does not hold this time, or it is no number.")
    return value
