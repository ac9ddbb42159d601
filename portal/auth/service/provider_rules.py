"""What the settings say a provider's word is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.core.people import ProviderRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.settings.providers import ProviderSettings


def make_provider_rules(providers: Iterable[ProviderSettings]) -> dict[str, ProviderRules]:
    """Return the rules of each provider, by its name."""
    return {
        provider.name: ProviderRules(
            name=provider.name,
            email_domains=provider.email_domains,
            default_role=provider.default_role,
            highest_role=provider.highest_role,
            group_roles=dict(provider.group_roles),
            group_teams=dict(provider.group_teams),
        )
        for provider in providers
    }
