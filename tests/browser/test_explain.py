"""Somebody without admin rights finds out why something is not in the catalog."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

WAYS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 800}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}
ASKED = {
    "empty": "",
    "here": "component:default/checkout-service",
    "near": "component:default/checkout-servic",
    "nobody": "https://git.example.com/a/b/-/blob/main/catalog-info.yaml",
}


@pytest.mark.parametrize("way", ["desktop", "dark", "phone"])
def test_the_page_is_accessible_and_fits(open_page, assert_accessible, assert_fits, take_shot, way):
    page = open_page("/catalog/explain", **WAYS[way])
    for name, text in ASKED.items():
        page.goto(f"/catalog/explain?url={text}")
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"explain-{name}-{way}")


@pytest.mark.parametrize("way", ["desktop", "phone", "no-script"])
def test_from_a_search_that_finds_nothing_to_what_was_meant(open_page, way):
    page = open_page("/search?q=chekout-serrvicexx", **WAYS[way])
    page.get_by_role("link", name="Not here? See why").click()
    expect(page.get_by_text("Nothing that was read is called").first).to_be_visible()
    expect(page.get_by_text("stops here")).to_have_count(1)
    page.get_by_role("link", name="component:default/checkout-service").click()
    expect(page.get_by_role("heading", name="Checkout").first).to_be_visible()


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_an_address_is_followed_to_where_it_stops(open_page, way):
    page = open_page("/catalog/explain", **WAYS[way])
    page.get_by_label("Address of a file or repository").fill(ASKED["nobody"])
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("Not here", exact=True)).to_be_visible()
    expect(page.get_by_text("No source reads anything at git.example.com.").first).to_be_visible()
    expect(page.get_by_text("An admin adds a source").first).to_be_visible()
