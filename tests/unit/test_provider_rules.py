"""What a token and a provider must say, at the edges where clocks, lists and types matter."""

from __future__ import annotations

import json
from typing import Self

import pytest
from pydantic import ValidationError

from portal.auth.core.id_tokens import Expected, check_id_token
from portal.auth.core.profiles import Wording, lacks_claims, read_profile
from portal.auth.core.signing_in import SignInRefused, read_answer, refuse_by_error
from portal.auth.providers.discovery import fetch_keys, fetch_metadata
from portal.auth.providers.held import Held
from portal.settings.providers import ProviderSettings

NOW = 1_900_000_000
ISSUER = "https://id.example"
EXPECTED = Expected(ISSUER, "us", "PORTAL_OIDC_ONE", "nonce")
GOOD = {"iss": ISSUER, "sub": "a", "aud": "us", "exp": NOW + 60, "iat": NOW, "nonce": "nonce"}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}


def name_refusal(claims, expected=EXPECTED) -> str:
    try:
        check_id_token(claims, expected, now=NOW)
    except SignInRefused as refused:
        return refused.claim
    return ""


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({}, ""),
        ({"exp": NOW - 29}, ""),
        ({"exp": NOW - 30}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": "9999999999"}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": NOW + 30}, ""),
        ({"iat": NOW + 31}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": NOW + 31}, "nbf"),
        ({"nbf": "soon"}, "nbf"),
        ({"aud": ["us"], "azp": "us"}, ""),
        ({"aud": ["us", "them"], "azp": "us"}, ""),
        ({"aud": "us", "azp": "them"}, "azp"),
        ({"aud": {"us": 1}}, "aud"),
        ({"aud": "us "}, "aud"),
        ({"iss": ISSUER + "/"}, "iss"),
        ({"nonce": None}, "nonce"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": ["a"]}, "sub"),
    ],
)
def test_id_tokens_at_the_edges(changes, claim):
    assert name_refusal({**GOOD, **changes}) == claim


@pytest.mark.parametrize(
    ("proven", "claim"),
    [(NOW - 30, ""), (NOW - 31, "auth_time"), (None, "auth_time"), (True, "auth_time")],
)
def test_a_fresh_proof_is_asked_for(proven, claim):
    expected = Expected(ISSUER, "us", "PORTAL_OIDC_ONE", "nonce", proven_since=NOW)
    assert name_refusal({**GOOD, "auth_time": proven}, expected) == claim


def test_claims_of_a_wrong_type_count_as_absent():
    odd = {"name": 7, "email": ["a@b.c"], "email_verified": "true", "groups": {"a": 1}, "sid": 9}
    found = read_profile({**GOOD, **odd}, Wording())
    assert (found.name, found.display_name, found.email, found.groups) == ("a", "", None, None)
    assert (found.email_verified, found.groups_cut, found.idp_sid) == (False, False, None)
    mixed = read_profile({**GOOD, "groups": ["a", 1, None, "", "a", "b" * 301]}, Wording())
    assert mixed.groups == ("a",)


def test_userinfo_is_asked_for_what_is_missing_only():
    full = {**GOOD, "name": "A", "email": "a@b.c", "groups": []}
    assert not lacks_claims(full, Wording())
    assert lacks_claims(full, Wording(user_claim="upn"))
    cut = {**full, "_claim_names": {"groups": "src1"}}
    del cut["groups"]
    assert not lacks_claims(cut, Wording())


def test_parameters_come_once():
    with pytest.raises(SignInRefused) as caught:
        read_answer({"state": ["a", "b"]})
    assert caught.value.claim == "state"
    assert read_answer({"state": ["a"], "session_state": ["x"]}) == {"state": "a"}


@pytest.mark.parametrize("error", ["<b>x</b>", "a b", "x" * 70, "", "\N{KELVIN SIGN}"])
def test_an_error_that_is_no_code_is_not_shown(error):
    assert refuse_by_error(error, "words").claim == "error"


class Answering:
    """The wire: answers every address with the same thing."""

    status_code = 200

    def __init__(self, given: object) -> None:
        self.content = json.dumps(given).encode()

    def get(self, *_arguments, **_options):
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception) -> None:
        return None


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"issuer": ISSUER + "/"}, "issuer"),
        ({"token_endpoint": "http://id.example/token"}, "discovery"),
        ({"jwks_uri": None}, "discovery"),
        ({"userinfo_endpoint": "javascript:x"}, "discovery"),
        ({"end_session_endpoint": f"{ISSUER}/x\r\nSet-Cookie: a=b"}, "discovery"),
        ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "alg"),
        ({"id_token_signing_alg_values_supported": "RS256 none"}, "alg"),
    ],
)
def test_metadata_that_cannot_be_trusted_is_refused(changes, claim):
    with pytest.raises(SignInRefused) as caught:
        fetch_metadata(lambda: Answering({**METADATA, **changes}), ISSUER, "PORTAL_OIDC_ONE")
    assert caught.value.claim == claim


def test_metadata_with_little_in_it_is_enough():
    found = fetch_metadata(lambda: Answering(METADATA), ISSUER, "PORTAL_OIDC_ONE")
    assert (found.algorithms, found.method) == (("RS256",), "client_secret_basic")
    assert not found.announces_iss


def test_keys_that_are_none_are_left_out():
    keys = [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "x"}, {"kty": "EC", "use": "enc"}, 7]
    assert fetch_keys(lambda: Answering({"keys": keys}), ISSUER) == ()
    for given in ([], {}, {"keys": {}}):
        with pytest.raises(SignInRefused):
            fetch_keys(lambda given=given: Answering(given), ISSUER)


def test_what_is_held_is_fetched_again_in_time():
    moments, fetched = [0.0], []

    def fetch() -> int:
        fetched.append(moments[0])
        return len(fetched)

    held = Held(fetch, lambda: moments[0])
    assert [held.get(), held.get()] == [1, 1]
    assert [held.get_newer(), held.get_newer()] == [2, 2]
    moments[0] = 31.0
    assert held.get_newer() == 3
    moments[0] = 700.0
    assert held.get() == 4


@pytest.mark.parametrize("issuer", ["http://id.example", "http://127.0.0.1.evil.test", "id", ""])
def test_issuers_are_encrypted(issuer):
    with pytest.raises(ValidationError):
        ProviderSettings(name="one", issuer=issuer, client_id="us")
