"""What a provider's claims say about a person: names, e-mail, groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portal.auth.core.id_tokens import LONGEST_NAME, find_time
from portal.auth.core.people import Claims

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_GROUP = 300
NAMES = ("preferred_username", "nickname", "email", "sub")


@dataclass(frozen=True, slots=True)
class Wording:
    """Which claims of a provider hold the groups and the name of the catalog User."""

    groups_claim: str = "groups"
    user_claim: str = ""


def lacks_claims(claims: Mapping[str, Any], wording: Wording) -> bool:
    """Whether an ID token leaves out what the UserInfo endpoint may still say."""
    wanted = ["name", "email"]
    if wording.user_claim:
        wanted.append(wording.user_claim)
    if not _says_cut(claims, wording):
        wanted.append(wording.groups_claim)
    return any(name not in claims for name in wanted)


def read_profile(claims: Mapping[str, Any], wording: Wording) -> Claims:
    """Return what checked claims say; of a wrong type counts as absent."""
    names = (_read_text(claims, name) for name in NAMES)
    proven = find_time(claims, "auth_time")
    groups = _read_groups(claims.get(wording.groups_claim))
    return Claims(
        issuer=claims["iss"],
        subject=claims["sub"],
        name=next(name for name in names if name),
        display_name=_read_text(claims, "name"),
        email=_read_text(claims, "email") or None,
        email_verified=claims.get("email_verified") is True,
        groups=groups,
        groups_cut=groups is None and _says_cut(claims, wording),
        user_name=_read_text(claims, wording.user_claim) or None if wording.user_claim else None,
        idp_sid=_read_text(claims, "sid")[:LONGEST_NAME] or None,
        proven_at=None if proven is None else datetime.fromtimestamp(proven, UTC),
    )


def _read_text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""


def _read_groups(value: object) -> tuple[str, ...] | None:
    """Return groups given as a list or as one text; None when nothing is said of them."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return None
    found = (item.strip() for item in value if isinstance(item, str))
    return tuple(dict.fromkeys(item for item in found if 0 < len(item) <= LONGEST_GROUP))


def _says_cut(claims: Mapping[str, Any], wording: Wording) -> bool:
    """Whether the provider says that it left the groups out, as Entra does above 200."""
    named = claims.get("_claim_names")
    is_pointed = isinstance(named, dict) and wording.groups_claim in named
    return is_pointed or claims.get("hasgroups") in (True, "true")
