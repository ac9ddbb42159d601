"""What the settings say of identity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.core.people import ProviderRules
from portal.errors import Forbidden
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def find_rules(session: Session, provider: str) -> ProviderRules | None:
    """Return what a provider's word is worth; None when no setting names it."""
    found = get_contributions(session).provider_rules.get(provider)
    return found if isinstance(found, ProviderRules) else None


def get_rules(session: Session, provider: str) -> ProviderRules:
    """Return what a provider's word is worth; raises Forbidden when no setting names it."""
    found = find_rules(session, provider)
    if found is None:
        raise Forbidden(
            f"No setting names the identity provider {provider}.",
            fix=f"Set PORTAL_OIDC_{provider.upper()}_ISSUER and what belongs to it.",
        )
    return found
