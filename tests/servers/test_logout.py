"""Ending sessions: from the portal at the provider, and from the provider in the portal."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.driving import ALICE, PUBLIC, describe, read_claim
from tests.standins.identity import send


def sign_out(browser):
    answer = browser.post("/sign-out")
    return answer, answer.headers.get("Refresh", "").removeprefix("0; url=")


def post_logout(site, **form):
    return site.app.test_client().post("/auth/one/backchannel-logout", data=form)


def test_signing_out_leads_to_the_provider_and_back(site, idp):
    browser = site.browser()
    browser.sign_in()
    answer, way_out = sign_out(browser)
    assert answer.status_code == 200
    assert not site.sessions
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way_out).query).items()}
    assert asked["client_id"] == idp.client_id
    assert asked["post_logout_redirect_uri"] == f"{PUBLIC}/auth/one/signed-out"
    back = send(way_out).location
    assert idp.session is None
    path = back.removeprefix(PUBLIC)
    stranger = site.browser()
    assert read_claim(stranger.client.get(path)) == "state"
    assert read_claim(browser.client.get("/auth/one/signed-out?state=forged")) == "state"


def test_the_answer_to_a_sign_out_counts_once(site):
    browser = site.browser()
    browser.sign_in()
    path = send(sign_out(browser)[1]).location.removeprefix(PUBLIC)
    assert browser.client.get(path).location == "/sign-in"
    assert "here and at your identity provider" in browser.client.get("/sign-in").text
    assert read_claim(browser.client.get(path)) == "state"


def test_signing_out_works_while_the_provider_is_down(make_site, idp):
    site = make_site(describe(idp))
    browser = site.browser()
    browser.sign_in()
    fresh = make_site(describe(idp)).browser()  # another process, which knows nothing yet
    key = browser.client.get_cookie("plumbline_session").value
    fresh.client.set_cookie("plumbline_session", key)
    with idp.faulty("discovery_500"):
        answer, _ = sign_out(fresh)
    assert answer.location == "/sign-in"
    assert not site.sessions


@pytest.mark.parametrize(("sid", "sub"), [(True, False), (False, True), (True, True)])
def test_the_provider_ends_a_session_at_once(site, idp, sid, sub):
    browser, bob = site.browser(), site.browser()
    browser.sign_in()
    session_id = site.sessions[0].idp_sid
    idp.sign_in_as("bob", name="Bob", email="bob@example.test")
    bob.sign_in()
    token = idp.logout_token(session_id if sid else None, "alice" if sub else None)
    answer = post_logout(site, logout_token=token)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not browser.is_signed_in
    assert bob.is_signed_in
    assert len(site.acts("auth.back_channel_logout")) == 1
    assert post_logout(site, logout_token=token).status_code == 400


def test_one_session_of_several_ends(site, idp):
    first, second = site.browser(), site.browser()
    first.sign_in()
    sid = site.sessions[0].idp_sid
    idp.sign_in_as("alice", **ALICE)
    second.sign_in()
    assert post_logout(site, logout_token=idp.logout_token(sid)).status_code == 200
    assert not first.is_signed_in
    assert second.is_signed_in


@pytest.mark.parametrize(
    ("claim", "changes"),
    [
        ("typ", {"typ": "JWT"}),
        ("exp", {"exp": 1}),
        ("iat", {"iat": None}),
        ("sid", {"sub": 7}),
        ("events", {"events": []}),
    ],
)
def test_other_logout_tokens_are_refused(site, idp, claim, changes):
    browser = site.browser()
    browser.sign_in()
    token = idp.logout_token(**{"sub": "alice", **changes})
    answer = post_logout(site, logout_token=token)
    assert answer.get_json()["error_description"].startswith(f"{claim}:")
    assert browser.is_signed_in


def test_logout_without_a_token_is_refused(site, idp):
    browser = site.browser()
    browser.sign_in()
    for form in ({}, {"logout_token": ""}, {"logout_token": "x" * 20_000}):
        assert post_logout(site, **form).status_code == 400
    assert post_logout(site, logout_token=idp.id_tokens[0]).status_code == 400
    assert site.app.test_client().post("/auth/none/backchannel-logout").status_code == 404
    assert browser.is_signed_in
