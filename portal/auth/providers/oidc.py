"""OpenID Connect: authorization code with PKCE, checked ID tokens, logout both ways."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from portal.auth.core.id_tokens import Expected, check_id_token, check_logout_token
from portal.auth.core.people import Claims, make_rules
from portal.auth.core.profiles import Wording, lacks_claims, read_profile
from portal.auth.core.signing_in import SignInRefused, check_error
from portal.auth.providers.discovery import fetch_keys, fetch_metadata
from portal.auth.providers.held import Held
from portal.auth.providers.signatures import hash_half, open_token
from portal.auth.providers.wire import fetch_json, fetch_tokens, make_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.auth.core.signing_in import LogoutToken, Pending
    from portal.auth.providers.discovery import Metadata
    from portal.auth.providers.wire import MakeSession
    from portal.settings.providers import ProviderSettings

SCOPES = "openid profile email"


class OpenIdProvider:
    """One OpenID provider; metadata and keys are held by this process."""

    def __init__(
        self, given: ProviderSettings, callback: str, signed_out: str, make_session: MakeSession
    ) -> None:
        self._given = given
        self._callback = callback
        self._signed_out = signed_out
        self._make_session = make_session
        self._settings = f"PORTAL_OIDC_{given.name.upper()}"
        self._wording = Wording(given.groups_claim, given.user_claim)
        self._metadata = Held(lambda: fetch_metadata(make_session, given.issuer, self._settings))
        self._keys = Held(lambda: fetch_keys(make_session, self._metadata.get().jwks_uri))
        self.rules = make_rules(given)

    @property
    def issuer(self) -> str:
        """Return the issuer, exactly as it is set."""
        return self._given.issuer

    def make_address(self, pending: Pending, state: str) -> str:
        """Return where the browser goes; a repeated sign-in asks for a fresh proof."""
        metadata = self._metadata.get()
        asked = {"scope": self._given.scopes or SCOPES, "nonce": pending.nonce}
        if pending.again:
            asked |= {"prompt": "login", "max_age": "0"}
        elif self._given.max_age_minutes is not None:
            asked["max_age"] = str(self._given.max_age_minutes * 60)
        if self._given.acr_values:
            asked["acr_values"] = self._given.acr_values
        with self._make_session() as session:
            url, _ = self._client(session, metadata).create_authorization_url(
                metadata.authorization_endpoint, state, pending.verifier, **asked
            )
        return str(url)

    def redeem(self, pending: Pending, answer: Mapping[str, str], *, now: int) -> Claims:
        """Exchange the code and check everything the provider says; raises SignInRefused."""
        metadata = self._metadata.get()
        self._check_issuer(metadata, answer)
        code = check_error(answer)
        with self._make_session() as session:
            tokens = fetch_tokens(
                self._client(session, metadata),
                metadata.token_endpoint,
                code=code,
                code_verifier=pending.verifier,
                redirect_uri=self._callback,
            )
        claims = self._open_id_token(metadata, tokens, pending, now)
        return read_profile(self._complete(metadata, claims, tokens), self._wording)

    def find_leaving_address(self, state: str) -> str | None:
        """Return where the browser ends its session at the provider, None when it cannot."""
        place = self._metadata.get().end_session_endpoint
        if not place:
            return None
        asked = {
            "client_id": self._given.client_id,
            "post_logout_redirect_uri": self._signed_out,
            "state": state,
        }
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"

    def read_logout_token(self, token: str, *, now: int) -> LogoutToken:
        """Return what a logout token says is over; raises SignInRefused."""
        header, claims = open_token(token, self._metadata.get().algorithms, self._keys)
        expected = Expected(self.issuer, self._given.client_id, self._settings)
        return check_logout_token(header, claims, expected, now=now)

    def _client(self, session: Any, metadata: Metadata) -> Any:
        secret = self._given.secret
        method = metadata.method if secret else "none"
        return make_client(session, self._given.client_id, secret, method, self._callback)

    def _check_issuer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        """Refuse an answer of another provider (RFC 9207) before its code goes anywhere."""
        is_said = "iss" in answer or metadata.announces_iss
        if is_said and answer.get("iss") != self.issuer:
            raise SignInRefused(
                "iss",
                "The answer is not from the provider that was asked.",
                fix="Start the sign-in again. If it stays, somebody may be mixing up providers.",
                inside=f"iss {answer.get('iss', '')[:200]}",
            )

    def _open_id_token(
        self, metadata: Metadata, tokens: Mapping[str, Any], pending: Pending, now: int
    ) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused(
                "id_token",
                "The provider sent no ID token.",
                fix=f"{self._settings}_SCOPES must contain openid.",
            )
        header, claims = open_token(token, metadata.algorithms, self._keys)
        expected = Expected(
            self.issuer,
            self._given.client_id,
            self._settings,
            pending.nonce,
            self._find_proven_since(pending, now),
            tuple(self._given.acr_values.split()),
        )
        check_id_token(claims, expected, now=now)
        half = hash_half(tokens["access_token"], header["alg"])
        if "at_hash" in claims and not hmac.compare_digest(
            str(claims["at_hash"]).encode(), half.encode()
        ):
            raise SignInRefused("at_hash", "ID token and access token do not belong together.")
        return claims

    def _find_proven_since(self, pending: Pending, now: int) -> int | None:
        """Return the earliest authentication that counts."""
        if pending.again:
            return pending.began_at
        minutes = self._given.max_age_minutes
        return None if minutes is None else now - minutes * 60

    def _complete(
        self, metadata: Metadata, claims: dict[str, Any], tokens: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Add what the ID token leaves out from the UserInfo endpoint, if it is the same person."""
        place = metadata.userinfo_endpoint
        if not place or not lacks_claims(claims, self._wording):
            return claims
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        with self._make_session() as session:
            more, _ = fetch_json(session, place, "userinfo", "user information", bearer)
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            raise SignInRefused(
                "sub", "The provider's user information is about somebody else than its token."
            )
        return {**more, **claims}
