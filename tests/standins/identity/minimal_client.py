"""A minimal correct relying party on `requests`: it collects everything that is wrong."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from .token_rules import Expected, check_id_token, open_jws

SIZE_CAP = 1024 * 1024


class LoginError(Exception):
    """The login cannot go on."""


@dataclass
class Outcome:
    """What came of a login: an empty list of problems is a success."""

    problems: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    location: str = ""


@dataclass
class MinimalClient:
    """The configuration of the relying party; no login shares state with another."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    auth_method: str = "client_secret_basic"
    scope: str = "openid profile email"
    max_age: int | None = None
    timeout: float = 0.7
    extra: dict[str, str] = field(default_factory=dict)

    def login(self) -> Outcome:
        """Run the code flow to its end or to the first problem that makes it impossible."""
        outcome = Outcome()
        try:
            self._login(outcome)
        except LoginError as error:
            outcome.problems.append(str(error))
        return outcome

    def _login(self, outcome: Outcome) -> None:
        """Do the steps of the flow in order."""
        metadata = self.metadata()
        nonce, verifier = token_urlsafe(16), token_urlsafe(48)
        code = self.authorize(metadata, nonce, verifier, outcome)
        outcome.tokens = self.redeem(metadata, code, verifier)
        if not isinstance(outcome.tokens.get("id_token"), str):
            raise LoginError("id_token")
        jwks = self.fetch_json("jwks", metadata["jwks_uri"])
        opened = open_jws(outcome.tokens["id_token"], jwks)
        expected = Expected(self.issuer, self.client_id, nonce, self.max_age)
        outcome.claims = opened.claims
        outcome.problems += opened.problems
        outcome.problems += check_id_token(opened.claims, expected, outcome.tokens["access_token"])
        if "userinfo_endpoint" in metadata and not outcome.problems:
            self.ask_userinfo(metadata, outcome)

    def metadata(self) -> dict[str, Any]:
        """Fetch the metadata and compare its issuer."""
        url = f"{self.issuer}/.well-known/openid-configuration"
        metadata = self.fetch_json("discovery", url)
        if metadata.get("issuer") != self.issuer:
            raise LoginError("issuer")
        return metadata

    def authorize(
        self, metadata: dict[str, Any], nonce: str, verifier: str, outcome: Outcome
    ) -> str:
        """Send the browser to the provider and read what it brings back."""
        state = token_urlsafe(16)
        reply = requests.get(
            self.authorize_url(metadata, state, nonce, verifier),
            allow_redirects=False,
            timeout=5,
        )
        outcome.location = reply.headers.get("Location", "")
        if not outcome.location.startswith(self.redirect_uri):
            raise LoginError(f"page {reply.status_code}: {reply.text}")
        answer = {k: v[0] for k, v in parse_qs(urlsplit(outcome.location).query).items()}
        if answer.get("state") != state:
            outcome.problems.append("state")
        announced = metadata.get("authorization_response_iss_parameter_supported")
        if ("iss" in answer or announced) and answer.get("iss") != self.issuer:
            outcome.problems.append("iss")
        if "error" in answer:
            raise LoginError(answer["error"])
        return answer["code"]

    def authorize_url(self, metadata: dict[str, Any], state: str, nonce: str, verifier: str) -> str:
        """The authorization request; `extra` replaces parameters, an empty text drops one."""
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": unpadded(digest),
            "code_challenge_method": "S256",
            "max_age": "" if self.max_age is None else str(self.max_age),
            **self.extra,
        }
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{metadata['authorization_endpoint']}?{query}"

    def redeem(self, metadata: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
        """Exchange the code."""
        reply = self.post_token(
            metadata,
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=verifier,
        )
        answer = read_json("token", reply)
        if reply.status_code != 200:
            raise LoginError(str(answer.get("error", "token")))
        if not isinstance(answer.get("access_token"), str):
            raise LoginError("access_token")
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise LoginError("token_type")
        return answer

    def post_token(self, metadata: dict[str, Any], **form: str) -> requests.Response:
        """One raw token request with the configured client authentication."""
        auth = None
        if self.auth_method == "client_secret_basic":
            auth = (self.client_id, self.client_secret)
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        url = metadata["token_endpoint"]
        try:
            return requests.post(url, data=form, auth=auth, timeout=self.timeout)
        except requests.RequestException as error:
            raise LoginError("token") from error

    def ask_userinfo(self, metadata: dict[str, Any], outcome: Outcome) -> None:
        """Fetch UserInfo and compare its sub."""
        headers = {"Authorization": f"Bearer {outcome.tokens['access_token']}"}
        found = self.fetch_json("userinfo", metadata["userinfo_endpoint"], headers)
        if found.get("sub") != outcome.claims["sub"]:
            outcome.problems.append("sub")
        else:
            outcome.userinfo = found

    def fetch_json(
        self, name: str, url: str, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """GET a JSON object within time and size; anything else is a refusal named so."""
        try:
            reply = requests.get(url, headers=headers, timeout=self.timeout)
        except requests.RequestException as error:
            raise LoginError(name) from error
        if reply.status_code != 200:
            raise LoginError(name)
        return read_json(name, reply)


def read_json(name: str, reply: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer that is not too large."""
    if len(reply.content) > SIZE_CAP:
        raise LoginError(name)
    try:
        content = json.loads(reply.content)
    except ValueError as error:
        raise LoginError(name) from error
    if not isinstance(content, dict):
        raise LoginError(name)
    return content


def unpadded(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
