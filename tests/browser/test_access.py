"""An admin sees who may do what and why, and looks after a program's account."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

WAYS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}
PAGES = {
    "people": "/admin/people",
    "groups": "/admin/groups",
    "access": "/admin/access?actor=demo-viewer&permission=catalog:entity:write"
    "&subject=component:default/checkout-service",
}


def sign_in(page):
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in as Marit Solheim-Adu").click()


@pytest.mark.parametrize("way", ["desktop", "dark", "phone"])
def test_the_pages_are_accessible_and_fit(
    open_page, assert_accessible, assert_fits, take_shot, way
):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    for name, path in PAGES.items():
        page.goto(path)
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"admin-{name}-{way}")


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_ask_who_may_what_from_the_menu(open_page, way):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    page.locator("summary.account__open").click()
    page.get_by_role("link", name="People and access").click()
    page.get_by_role("link", name="Who may what").click()
    page.get_by_label("May").fill("demo-owner")
    page.get_by_label("do", exact=True).select_option("catalog:entity:write")
    page.get_by_label("to", exact=True).fill("component:default/checkout-service")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="Yes, Noor van Heerden may")).to_be_visible()
    expect(page.get_by_text("an admin trusts it for people")).to_be_visible()
    allowed = page.get_by_role("table", name="Who may do this").locator("tbody tr")
    expect(allowed).to_have_count(2)


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_make_a_programs_account_with_a_token_and_end_it(
    open_page, assert_accessible, assert_fits, way
):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page)
    page.goto("/admin/people")
    page.get_by_label("Account name").fill(f"robot-{way}")
    page.get_by_label("For", exact=True).select_option("service")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("link", name="Open the account").click()
    page.get_by_label("What it is for").fill("deploys")
    page.get_by_role("button", name="Make a token").click()
    key = page.locator("#new-token").inner_text()
    if way != "no-script":
        assert_accessible(page)
        assert_fits(page)
    bearer = {"Authorization": f"Bearer {key}"}
    assert page.request.get("/api/v1/entities", headers=bearer).ok
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("no session and no token is left")).to_be_visible()
    assert page.request.get("/api/v1/entities", headers=bearer).status == 401
