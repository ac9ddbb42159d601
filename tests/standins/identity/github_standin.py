"""A plain OAuth provider in the style of GitHub: no discovery, no ID token, no issuer."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from flask import Response, request

from .authorize import SCRIPT, redirect_with
from .github_api import API_FAULTS, add_api_routes
from .keys import b64url
from .server import OUTAGES, BackgroundServer, PageError, json_answer
from .tokens import same

DOCS = "/apps/managing-oauth-apps/troubleshooting-{}-request-errors/#{}"
MISMATCH = "The redirect_uri MUST match the registered callback URL for this application."
TOKEN_ERRORS = {
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": MISMATCH,
    "bad_verification_code": "The code passed is incorrect or expired.",
    "unverified_user_email": "The user must have a verified primary email.",
}
LOOPBACK = {"127.0.0.1", "::1"}
FLOW_FAULTS = frozenset(
    {
        "github_error_redirect",
        "github_token_error_200",
        "github_code_replayed",
        "github_scope_reduced",
    }
)
OUTAGE_FAULTS = frozenset(f"github_{name}_{kind}" for name in ("token", "user") for kind in OUTAGES)
GITHUB_FAULTS = frozenset({*FLOW_FAULTS, *OUTAGE_FAULTS, *API_FAULTS})


@dataclass
class GitHubUser:
    """An account: the number never changes, the login may."""

    id: int
    login: str
    name: str | None = None
    email: str | None = None
    emails: list[dict[str, Any]] = field(default_factory=list)
    orgs: list[str] = field(default_factory=list)
    teams: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class GitHubGrant:
    """What a code stands for."""

    redirect_uri: str
    scopes: frozenset[str]
    user: GitHubUser
    code_challenge: str | None
    expires_at: float
    used: bool = False


class GitHubStandIn(BackgroundServer):
    """The OAuth web flow and the user API of GitHub on 127.0.0.1."""

    known_faults: ClassVar[frozenset[str]] = GITHUB_FAULTS

    def __init__(
        self,
        *,
        client_id: str = "Iv1.standin",
        client_secret: str | None = None,
        callback_url: str = "",
        code_lifetime: float = 600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(clock)
        self.client_id = client_id
        self.client_secret = client_secret or token_hex(20)
        self.callback_url = callback_url
        self.code_lifetime = code_lifetime
        self.user: GitHubUser | None = None
        self.grants: dict[str, GitHubGrant] = {}
        self.access_tokens: dict[str, tuple[GitHubUser, frozenset[str]]] = {}
        self.app.add_url_rule("/login/oauth/authorize", "authorize", lambda: authorize(self))
        self.app.add_url_rule(
            "/login/oauth/access_token", "token", lambda: access_token(self), methods=["POST"]
        )
        add_api_routes(self)

    @property
    def authorize_url(self) -> str:
        """Where the browser is sent."""
        return f"{self.base_url}/login/oauth/authorize"

    @property
    def token_url(self) -> str:
        """Where a code is exchanged."""
        return f"{self.base_url}/login/oauth/access_token"

    @property
    def api_url(self) -> str:
        """The root of the REST API; it is mounted below /api/v3 as well."""
        return self.base_url

    def sign_in_as(
        self,
        account_id: int,
        login: str,
        *,
        name: str | None = None,
        email: str | None = None,
        emails: Iterable[dict[str, Any]] = (),
        orgs: Iterable[str] = (),
        teams: Iterable[tuple[str, str]] = (),
    ) -> GitHubUser:
        """Choose the account that approves the next authorization; teams are (org, slug)."""
        self.user = GitHubUser(
            account_id, login, name, email, list(emails), list(orgs), list(teams)
        )
        return self.user

    def sign_out(self) -> None:
        """Nobody is signed in from now on."""
        self.user = None


def callback_matches(registered: str, wanted: str) -> bool:
    """Host (or a subdomain) and port are equal and the path lies below; loopback: any port."""
    ours, theirs = urlsplit(registered), urlsplit(wanted)
    host, other = ours.hostname or "", theirs.hostname or ""
    if ours.scheme != theirs.scheme or theirs.username is not None or ".." in theirs.path:
        return False
    if other != host and not other.endswith(f".{host}"):
        return False
    if host not in LOOPBACK and ours.port != theirs.port:
        return False
    base = ours.path.rstrip("/")
    return theirs.path in {ours.path, base} or theirs.path.startswith(f"{base}/")


def authorize(idp: GitHubStandIn) -> Response:
    """Handle one authorization request; refusals go to the registered callback URL."""
    values = request.args
    if not same(values.get("client_id", ""), idp.client_id):
        raise PageError("there is no such application", 404)
    target = values.get("redirect_uri") or idp.callback_url
    if not callback_matches(idp.callback_url, target):
        return refuse(idp, "redirect_uri_mismatch", MISMATCH)
    if "code_challenge" in values and not good_challenge(idp):
        raise PageError("code_challenge must be given with the method S256")
    if idp.user is None:
        raise PageError("nobody is signed in at the provider: call sign_in_as()", 403)
    if idp.fault == "github_error_redirect":
        return refuse(idp, "access_denied", SCRIPT)
    code = token_hex(10)
    wanted = frozenset(re.split(r"[\s,]+", values.get("scope", ""))) - {""}
    with idp.lock:
        idp.grants[code] = GitHubGrant(
            target,
            frozenset() if idp.fault == "github_scope_reduced" else wanted,
            idp.user,
            values.get("code_challenge"),
            idp.clock() + idp.code_lifetime,
            idp.fault == "github_code_replayed",
        )
    return redirect_with(target, with_state({"code": code}))


def good_challenge(idp: GitHubStandIn) -> bool:
    """Whether the PKCE challenge is one that can be verified."""
    found = re.fullmatch(r"[A-Za-z0-9_-]{43}", request.args["code_challenge"])
    return found is not None and request.args.get("code_challenge_method") == "S256"


def with_state(answer: dict[str, str]) -> dict[str, str]:
    """The answer and the state of the request."""
    state = request.args.get("state")
    return answer if state is None else {**answer, "state": state}


def refuse(idp: GitHubStandIn, code: str, description: str) -> Response:
    """Send an error to the registered callback URL."""
    page = DOCS.format("authorization", code.replace("_", "-"))
    answer = {"error": code, "error_description": description, "error_uri": page}
    return redirect_with(idp.callback_url, with_state(answer))


def access_token(idp: GitHubStandIn) -> Response:
    """Handle one exchange: errors come with status 200, JSON only when Accept asks for it."""
    error = token_error(idp)
    if error is not None:
        return worded(
            {
                "error": error,
                "error_description": TOKEN_ERRORS[error],
                "error_uri": DOCS.format("oauth-app-access-token", error.replace("_", "-")),
            }
        )
    grant = idp.grants[request.form["code"]]
    issued = f"gho_{token_hex(18)}"
    with idp.lock:
        idp.access_tokens[issued] = (grant.user, grant.scopes)
    answer = {
        "access_token": issued,
        "scope": ",".join(sorted(grant.scopes)),
        "token_type": "bearer",
    }
    return idp.outage("github_token", answer) or worded(answer)


def token_error(idp: GitHubStandIn) -> str | None:
    """The error of this exchange, or None; any attempt spends the code."""
    form = request.form
    known = same(form.get("client_id", ""), idp.client_id)
    if not known or not same(form.get("client_secret", ""), idp.client_secret):
        return "incorrect_client_credentials"
    with idp.lock:
        grant = idp.grants.get(form.get("code", ""))
        if grant is None or grant.used or idp.clock() >= grant.expires_at:
            return "bad_verification_code"
        grant.used = True
    if form.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
        return "redirect_uri_mismatch"
    if grant.code_challenge is not None:
        digest = hashlib.sha256(form.get("code_verifier", "").encode("utf-8")).digest()
        if not same(b64url(digest), grant.code_challenge):
            return "bad_verification_code"
    if idp.fault == "github_token_error_200":
        return "unverified_user_email"
    return None


def worded(answer: dict[str, str]) -> Response:
    """The answer as JSON or, by default, as a form."""
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(answer)
    return Response(urlencode(answer), mimetype="application/x-www-form-urlencoded")
