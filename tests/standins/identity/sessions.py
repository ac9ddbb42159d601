"""UserInfo, the end of a session at the provider, and back-channel logout."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import TYPE_CHECKING

from flask import Response, request
from joserfc.errors import JoseError

from .authorize import redirect_with
from .faults import LOGOUT_CLAIMS, LOGOUT_EVENT, LOGOUT_SIGNATURES, SUBJECT, Scene
from .keys import Claims
from .records import AccessToken, Client
from .server import PageError, json_answer, repeated
from .tokens import user_claims

if TYPE_CHECKING:
    from .standin import StandInProvider

LOGOUT_TOKEN_LIFETIME = 120


def bearer(idp: StandInProvider) -> AccessToken | None:
    """What the bearer token of the request allows."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    with idp.lock:
        found = idp.access_tokens.get(value.strip())
    if scheme.lower() != "bearer" or found is None or idp.clock() >= found.expires_at:
        return None
    return found


def unauthorised(idp: StandInProvider) -> Response:
    """The challenge of RFC 6750; it names an error only when a token was sent."""
    challenge = f'Bearer realm="{idp.issuer}"'
    if "Authorization" not in request.headers:
        return json_answer({}, 401, {"WWW-Authenticate": challenge})
    challenge += ', error="invalid_token", error_description="unknown or expired"'
    return json_answer({"error": "invalid_token"}, 401, {"WWW-Authenticate": challenge})


def userinfo(idp: StandInProvider) -> Response:
    """Handle one UserInfo request."""
    if idp.fault == "no_userinfo_endpoint":
        raise PageError("there is no such endpoint", 404)
    access = bearer(idp)
    if access is None:
        return unauthorised(idp)
    claims: Claims = {"sub": access.session.subject}
    if "userinfo" in idp.claims_in:
        claims = user_claims(idp, access.session.claims, access.scopes, access.session.subject)
    if idp.fault == "userinfo_sub_differs":
        claims["sub"] = "somebody-else"
    bend = SUBJECT.get(idp.fault or "")
    if bend is not None:
        bend(claims, Scene(idp.now(), idp.issuer, access.client_id))
    return json_answer(claims)


def member_objects(idp: StandInProvider) -> Response:
    """The place an overage pointer names: the group list, for a bearer token only."""
    access = bearer(idp)
    if access is None:
        return unauthorised(idp)
    groups = access.session.claims.get("groups", [])
    return json_answer({"value": [groups] if isinstance(groups, str) else groups})


def end_session(idp: StandInProvider) -> Response:
    """Handle one logout request of a relying party; every refusal ends on a page."""
    values = request.values
    if doubled := repeated(values):
        raise PageError(f"{min(doubled)} is given more than once")
    client, hinted = leaving_client(idp)
    target = values.get("post_logout_redirect_uri")
    if target is not None and target not in client.post_logout_redirect_uris:
        raise PageError("post_logout_redirect_uri is not registered")
    with idp.lock:
        session = idp.session
        if session is not None and (hinted is None or hinted.get("sid") == session.sid):
            idp.ended_sessions.append(session)
            idp.session = None
    if target is None:
        return Response("<!doctype html><title>signed out</title>", mimetype="text/html")
    state = values.get("state")
    return redirect_with(target, {} if state is None else {"state": state})


def leaving_client(idp: StandInProvider) -> tuple[Client, Claims | None]:
    """The client that asks, by id_token_hint or client_id, and the claims of the hint."""
    hint, named = request.values.get("id_token_hint"), request.values.get("client_id")
    claims: Claims | None = None
    if hint is not None:
        claims = read_hint(idp, hint)
        if named is not None and claims.get("aud") != named:
            raise PageError("client_id does not match id_token_hint")
        named = str(claims.get("aud"))
    if named is None:
        raise PageError("id_token_hint or client_id is required")
    client = idp.clients.get(named)
    if client is None:
        raise PageError("unknown client_id")
    return client, claims


def read_hint(idp: StandInProvider, hint: str) -> Claims:
    """Claims of an ID token this provider issued; its expiry does not matter."""
    try:
        claims = idp.keys.read(hint)
    except (JoseError, ValueError) as error:
        raise PageError("id_token_hint is not valid") from error
    if claims.get("iss") != idp.issuer:
        raise PageError("id_token_hint is not valid")
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        claims["aud"] = audience[0]
    return claims


def logout_token(
    idp: StandInProvider,
    sid: str | None,
    sub: str | None,
    typ: str,
    overrides: Claims,
) -> str:
    """A logout token under the fault that is switched on; an override of None drops a claim."""
    now = idp.now()
    claims: Claims = {
        "iss": idp.issuer,
        "aud": idp.client_id,
        "iat": now,
        "exp": now + LOGOUT_TOKEN_LIFETIME,
        "jti": token_urlsafe(16),
        "events": {LOGOUT_EVENT: {}},
        "sid": sid,
        "sub": sub,
        **overrides,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    if idp.fault == "logout_typ_id_token":
        return disguised_id_token(idp, claims)
    bend = LOGOUT_CLAIMS.get(idp.fault or "")
    if bend is not None:
        bend(claims, Scene(now, idp.issuer, idp.client_id))
    style = LOGOUT_SIGNATURES.get(idp.fault or "", idp.signing_alg)
    return idp.keys.sign(claims, style, typ)


def disguised_id_token(idp: StandInProvider, claims: Claims) -> str:
    """An ID token for the same session, to be sent where a logout token belongs."""
    shared = {"iss", "aud", "iat", "exp", "sid"}
    kept: Claims = {name: value for name, value in claims.items() if name in shared}
    kept |= {"sub": claims.get("sub", "somebody"), "nonce": token_urlsafe(16)}
    return idp.keys.sign({**kept, "auth_time": kept["iat"]}, idp.signing_alg)
