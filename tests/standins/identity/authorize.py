"""The authorization endpoint: refuses by page or by redirect, or answers with a code."""

from __future__ import annotations

import re
from dataclasses import replace
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, request
from joserfc.errors import JoseError
from werkzeug.datastructures import MultiDict

from .faults import OTHER_ISSUER
from .records import Client, Grant, Session
from .server import PageError, repeated

if TYPE_CHECKING:
    from .standin import StandInProvider

SCRIPT = "<script>alert(1)</script> the user said no"
PROMPTS = {"none", "login", "consent", "select_account"}
UNSUPPORTED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


class RedirectError(Exception):
    """A refusal that may be sent to the client by redirect."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


def authorize(idp: StandInProvider) -> Response:
    """Handle one authorization request."""
    values = request.values
    client, redirect_uri = trusted_target(idp, values)
    try:
        check_request(values)
        if idp.fault == "error_redirect":
            raise RedirectError("access_denied", SCRIPT)
        session = session_for(idp, values)
    except RedirectError as error:
        return send_back(idp, redirect_uri, {"error": error.code, "error_description": str(error)})
    code = issue_code(idp, client, redirect_uri, session)
    return send_back(idp, redirect_uri, {"code": code})


def trusted_target(idp: StandInProvider, values: MultiDict[str, str]) -> tuple[Client, str]:
    """The client and its redirect URI; a doubt about either ends on a page."""
    if repeated(values) & {"client_id", "redirect_uri"}:
        raise PageError("client_id or redirect_uri is given more than once")
    client = idp.clients.get(values.get("client_id", ""))
    if client is None:
        raise PageError("unknown client_id")
    redirect_uri = values.get("redirect_uri")
    if not redirect_uri:
        raise PageError("redirect_uri is missing")
    if redirect_uri not in client.redirect_uris:
        raise PageError("redirect_uri is not registered")
    return client, redirect_uri


def check_request(values: MultiDict[str, str]) -> None:
    """Refuse what the standards do not allow or this provider does not support."""
    if doubled := repeated(values):
        raise RedirectError("invalid_request", f"{min(doubled)} is given more than once")
    for name, code in UNSUPPORTED.items():
        if name in values:
            raise RedirectError(code, f"{name} is not supported")
    response_type = values.get("response_type")
    if not response_type:
        raise RedirectError("invalid_request", "response_type is missing")
    if response_type != "code":
        raise RedirectError("unsupported_response_type", "response_type must be code")
    if values.get("response_mode", "query") != "query":
        raise RedirectError("invalid_request", "response_mode must be query")
    if "openid" not in values.get("scope", "").split():
        raise RedirectError("invalid_scope", "scope must contain openid")
    check_challenge(values)


def check_challenge(values: MultiDict[str, str]) -> None:
    """Insist on a PKCE challenge of the method S256."""
    challenge = values.get("code_challenge")
    if not challenge:
        raise RedirectError("invalid_request", "code_challenge is missing")
    if values.get("code_challenge_method") != "S256":
        raise RedirectError("invalid_request", "code_challenge_method must be S256")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        raise RedirectError("invalid_request", "code_challenge is malformed")


def session_for(idp: StandInProvider, values: MultiDict[str, str]) -> Session:
    """The session that answers the request, authenticated again where the request asks for it."""
    prompts = set(values.get("prompt", "").split())
    if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise RedirectError("invalid_request", "prompt is malformed")
    with idp.lock:
        session = idp.session
        stale = session is not None and too_old(idp, session, values.get("max_age"))
        if "none" in prompts and (session is None or stale):
            raise RedirectError("login_required", "the user must sign in")
        if session is None:
            raise PageError("nobody is signed in at the provider: call sign_in_as()", 403)
        check_hint(idp, session, values.get("id_token_hint"), "none" in prompts)
        if stale or "login" in prompts:
            session.auth_time = idp.now()
        step_up(idp, session, values.get("acr_values", ""), "none" in prompts)
        return replace(session, claims=dict(session.claims))


def too_old(idp: StandInProvider, session: Session, max_age: str | None) -> bool:
    """Whether the last authentication is older than max_age allows."""
    if max_age is None:
        return False
    if not re.fullmatch(r"[0-9]{1,9}", max_age):
        raise RedirectError("invalid_request", "max_age must be a number of seconds")
    seconds = int(max_age)
    return seconds == 0 or idp.now() - session.auth_time > seconds


def check_hint(idp: StandInProvider, session: Session, hint: str | None, silent: bool) -> None:
    """Refuse a hint that is not ours, and a silent login for another user than the hinted."""
    if hint is None:
        return
    try:
        claims = idp.keys.read(hint)
    except (JoseError, ValueError) as error:
        raise RedirectError("invalid_request", "id_token_hint is not valid") from error
    if silent and claims.get("sub") != session.subject:
        raise RedirectError("login_required", "another user is signed in")


def step_up(idp: StandInProvider, session: Session, acr_values: str, silent: bool) -> None:
    """Reach the first requested acr that is supported, unless that needs the user."""
    for wanted in acr_values.split():
        if wanted == session.acr:
            return
        if wanted in idp.acr_values_supported:
            if idp.can_step_up and not silent:
                session.acr, session.auth_time = wanted, idp.now()
            return


def issue_code(idp: StandInProvider, client: Client, redirect_uri: str, session: Session) -> str:
    """Remember the consent and name it by a code; the fault hands out a used one."""
    values = request.values
    code = token_urlsafe(32)
    grant = Grant(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scopes=frozenset(values["scope"].split()),
        session=session,
        nonce=values.get("nonce"),
        code_challenge=values["code_challenge"],
        expires_at=idp.clock() + idp.code_lifetime,
        used=idp.fault == "code_replayed",
    )
    with idp.lock:
        idp.grants[code] = grant
    return code


def send_back(idp: StandInProvider, redirect_uri: str, answer: dict[str, str]) -> Response:
    """Redirect to the client with the answer, its state and the issuer of RFC 9207."""
    state = request.values.get("state")
    if state is not None:
        answer = {**answer, "state": state}
    if idp.send_iss and idp.fault != "rfc9207_iss_missing":
        other = idp.fault == "rfc9207_iss_other"
        answer = {**answer, "iss": OTHER_ISSUER if other else idp.claimed_issuer}
    return redirect_with(redirect_uri, answer)


def redirect_with(uri: str, answer: dict[str, str]) -> Response:
    """A redirect that keeps the query the URI already has."""
    parts = urlsplit(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *answer.items()])
    response = Response(status=302)
    response.headers["Location"] = parts._replace(query=query).geturl()
    response.headers["Cache-Control"] = "no-store"
    return response
