"""One adapter for each kind of identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.auth.providers.github import GitHub
from portal.auth.providers.oidc import OpenIdProvider

if TYPE_CHECKING:
    from portal.auth.core.signing_in import Provider
    from portal.auth.providers.wire import MakeSession
    from portal.settings import Settings
    from portal.settings.providers import ProviderSettings

CALLBACK = "/auth/{}/callback"
SIGNED_OUT = "/auth/{}/signed-out"


def make_providers(settings: Settings, make_session: MakeSession) -> dict[str, Provider]:
    """Return the providers of the settings by name; nothing is asked of them yet.

    Their way back is made of the public address alone, never of what a request says.
    """
    return {p.name: _make(p, settings.public_url, make_session) for p in settings.providers}


def _make(given: ProviderSettings, public_url: str, make_session: MakeSession) -> Provider:
    callback = public_url + CALLBACK.format(given.name)
    if given.kind == "github":
        return GitHub(given, callback, make_session)
    return OpenIdProvider(given, callback, public_url + SIGNED_OUT.format(given.name), make_session)
