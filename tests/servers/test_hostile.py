"""Every deviation of the stand-ins: refused where it must be, for the reason that is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.driving import ALICE, describe, read_claim

ROWS = json.loads(
    (Path(__file__).parents[1] / "standins" / "identity" / "expectations.json").read_text("utf-8")
)
PROVIDER, LOGOUT, VARIANT, GITHUB = "provider", "logout", "variant", "github"


def choose(sort: str) -> list[object]:
    rows = [row for row in ROWS if sort_of(row) == sort]
    return [pytest.param(row, id=row["fault"]) for row in rows]


def sort_of(row: dict[str, object]) -> str:
    if row["provider"] == GITHUB:
        return GITHUB
    return str(row["kind"]) if row["kind"] in (LOGOUT, VARIANT) else PROVIDER


def test_every_expectation_is_driven():
    driven = [choose(sort) for sort in (PROVIDER, LOGOUT, VARIANT, GITHUB)]
    assert sum(map(len, driven)) == len(ROWS)


def assert_outcome(site, browser, answer, row) -> None:
    if row["accept"]:
        assert answer.status_code == 303, answer.text
        assert browser.is_signed_in
        return
    assert answer.status_code in ((502,) if row["kind"] == "outage" else (400, 502))
    assert read_claim(answer) == row["hint"]
    assert "<script>alert" not in answer.text
    assert not browser.is_signed_in
    assert not site.sessions
    assert [entry.after for entry in site.acts("auth.refused_sign_in")] == [{"claim": row["hint"]}]


@pytest.mark.parametrize("row", choose(PROVIDER))
def test_a_faulty_provider(make_site, idp, row):
    site = make_site(describe(idp, max_age_minutes=60 if row["kind"] == "step_up" else None))
    if row["fault"].startswith("userinfo"):
        idp.claims_in = {"userinfo"}  # only then is the endpoint asked
    browser = site.browser()
    with idp.faulty(row["fault"]):
        answer = browser.sign_in()
        assert_outcome(site, browser, answer, row)
    assert idp.count("foreign_jwks") == 0


@pytest.mark.parametrize("row", choose(LOGOUT))
def test_a_faulty_logout_token(site, idp, row):
    browser = site.browser()
    browser.sign_in()
    [session] = site.sessions
    with idp.faulty(row["fault"]):
        first = idp.logout_token(session.idp_sid, "alice")
        answer = post_logout(site, first)
        if row["fault"] == "logout_replayed":
            assert answer.status_code == 200
            answer = post_logout(site, first)
        else:
            assert browser.is_signed_in
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["error_description"].startswith(f"{row['hint']}:")
    assert [e.after for e in site.acts("auth.refused_logout")] == [{"claim": row["hint"]}]


def post_logout(site, token):
    data = {"logout_token": token}
    return site.app.test_client().post("/auth/one/backchannel-logout", data=data)


GROUPS = {
    "groups_list": ({"group:default/platform", "group:default/payments"}, False),
    "groups_string": ({"group:default/platform"}, False),
    "groups_absent": (set(), False),
    "groups_overage": (set(), True),
    "groups_hasgroups": (set(), True),
}


@pytest.mark.parametrize("row", choose(VARIANT))
def test_claims_of_every_shape(site, idp, row):
    browser = site.browser()
    with idp.variant(row["fault"]):
        assert_outcome(site, browser, browser.sign_in(), row)
    assert idp.count("member_objects") == 0
    if row["fault"].startswith("email"):
        is_trusted = site.account.email == ALICE["email"]
        assert is_trusted == (row["fault"] == "email_verified_true")
    elif row["fault"] == "groups_10000":
        assert len(site.teams()) == 10_000
    else:
        teams, is_cut = GROUPS[row["fault"]]
        assert (site.teams(), site.identity.groups_cut) == (teams, is_cut)


@pytest.mark.parametrize("row", choose(GITHUB))
def test_a_faulty_github(make_site, hub, row):
    site = make_site(describe(hub, "hub"))
    browser = site.browser()
    with hub.faulty(row["fault"]):
        assert_outcome(site, browser, browser.sign_in("hub"), row)
    if row["accept"]:
        assert site.account.email is None
        assert site.account.role == "member"
        is_told = row["fault"] == "github_emails_unverified"
        assert bool(site.teams()) == is_told
