"""What a provider says about somebody, once it is proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """A proven sign-in.

    `groups` is None when the provider says nothing about them; `groups_cut` when it says that it
    left them out. `user_name` is the claim that names the catalog User, `proven_at` when the person
    proved who they are, where the provider says.
    """

    issuer: str
    subject: str
    name: str
    display_name: str = ""
    email: str | None = None
    email_verified: bool = False
    groups: tuple[str, ...] | None = None
    groups_cut: bool = False
    user_name: str | None = None
    idp_sid: str | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """What a provider's word is worth: domains it vouches for, roles and teams by its groups."""

    name: str
    email_domains: tuple[str, ...] = ()
    default_role: str = "member"
    highest_role: str = "member"
    group_roles: Mapping[str, str] = field(default_factory=dict)
    group_teams: Mapping[str, str] = field(default_factory=dict)

    def trusted_email(self, claims: Claims) -> str | None:
        """Return the e-mail address if it is verified and of a domain the provider vouches for."""
        email = (claims.email or "").strip().lower()
        domain = email.rpartition("@")[2]
        is_ours = domain in {allowed.lower() for allowed in self.email_domains}
        return email if claims.email_verified and is_ours and email else None
