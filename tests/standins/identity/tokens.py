"""The token endpoint, and the ID token that it issues."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from flask import Response, request

from .faults import ID_TOKEN_CLAIMS, SIGNATURES, SUBJECT, VARIANTS, Scene
from .keys import Claims, b64url, left_half_hash
from .records import AccessToken, Client, Grant
from .server import json_answer, repeated

if TYPE_CHECKING:
    from .standin import StandInProvider

FORM = "application/x-www-form-urlencoded"
SCOPED = {
    "profile": [
        *("name", "family_name", "given_name", "middle_name", "nickname"),
        *("preferred_username", "profile", "picture", "website", "gender"),
        *("birthdate", "zoneinfo", "locale", "updated_at"),
    ],
    "email": ["email", "email_verified"],
    "address": ["address"],
    "phone": ["phone_number", "phone_number_verified"],
}


class TokenError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.status = status


def token(idp: StandInProvider) -> Response:
    """Handle one token request."""
    try:
        client = authenticate(idp)
        grant = redeem(idp, client)
    except TokenError as error:
        headers = {"WWW-Authenticate": f'Basic realm="{idp.issuer}"'}
        return json_answer(
            {"error": error.code, "error_description": str(error)},
            error.status,
            headers if error.status == 401 else None,
        )
    content = token_answer(idp, grant)
    return idp.outage("token", content) or json_answer(content)


def authenticate(idp: StandInProvider) -> Client:
    """The client, by exactly one of the two secret methods."""
    if request.mimetype != FORM:
        raise TokenError("invalid_request", f"the content type must be {FORM}")
    if request.args:
        raise TokenError("invalid_request", "parameters belong in the body")
    if doubled := repeated(request.form):
        raise TokenError("invalid_request", f"{min(doubled)} is given more than once")
    basic = request.headers.get("Authorization")
    if basic is not None and "client_secret" in request.form:
        raise TokenError("invalid_request", "more than one way to authenticate the client")
    if basic is not None:
        method, (client_id, secret) = "client_secret_basic", read_basic(basic)
        if request.form.get("client_id", client_id) != client_id:
            raise TokenError("invalid_request", "two different client_id")
    else:
        method, client_id = "client_secret_post", request.form.get("client_id", "")
        secret = request.form.get("client_secret", "")
    client = idp.clients.get(client_id)
    if client is None or not same(secret, client.secret) or method not in client.auth_methods:
        raise TokenError("invalid_client", "client authentication failed", 401)
    return client


def read_basic(header: str) -> tuple[str, str]:
    """User and password of a Basic header, form-decoded as RFC 6749 section 2.3.1 wants it."""
    scheme, _, rest = header.partition(" ")
    try:
        pair = base64.b64decode(rest, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TokenError("invalid_client", "malformed Basic credentials", 401) from error
    user, colon, password = pair.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise TokenError("invalid_client", "malformed Basic credentials", 401)
    return unquote_plus(user), unquote_plus(password)


def same(one: str, other: str) -> bool:
    """Compare without a timing difference."""
    return hmac.compare_digest(one.encode("utf-8"), other.encode("utf-8"))


def redeem(idp: StandInProvider, client: Client) -> Grant:
    """Spend the code; any attempt with a known code of this client spends it."""
    form = request.form
    if not form.get("grant_type"):
        raise TokenError("invalid_request", "grant_type is missing")
    if form["grant_type"] != "authorization_code":
        raise TokenError("unsupported_grant_type", "grant_type must be authorization_code")
    for name in ("code", "redirect_uri", "code_verifier"):
        if not form.get(name):
            raise TokenError("invalid_request", f"{name} is missing")
    with idp.lock:
        grant = idp.grants.get(form["code"])
        if grant is None or grant.client_id != client.client_id:
            raise TokenError("invalid_grant", "the code is unknown")
        if grant.used:
            for access_token in grant.access_tokens:
                idp.access_tokens.pop(access_token, None)
            raise TokenError("invalid_grant", "the code has been used before")
        grant.used = True
    check_grant(idp, grant)
    return grant


def check_grant(idp: StandInProvider, grant: Grant) -> None:
    """Compare the request with what the code was issued for."""
    if idp.clock() >= grant.expires_at:
        raise TokenError("invalid_grant", "the code has expired")
    if request.form["redirect_uri"] != grant.redirect_uri:
        raise TokenError("invalid_grant", "redirect_uri differs from the authorization request")
    verifier = request.form["code_verifier"]
    if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
        raise TokenError("invalid_grant", "code_verifier is malformed")
    digest = b64url(hashlib.sha256(verifier.encode("ascii")).digest())
    if not same(digest, grant.code_challenge):
        raise TokenError("invalid_grant", "code_verifier does not match code_challenge")


def token_answer(idp: StandInProvider, grant: Grant) -> dict[str, Any]:
    """Issue the access token and the ID token."""
    access_token = token_urlsafe(32)
    expires = idp.clock() + idp.token_lifetime
    with idp.lock:
        grant.access_tokens.append(access_token)
        idp.access_tokens[access_token] = AccessToken(
            grant.session, grant.client_id, grant.scopes, expires
        )
    content: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": idp.token_lifetime,
        "scope": " ".join(sorted(grant.scopes & idp.scopes_supported)),
    }
    if idp.fault == "extra_claims":
        content["unknown_member"] = {"ignored": True}
    if idp.fault != "no_id_token":
        content["id_token"] = id_token(idp, grant, access_token)
    return content


def id_token(idp: StandInProvider, grant: Grant, access_token: str) -> str:
    """Build, bend and sign the ID token."""
    now, session = idp.now(), grant.session
    claims: Claims = {}
    if "id_token" in idp.claims_in:
        claims.update(user_claims(idp, grant.session.claims, grant.scopes, session.subject))
    claims |= {
        "iss": idp.claimed_issuer,
        "sub": session.subject,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + idp.token_lifetime,
        "auth_time": session.auth_time,
        "sid": session.sid,
        "at_hash": left_half_hash(access_token),
    }
    optional = {"nonce": grant.nonce, "acr": session.acr}
    claims |= {name: value for name, value in optional.items() if value is not None}
    bend = ID_TOKEN_CLAIMS.get(idp.fault or "") or SUBJECT.get(idp.fault or "")
    if bend is not None:
        bend(claims, Scene(now, idp.issuer, grant.client_id))
    style = SIGNATURES.get(idp.fault or "", idp.signing_alg)
    if style == "none":
        claims.pop("at_hash")
    signed = idp.keys.sign(claims, style, jku=f"{idp.issuer}/foreign-jwks")
    with idp.lock:
        idp.id_tokens.append(signed)
    return signed


def user_claims(idp: StandInProvider, own: Claims, scopes: frozenset[str], subject: str) -> Claims:
    """The user's claims after variants; the standard scopes gate the standard claims."""
    claims = {**own, "sub": subject}
    scene = Scene(idp.now(), idp.issuer, idp.client_id)
    for name in idp.variants:
        VARIANTS[name](claims, scene)
    for scope, names in SCOPED.items():
        if scope not in scopes:
            for name in names:
                claims.pop(name, None)
    return claims
