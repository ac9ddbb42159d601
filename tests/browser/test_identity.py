"""People sign in, land where they wanted to go, find what is theirs, and look after their keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"
WAYS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}


def sign_in(page, who="Noor van Heerden"):
    page.goto("/sign-in")
    page.get_by_role("button", name=f"Sign in as {who}").click()


def expect_head(page, says):
    expect(page.get_by_role("heading", level=1)).to_have_text(says)


@pytest.mark.parametrize("way", WAYS)
def test_sign_in_and_see_what_is_mine(open_page, assert_accessible, assert_fits, take_shot, way):
    page = open_page("/sign-in", **WAYS[way])
    if way != "no-script":
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"sign-in-{way}")
    sign_in(page)
    expect_head(page, "What of yours needs you now")
    services = page.get_by_role("table", name="Services of your teams")
    expect(services.get_by_role("link", name="Cart", exact=True)).to_be_visible()
    if way != "no-script":
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"home-{way}")
        page.goto("/account")
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"account-{way}")


def test_sign_in_leads_to_the_page_somebody_wanted(open_page):
    page = open_page("/account")
    expect_head(page, "Sign in")
    page.get_by_role("button", name="Sign in as Noor van Heerden").click()
    expect_head(page, "Noor van Heerden")


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_star_a_service_and_find_it_again(open_page, way):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    page.goto(CHECKOUT)
    page.get_by_role("button", name="Star", exact=True).click()
    expect(page.get_by_role("button", name="Starred")).to_be_visible()
    page.goto("/catalog?starred=yes&view=everything")
    rows = page.get_by_role("table", name="Entries of the catalog").locator("tbody tr")
    expect(rows).to_have_count(1)
    page.goto(CHECKOUT)
    page.get_by_role("button", name="Starred").click()
    expect(page.get_by_role("button", name="Star", exact=True)).to_be_visible()


def test_my_teams_is_one_click_from_the_list(open_page):
    page = open_page("/sign-in")
    sign_in(page)
    page.goto("/catalog")
    page.get_by_role("link", name="My teams").click()
    expect(page).to_have_url(re.compile("mine=yes"))
    rows = page.get_by_role("table", name="Entries of the catalog").locator("tbody tr")
    expect(rows.first).to_be_visible()
    owners = set(rows.locator('[data-label="Owner"]').all_inner_texts())
    assert {owner.strip() for owner in owners} == {"Checkout"}


def test_make_a_token_use_it_and_revoke_it(open_page):
    page = open_page("/sign-in")
    sign_in(page)
    page.goto("/account")
    page.get_by_label("What it is for").fill("a script of mine")
    page.get_by_role("button", name="Make a token").click()
    key = page.locator("#new-token").inner_text()
    asked = page.request.get("/api/v1/entities", headers={"Authorization": f"Bearer {key}"})
    assert asked.ok
    page.goto("/account")
    expect(page.get_by_text(key)).to_have_count(0)
    row = page.get_by_role("row", name="a script of mine").filter(has=page.get_by_role("button"))
    row.first.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()
    asked = page.request.get("/api/v1/entities", headers={"Authorization": f"Bearer {key}"})
    assert asked.status == 401


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_sign_out_ends_it(open_page, way):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    page.locator("summary.account__open").click()
    page.get_by_role("button", name="Sign out").click()
    expect_head(page, "Sign in")
    page.goto("/account")
    expect_head(page, "Sign in")
    page.go_back()
    expect(page.get_by_text("Sign out everywhere else")).to_have_count(0)
