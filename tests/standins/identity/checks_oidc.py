"""Checks of the OpenID provider: the good path, its refusals, and every fault by name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .minimal_client import MinimalClient, Outcome
from .standin import ACR_MFA, StandInProvider

CALLBACK = "http://127.0.0.1:9/callback?kept=1"
SIGNED_OUT = "http://127.0.0.1:9/signed-out"
USER: dict[str, Any] = {
    "name": "Alice Example",
    "email": "alice@example.test",
    "email_verified": True,
}


@contextmanager
def provider(**settings: Any) -> Iterator[tuple[StandInProvider, MinimalClient]]:
    """A running provider with Alice signed in, and a client of it."""
    registered = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT]}
    with StandInProvider(**{**registered, **settings}) as idp:
        idp.sign_in_as("alice", **USER)
        yield idp, MinimalClient(idp.issuer, idp.client_id, idp.client_secret, CALLBACK)


def check_good_path() -> None:
    """Both client authentications, an issuer with a path, scopes, and the record."""
    with provider(path="/realms/test") as (idp, client):
        for method in ("client_secret_basic", "client_secret_post"):
            outcome = replace(client, auth_method=method).login()
            assert outcome.problems == [], outcome.problems
            assert "kept=1" in outcome.location
            assert outcome.claims["sub"] == outcome.userinfo["sub"] == "alice"
            assert outcome.userinfo["email"] == "alice@example.test"
            assert {"sid", "auth_time", "acr", "at_hash"} <= outcome.claims.keys()
        assert idp.last("authorize").params["code_challenge_method"] == "S256"
        assert "code_verifier" in idp.last("token").params
        assert idp.last("token").params["client_secret"] == idp.client_secret
        narrow = replace(client, scope="openid").login()
        assert "email" not in narrow.userinfo
        idp.rotate_keys()
        assert client.login().problems == []


def check_authorize_refusals() -> None:
    """Refusals by redirect keep state and iss; an untrusted target gets a page."""
    by_redirect = {
        "invalid_scope": {"scope": "profile"},
        "unsupported_response_type": {"response_type": "token"},
        "request_not_supported": {"request": "x"},
    }
    invalid = [
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"response_type": ""},
        {"prompt": "none login"},
        {"max_age": "-1"},
        {"response_mode": "fragment"},
    ]
    with provider() as (idp, client):
        for code, extra in by_redirect.items():
            expect_redirect(replace(client, extra=extra).login(), code)
        for extra in invalid:
            expect_redirect(replace(client, extra=extra).login(), "invalid_request")
        targets = ({"client_id": "x"}, {"redirect_uri": CALLBACK + "2"}, {"redirect_uri": ""})
        for extra in targets:
            problems = replace(client, extra=extra).login().problems
            assert problems[0].startswith("page 400"), problems
        assert not idp.grants


def expect_redirect(outcome: Outcome, code: str) -> None:
    """The error came by redirect, with the right state and iss."""
    assert outcome.problems == [code], (code, outcome.problems)
    assert {"state", "iss"} <= parse_qs(urlsplit(outcome.location).query).keys()


def check_token_refusals() -> None:
    """A wrong verifier, target, secret or grant, and a reused, foreign or late code."""
    with provider() as (idp, client):
        metadata = idp.metadata()
        second = idp.add_client("second", token_urlsafe(16), [CALLBACK])
        other = replace(client, client_id="second", client_secret=second.secret)
        refuse = [
            (client, {"code_verifier": "v" * 43}, 400, "invalid_grant"),
            (client, {"code_verifier": ""}, 400, "invalid_request"),
            (client, {"redirect_uri": CALLBACK + "2"}, 400, "invalid_grant"),
            (client, {"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
            (client, {"code": "unknown"}, 400, "invalid_grant"),
            (other, {}, 400, "invalid_grant"),
            (replace(client, client_secret=second.secret), {}, 401, "invalid_client"),
        ]
        for who, changes, status, code in refuse:
            for method in ("client_secret_basic", "client_secret_post"):
                caller = replace(who, auth_method=method)
                reply = caller.post_token(metadata, **{**fresh_code(client, metadata), **changes})
                assert (reply.status_code, reply.json()["error"]) == (status, code), reply.text
                assert reply.headers["Cache-Control"] == "no-store"
                assert (status == 401) == ("WWW-Authenticate" in reply.headers)
        check_code_reuse(idp, client, metadata)
        idp.code_lifetime = 0
        late = client.post_token(metadata, **fresh_code(client, metadata))
        assert late.json()["error"] == "invalid_grant", late.text


def check_code_reuse(idp: StandInProvider, client: MinimalClient, metadata: dict[str, Any]) -> None:
    """The second use of a code is refused and takes the access token back."""
    form = fresh_code(client, metadata)
    first = client.post_token(metadata, **form).json()
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    url = metadata["userinfo_endpoint"]
    assert requests.get(url, headers=bearer, timeout=5).status_code == 200
    second = client.post_token(metadata, **form)
    assert second.json()["error"] == "invalid_grant"
    refused = requests.get(url, headers=bearer, timeout=5)
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    assert "error" not in requests.get(url, timeout=5).headers["WWW-Authenticate"]


def fresh_code(client: MinimalClient, metadata: dict[str, Any]) -> dict[str, str]:
    """A token request that would succeed."""
    verifier = "verifier-" * 6
    return {
        "grant_type": "authorization_code",
        "code": client.authorize(metadata, "a-nonce", verifier, Outcome()),
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }


def check_sessions() -> None:
    """prompt, max_age and acr_values act on the session at the provider."""
    with provider() as (idp, client):
        old = int(time.time()) - 1000
        idp.sign_in_as("alice", auth_time=old, **USER)
        assert client.login().claims["auth_time"] == old
        silent = replace(client, max_age=60, extra={"prompt": "none"})
        expect_redirect(silent.login(), "login_required")
        outcome = replace(client, max_age=60).login()
        assert outcome.problems == []
        assert outcome.claims["auth_time"] > old + 900
        outcome = replace(client, extra={"acr_values": f"urn:unknown {ACR_MFA}"}).login()
        assert outcome.claims["acr"] == ACR_MFA
        idp.sign_out()
        expect_redirect(replace(client, extra={"prompt": "none"}).login(), "login_required")
        assert client.login().problems[0].startswith("page 403")


def check_end_session() -> None:
    """Logout needs a client and a registered target, and returns the state."""
    with provider() as (idp, client):
        hint = client.login().tokens["id_token"]
        url = idp.metadata()["end_session_endpoint"]
        refused = [
            {},
            {"id_token_hint": "x.y.z"},
            {"client_id": "unknown"},
            {"id_token_hint": hint, "client_id": "second"},
            {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT + "/"},
            {"post_logout_redirect_uri": SIGNED_OUT},
        ]
        for params in refused:
            reply = requests.get(url, params=params, allow_redirects=False, timeout=5)
            assert reply.status_code == 400, params
        assert idp.session is not None
        params = {"post_logout_redirect_uri": SIGNED_OUT, "state": "st&te"}
        for who in ({"id_token_hint": hint}, {"client_id": idp.client_id}):
            reply = requests.get(url, params={**params, **who}, allow_redirects=False, timeout=5)
            assert reply.headers["Location"] == f"{SIGNED_OUT}?state=st%26te"
        assert len(idp.ended_sessions) == 1
        assert idp.session is None


def check_stop() -> None:
    """A stopped provider refuses connections, lets a hanging answer go, and comes back."""
    with provider() as (idp, client):
        issuer, started = idp.issuer, time.monotonic()
        idp.stop()
        assert client.login().problems == ["discovery"]
        idp.start()
        assert idp.issuer == issuer
        assert client.login().problems == []
        idp.fault = "token_hangs"
        assert client.login().problems == ["token"]
    assert time.monotonic() - started < 5


CHECKS = (
    check_good_path,
    check_authorize_refusals,
    check_token_refusals,
    check_sessions,
    check_end_session,
    check_stop,
)
