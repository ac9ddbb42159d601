"""Signing in through a provider: whose answer counts, for whom, how often, and where it leads."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from portal.auth.models import Account, OneTimeValue, SignInSession
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from tests.servers.driving import ALICE, PUBLIC, Site, describe, read_claim
from tests.standins.identity import StandInProvider


@pytest.fixture
def other():
    with StandInProvider(
        client_id="second-client", redirect_uris=[f"{PUBLIC}/auth/two/callback"]
    ) as found:
        found.sign_in_as("alice", groups=["platform"], **ALICE)
        yield found


def read_query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_somebody_new_lands_where_they_wanted_with_their_teams(site, idp):
    browser = site.browser()
    answer = browser.sign_in(next="/catalog?kind=api")
    assert answer.location == "/catalog?kind=api"
    assert answer.headers["Cache-Control"] == "no-store"
    page = browser.client.get("/account").text
    assert "group:default/platform" in page
    assert "group platform of one" in page
    assert (site.account.email, site.account.role) == ("alice@example.test", "member")
    asked = idp.last("authorize").params
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{PUBLIC}/auth/one/callback"
    assert "code_verifier" in idp.last("token").params
    assert idp.count("userinfo") == 0  # the ID token said it all


@pytest.mark.parametrize("to", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_it_leads_to_no_other_site(site, to):
    assert site.browser().sign_in(next=to).location == "/"


def test_every_sign_in_has_a_state_nonce_and_challenge_of_its_own(site):
    browser = site.browser()
    asked = [read_query(browser.begin().location) for _ in range(3)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({found[name] for found in asked}) == 3


def test_a_state_counts_once_and_not_for_ever(site, database):
    browser = site.browser()
    back = browser.visit(browser.begin().location)
    assert browser.client.get(back).status_code == 303
    again = browser.client.get(back)
    assert read_claim(again) == "state"
    late = browser.visit(browser.begin().location)
    with database.unit(write=True) as session:
        session.execute(update(OneTimeValue).values(ends_at=utc_now() - timedelta(seconds=1)))
    assert read_claim(browser.client.get(late)) == "state"
    assert read_claim(browser.client.get("/auth/one/callback?code=x&state=forged")) == "state"
    assert read_claim(browser.client.get("/auth/one/callback?code=x")) == "state"


def test_an_answer_counts_in_the_browser_that_asked(site):
    victim, attacker = site.browser(), site.browser()
    back = attacker.visit(attacker.begin().location)
    victim.begin()
    answer = victim.client.get(back)
    assert read_claim(answer) == "state"
    assert not victim.is_signed_in
    assert read_claim(attacker.client.get(back)) == "state"  # and it is spent


def test_answers_of_one_provider_mean_nothing_at_another(make_site, idp, other):
    site = make_site(describe(idp), describe(other, "two"))
    browser = site.browser()
    back = browser.visit(browser.begin("one").location)
    mixed = browser.client.get(back.replace("/auth/one/", "/auth/two/"))
    assert read_claim(mixed) == "state"
    assert other.count("token") == 0  # the code went nowhere
    # somebody swaps the code of another provider into a sign-in that is under way
    ours = browser.begin("two").location
    foreign = read_query(browser.visit(browser.begin("one").location))
    path = f"/auth/two/callback?code={foreign['code']}&state={read_query(ours)['state']}"
    assert read_claim(browser.client.get(path)) == "iss"
    assert other.count("token") == 0


def test_a_code_of_somebody_else_does_not_fit(site, idp):
    mine, theirs = site.browser(), site.browser()
    own = read_query(mine.begin().location)["state"]
    stolen = read_query(theirs.visit(theirs.begin().location))
    answer = mine.client.get(
        "/auth/one/callback", query_string={**stolen, "state": own, "iss": idp.issuer}
    )
    assert read_claim(answer) == "invalid_grant"
    assert not mine.is_signed_in


def test_people_are_issuer_and_subject_never_an_address(make_site, idp, other):
    site = make_site(describe(idp), describe(other, "two"))
    site.browser().sign_in("one")
    site.browser().sign_in("two")
    assert len({account.id for account in _accounts(site)}) == 2
    site.browser().sign_in("one")
    assert len(_accounts(site)) == 2


def _accounts(site):
    return site.rows(Account)


def test_the_way_back_comes_from_the_settings(site):
    browser = site.browser()
    answer = browser.client.get("/auth/one/begin", headers={"Host": "localhost:9999"})
    assert read_query(answer.location)["redirect_uri"] == f"{PUBLIC}/auth/one/callback"


def test_groups_are_read_anew_each_time(site, idp):
    browser = site.browser()
    browser.sign_in()
    idp.sign_in_as("alice", groups=["payments"], **ALICE)
    browser.sign_in()
    assert site.teams() == {"group:default/payments"}
    with idp.variant("groups_overage"):
        browser.sign_in()
    assert site.teams() == {"group:default/payments"}
    assert site.identity.groups_cut
    assert "too many groups" in browser.client.get("/account").text
    idp.sign_in_as("alice", groups=[], **ALICE)
    browser.sign_in()
    assert site.teams() == set()


def test_roles_come_from_groups_up_to_the_highest(make_site, idp):
    rules = {"group_roles": {"platform": "admin"}, "default_role": "viewer"}
    make_site(describe(idp, highest_role="auditor", **rules)).browser().sign_in()
    site = make_site(describe(idp, highest_role="auditor", **rules))
    site.browser().sign_in()
    assert site.account.role == "auditor"
    idp.sign_in_as("alice", **ALICE)
    site.browser().sign_in()
    assert site.account.role == "viewer"


def test_userinfo_fills_in_what_the_token_leaves_out(site, idp):
    idp.claims_in = {"userinfo"}
    site.browser().sign_in()
    assert site.account.display_name == "Alice Example"
    assert site.teams() == {"group:default/platform"}


def test_a_class_of_authentication_can_be_required(make_site, idp):
    site = make_site(describe(idp, acr_values="urn:standin:mfa"))
    browser = site.browser()
    assert browser.sign_in().status_code == 303
    idp.can_step_up = False
    idp.sign_in_as("alice", **ALICE)
    answer = browser.sign_in()
    assert read_claim(answer) == "acr"
    assert "PORTAL_OIDC_ONE_ACR_VALUES" in answer.text


def test_a_sign_in_of_before_is_not_recent(site, idp):
    idp.sign_in_as("alice", auth_time=idp.now() - 7200, **ALICE)
    browser = site.browser()
    browser.sign_in()
    answer = browser.post("/account/tokens", name="ci", scope="catalog:read", days="7")
    assert "again=1" in answer.location
    assert browser.sign_in(again="1").status_code == 303
    assert idp.last("authorize").params["prompt"] == "login"
    answer = browser.post("/account/tokens", name="ci", scope="catalog:read", days="7")
    assert answer.status_code == 200


def test_again_proves_the_same_person_freshly(site, idp):
    browser = site.browser()
    browser.sign_in()
    before = browser.client.get_cookie("plumbline_session").value
    with idp.faulty("auth_time_missing"):
        assert read_claim(browser.sign_in(again="1")) == "auth_time"
    with idp.faulty("auth_time_stale"):
        assert read_claim(browser.sign_in(again="1")) == "auth_time"
    idp.sign_in_as("mallory", **ALICE)
    assert read_claim(browser.sign_in(again="1")) == "sub"
    assert browser.client.get_cookie("plumbline_session").value == before
    idp.sign_in_as("alice", **ALICE)
    assert browser.sign_in(again="1").status_code == 303
    assert browser.client.get_cookie("plumbline_session").value != before
    assert len(site.sessions) == 1


def test_an_identity_is_linked_from_a_recent_session(make_site, idp, other, database):
    site = make_site(describe(idp), describe(other, "two"))
    browser = site.browser()
    browser.sign_in("one")
    assert browser.client.post("/auth/two/link").status_code == 400  # no form of ours
    way_out = browser.post("/auth/two/link").headers["Refresh"].removeprefix("0; url=")
    answer = browser.client.get(browser.visit(way_out))
    assert answer.location == "/account"
    page = browser.client.get("/account").text
    assert "Unlink" in page
    assert len(_accounts(site)) == 1
    with database.unit(write=True) as session:
        session.execute(update(SignInSession).values(proven_at=utc_now() - timedelta(hours=1)))
    assert "again=1" in browser.post("/auth/two/link").location


def test_an_identity_of_somebody_else_is_not_linked(make_site, idp, other):
    site = make_site(describe(idp), describe(other, "two"))
    site.browser().sign_in("two")
    browser = site.browser()
    browser.sign_in("one")
    way_out = browser.post("/auth/two/link").headers["Refresh"].removeprefix("0; url=")
    back = browser.visit(way_out)
    answer = browser.client.get(back)
    assert read_claim(answer) == "account"
    # nor for somebody who signed out meanwhile
    way_out = browser.post("/auth/two/link").headers["Refresh"].removeprefix("0; url=")
    back = browser.visit(way_out)
    browser.client.delete_cookie("plumbline_session")
    assert read_claim(browser.client.get(back)) == "account"


def test_keys_may_change_and_strangers_cause_few_questions(site, idp):
    browser = site.browser()
    browser.sign_in()
    idp.rotate_keys()
    assert browser.sign_in().status_code == 303
    asked = idp.count("jwks")
    with idp.faulty("unknown_kid"):
        for _ in range(20):
            browser.sign_in()
    assert idp.count("jwks") <= asked + 1
    assert idp.count("discovery") == 1


def test_a_provider_that_is_down_is_not_asked_in_a_rush(site, idp):
    browser = site.browser()
    with idp.faulty("discovery_500"):
        for _ in range(20):
            assert read_claim(browser.begin()) == "discovery"
    assert idp.count("discovery") == 1


def test_no_token_leaves_the_portal(site, idp, capfd):
    browser = site.browser()
    answer = browser.sign_in()
    with idp.faulty("aud_other"):
        refused = browser.sign_in()
    tokens = [*idp.id_tokens, *idp.access_tokens, *idp.grants]
    seen = [answer.text, str(answer.headers), refused.text, str(refused.headers)]
    seen += [str(cookie.value) for cookie in browser.client._cookies.values()]  # noqa: SLF001 all of them
    seen.append(capfd.readouterr().err)
    stored = site.rows(OneTimeValue)
    assert stored == []
    assert not [token for token in tokens if any(token in text for text in seen)]


def test_a_provider_on_an_inner_address_is_not_called_unless_listed(settings, database, idp):
    chosen = settings.model_copy(update={"providers": (describe(idp),)})
    site = Site(create_app(chosen, database), database)
    assert read_claim(site.browser().begin()) == "discovery"
    assert idp.count("discovery") == 0
