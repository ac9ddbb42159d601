"""GitHub: the number of the account is who somebody is; organisations and teams are groups."""

from __future__ import annotations

import pytest

from tests.servers.driving import describe, read_claim


@pytest.fixture
def github_site(make_site, hub):
    return make_site(describe(hub, "hub", group_teams={"acme/team-149": "last", "acme": "acme"}))


def test_somebody_signs_in(github_site, hub):
    browser = github_site.browser()
    assert browser.sign_in("hub", next="/catalog").location == "/catalog"
    identity = github_site.identity
    assert (identity.issuer, identity.subject) == (hub.base_url, "4711")
    assert github_site.account.email == "octo@example.test"
    assert github_site.teams() == {"group:last", "group:acme"}
    assert "code_verifier" in hub.last("token").params
    assert browser.post("/sign-out").location == "/sign-in"


def test_a_renamed_account_stays_and_a_taken_name_is_somebody_else(github_site, hub):
    github_site.browser().sign_in("hub")
    hub.sign_in_as(4711, "octopus")
    github_site.browser().sign_in("hub")
    assert github_site.identity.name == "octopus"
    hub.sign_in_as(9, "octo")
    github_site.browser().sign_in("hub")
    assert len(github_site.sessions) == 3
    assert len({session.account_id for session in github_site.sessions}) == 2


def test_the_token_goes_to_github_alone(github_site, hub):
    with hub.faulty("github_link_foreign_host"):
        assert read_claim(github_site.browser().sign_in("hub")) == "Link"


def test_again_at_github_proves_the_same_account(github_site, hub):
    browser = github_site.browser()
    browser.sign_in("hub")
    assert browser.sign_in("hub", again="1").status_code == 303
    hub.sign_in_as(9, "other")
    assert read_claim(browser.sign_in("hub", again="1")) == "sub"


def test_github_sends_no_logout_tokens(github_site):
    form = {"logout_token": "x.y.z"}
    answer = github_site.app.test_client().post("/auth/hub/backchannel-logout", data=form)
    assert answer.status_code == 400
