"""An OpenID provider for tests: faithful, refusing, and faulty on request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from secrets import token_urlsafe
from typing import Any, ClassVar, Self

from flask import Response

from .authorize import authorize
from .faults import FAULTS, VARIANT_NAMES
from .keys import ALGORITHMS, Claims, SigningKeys, foreign_jwks
from .records import AUTH_METHODS, AccessToken, Client, Grant, Session
from .server import BackgroundServer, json_answer
from .sessions import end_session, logout_token, member_objects, userinfo
from .tokens import SCOPED, token
from .wire import Answer, send

ACR_PASSWORD = "urn:standin:password"
ACR_MFA = "urn:standin:mfa"


class StandInProvider(BackgroundServer):
    """An OpenID provider on 127.0.0.1 that signs in whoever `sign_in_as` names."""

    known_faults: ClassVar[frozenset[str]] = FAULTS

    def __init__(
        self,
        *,
        client_id: str = "portal-under-test",
        client_secret: str | None = None,
        redirect_uris: Iterable[str] = (),
        post_logout_redirect_uris: Iterable[str] = (),
        auth_methods: tuple[str, ...] = AUTH_METHODS,
        path: str = "",
        code_lifetime: float = 60.0,
        token_lifetime: int = 300,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(clock)
        self.client_id = client_id
        self.client_secret = client_secret or token_urlsafe(32)
        self.path = path
        self.code_lifetime = code_lifetime
        self.token_lifetime = token_lifetime
        self.keys = SigningKeys(self.client_secret)
        self.clients: dict[str, Client] = {}
        self.add_client(
            client_id,
            self.client_secret,
            redirect_uris,
            post_logout_redirect_uris,
            auth_methods,
        )
        self._set_defaults()
        self._add_routes()

    def _set_defaults(self) -> None:
        """Settings a test may change at any time, and the memory of the provider."""
        self.signing_alg = "RS256"
        self.send_iss = True
        self.claims_in: set[str] = {"id_token", "userinfo"}
        self.acr_values_supported = [ACR_PASSWORD, ACR_MFA]
        self.can_step_up = True
        self.scopes_supported = frozenset({"openid", "groups", *SCOPED})
        self.variants: tuple[str, ...] = ()
        self.session: Session | None = None
        self.ended_sessions: list[Session] = []
        self.grants: dict[str, Grant] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.id_tokens: list[str] = []
        self.logout_answers: list[Answer] = []

    def _add_routes(self) -> None:
        """Mount the endpoints below the path of the issuer."""
        both, post = ["GET", "POST"], ["POST"]
        routes: list[tuple[str, str, Callable[[], Response], list[str]]] = [
            ("/.well-known/openid-configuration", "discovery", self._discovery, ["GET"]),
            ("/jwks", "jwks", self._jwks, ["GET"]),
            ("/authorize", "authorize", lambda: authorize(self), both),
            ("/token", "token", lambda: token(self), post),
            ("/userinfo", "userinfo", lambda: userinfo(self), both),
            ("/end-session", "end_session", lambda: end_session(self), both),
            ("/foreign-jwks", "foreign_jwks", lambda: json_answer(foreign_jwks()), ["GET"]),
        ]
        for rule, name, view, methods in routes:
            self.app.add_url_rule(self.path + rule, name, view, methods=methods)
        self.app.add_url_rule(
            self.path + "/v1.0/users/<path:user>/getMemberObjects",
            "member_objects",
            lambda user: member_objects(self),
            methods=both,
        )

    @property
    def issuer(self) -> str:
        """The issuer identifier, to be compared exactly."""
        return self.base_url + self.path

    @property
    def claimed_issuer(self) -> str:
        """The issuer in ID tokens and authorization answers."""
        if self.fault == "discovery_issuer_everywhere":
            return f"{self.issuer}/other"
        return self.issuer

    @property
    def discovery_url(self) -> str:
        """Where the metadata lies."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def redirect_uris(self) -> list[str]:
        """The registered redirect URIs of the main client; the list may be changed."""
        return self.clients[self.client_id].redirect_uris

    @property
    def post_logout_redirect_uris(self) -> list[str]:
        """The registered logout targets of the main client; the list may be changed."""
        return self.clients[self.client_id].post_logout_redirect_uris

    def add_client(
        self,
        client_id: str,
        secret: str,
        redirect_uris: Iterable[str] = (),
        post_logout_redirect_uris: Iterable[str] = (),
        auth_methods: tuple[str, ...] = AUTH_METHODS,
    ) -> Client:
        """Register a client."""
        client = Client(
            client_id,
            secret,
            list(redirect_uris),
            list(post_logout_redirect_uris),
            auth_methods,
        )
        self.clients[client_id] = client
        return client

    def sign_in_as(
        self,
        subject: str,
        *,
        auth_time: int | None = None,
        acr: str | None = ACR_PASSWORD,
        sid: str | None = None,
        **claims: Any,
    ) -> Session:
        """Start a new session of this user at the provider; the next authorize approves it."""
        with self.lock:
            self.session = Session(
                subject,
                claims,
                sid or token_urlsafe(16),
                self.now() if auth_time is None else auth_time,
                acr,
            )
            return self.session

    def sign_out(self) -> None:
        """End the session at the provider without telling anybody."""
        with self.lock:
            self.session = None

    @contextmanager
    def variant(self, *names: str) -> Iterator[Self]:
        """Shape the user's claims for the length of a with block."""
        before = self.variants
        self.use_variants(*names)
        try:
            yield self
        finally:
            self.variants = before

    def use_variants(self, *names: str) -> None:
        """Shape the user's claims from now on; without a name, leave them as they are."""
        unknown = set(names) - VARIANT_NAMES
        if unknown:
            raise ValueError(f"unknown variant {min(unknown)!r}")
        self.variants = names

    def rotate_keys(self) -> None:
        """Replace both signing keys; the old ones leave the key set at once."""
        self.keys.rotate()

    def visit(self, url: str) -> Answer:
        """Open an address as the user's browser would; redirects are not followed."""
        return send(url)

    def logout_token(
        self,
        sid: str | None = None,
        sub: str | None = None,
        *,
        typ: str = "logout+jwt",
        **overrides: Any,
    ) -> str:
        """A signed logout token; overrides replace claims, None removes one."""
        return logout_token(self, sid, sub, typ, overrides)

    def back_channel_logout(
        self,
        url: str,
        sid: str | None = None,
        sub: str | None = None,
        *,
        typ: str = "logout+jwt",
        **overrides: Any,
    ) -> Answer:
        """POST a logout token; under `logout_replayed` twice, and the second answer counts."""
        signed = self.logout_token(sid, sub, typ=typ, **overrides)
        times = 2 if self.fault == "logout_replayed" else 1
        for _ in range(times):
            self.logout_answers.append(send(url, {"logout_token": signed}))
        return self.logout_answers[-1]

    def _jwks(self) -> Response:
        """Answer with the public keys."""
        keys = self.keys.jwks()
        return self.outage("jwks", keys) or json_answer(keys)

    def _discovery(self) -> Response:
        """Answer with the provider metadata."""
        metadata = self.metadata()
        return self.outage("discovery", metadata) or json_answer(metadata)

    def metadata(self) -> Claims:
        """The provider metadata under the fault that is switched on."""
        algorithms = list(ALGORITHMS)
        if self.fault == "alg_none":
            algorithms.append("none")
        elif self.fault is not None and self.fault.startswith("alg_hs256"):
            algorithms.append("HS256")
        metadata = {**endpoints(self.issuer), **capabilities(self)}
        metadata["id_token_signing_alg_values_supported"] = algorithms
        if self.fault == "no_userinfo_endpoint":
            del metadata["userinfo_endpoint"]
        if self.fault == "discovery_issuer_mismatch":
            metadata["issuer"] = f"{self.issuer}/"
        if self.fault == "discovery_issuer_everywhere":
            metadata["issuer"] = self.claimed_issuer
        return metadata


def endpoints(issuer: str) -> Claims:
    """The addresses in the metadata."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/end-session",
        "jwks_uri": f"{issuer}/jwks",
    }


def capabilities(idp: StandInProvider) -> Claims:
    """Everything in the metadata that is not an address."""
    return {
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "scopes_supported": sorted(idp.scopes_supported),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": list(idp.acr_values_supported),
        "authorization_response_iss_parameter_supported": idp.send_iss,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
