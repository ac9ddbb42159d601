"""What the provider remembers: clients, sessions, codes and access tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from .keys import Claims

AUTH_METHODS = ("client_secret_basic", "client_secret_post")


@dataclass
class Client:
    """A registered relying party."""

    client_id: str
    secret: str
    redirect_uris: list[str] = field(default_factory=list)
    post_logout_redirect_uris: list[str] = field(default_factory=list)
    auth_methods: tuple[str, ...] = AUTH_METHODS


@dataclass
class Session:
    """The user's session at the provider."""

    subject: str
    claims: Claims
    sid: str
    auth_time: int
    acr: str | None = None


@dataclass
class Grant:
    """What a code stands for; the session is a copy of the moment of consent."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    session: Session
    nonce: str | None
    code_challenge: str
    expires_at: float
    used: bool = False
    access_tokens: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AccessToken:
    """What a bearer token allows."""

    session: Session
    client_id: str
    scopes: frozenset[str]
    expires_at: float
