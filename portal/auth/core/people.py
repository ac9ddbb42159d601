"""What a provider says about somebody, once it is proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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
        return self.vouch_for(claims.email) if claims.email_verified else None

    def vouch_for(self, address: str | None) -> str | None:
        """Return an address the provider manages if its domain is one it vouches for."""
        email = (address or "").strip().lower()
        domain = email.rpartition("@")[2]
        is_ours = domain in {allowed.lower() for allowed in self.email_domains}
        return email if is_ours and email else None


class StatedRules(Protocol):
    """A provider's settings, as far as they say what its word is worth."""

    @property
    def name(self) -> str:
        """Return the provider's name."""

    @property
    def email_domains(self) -> tuple[str, ...]:
        """Return the domains whose addresses it may vouch for."""

    @property
    def default_role(self) -> str:
        """Return the role of whoever has no other."""

    @property
    def highest_role(self) -> str:
        """Return the most it may give."""

    @property
    def group_roles(self) -> Mapping[str, str]:
        """Return what roles its groups give."""

    @property
    def group_teams(self) -> Mapping[str, str]:
        """Return what teams its groups stand for."""


def make_rules(given: StatedRules) -> ProviderRules:
    """Return what a provider's settings say its word is worth."""
    return ProviderRules(
        given.name,
        given.email_domains,
        given.default_role,
        given.highest_role,
        dict(given.group_roles),
        dict(given.group_teams),
    )


def make_provider_rules(given: Iterable[StatedRules]) -> dict[str, ProviderRules]:
    """Return the rules of each provider, by its name."""
    return {provider.name: make_rules(provider) for provider in given}
