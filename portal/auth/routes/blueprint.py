"""The blueprint all pages of identity hang on, and what the settings say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint

from portal.auth.core import Actor, make_anonymous
from portal.auth.core.people import make_provider_rules
from portal.auth.queries.access import Asker
from portal.auth.queries.actors import Admission, Lifetimes
from portal.web.visitor import get_extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.auth.core.people import ProviderRules
    from portal.auth.core.signing_in import Provider
    from portal.settings import Settings

blueprint = Blueprint("auth", __name__)


@dataclass(frozen=True, slots=True)
class AuthSetup:
    """How people get in and how long they stay."""

    anonymous: Actor
    lifetimes: Lifetimes
    recent: timedelta
    has_local_accounts: bool
    has_demo_accounts: bool
    providers: tuple[tuple[str, str], ...]
    rules: Mapping[str, ProviderRules]
    public_url: str

    @property
    def admission(self) -> Admission:
        """Return which sessions and tokens count."""
        given = (("password", self.has_local_accounts), ("demo", self.has_demo_accounts))
        ways = (*(name for name, _ in self.providers), *(name for name, on in given if on))
        return Admission(self.lifetimes, ways, self.has_demo_accounts)

    @property
    def asker(self) -> Asker:
        """Return whom one may ask about, as the settings see them."""
        return Asker(self.anonymous, self.rules)


@dataclass(frozen=True, slots=True)
class KnownProviders:
    """The identity providers of this application, by name."""

    by_name: Mapping[str, Provider]


def get_providers() -> Mapping[str, Provider]:
    """Return the identity providers of the running application."""
    return get_extension("identity_providers", KnownProviders).by_name


def make_setup(settings: Settings) -> AuthSetup:
    """Return what the settings say."""
    return AuthSetup(
        make_anonymous(may_read=settings.anonymous_read, may_measure=settings.is_private),
        Lifetimes(
            timedelta(minutes=settings.session_idle_minutes),
            timedelta(hours=settings.session_hours),
        ),
        timedelta(minutes=settings.recent_minutes),
        settings.local_accounts,
        settings.demo,
        tuple((p.name, p.title or p.name.capitalize()) for p in settings.providers),
        make_provider_rules(settings.providers),
        settings.public_url,
    )


def get_setup() -> AuthSetup:
    """Return the setup of the running application."""
    return get_extension("auth", AuthSetup)
