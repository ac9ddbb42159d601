"""The main journeys for those without JavaScript, on a phone, or zoomed in."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
# 200 % on a screen 1280 wide: half the pixels for the page, each twice as large.
ZOOMED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
SMALL = {"viewport": {"width": 360, "height": 640}}
TAB_SAYS = {
    "Graph": "The same as a table",
    "Relations": "Depends on",
    "README": "Checkout",
    "Raw": "apiVersion:",
}


def expect_head(page, says):
    expect(page.get_by_role("heading", level=1)).to_have_text(says)


def find_entries(page):
    return page.get_by_role("table", name="Entries of the catalog").locator("tbody tr")


def read_export(download):
    with download.value.path().open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def plain(open_page):
    """Open a page whose scripts do not run."""

    def start(path):
        return open_page(path, java_script_enabled=False)

    return start


@pytest.fixture
def phone(open_page):
    """Open a page on a phone."""

    def start(path):
        return open_page(path, **PHONE)

    return start


# Without JavaScript


def test_find_a_service_without_javascript(plain):
    page = plain("/")
    page.get_by_label("Search services, teams, APIs").fill("checkout")
    page.keyboard.press("Enter")
    hit = page.get_by_role("main").get_by_role("listitem").first
    expect(hit).to_contain_text("owned by Checkout")
    hit.get_by_role("link", name="Checkout").first.click()
    expect(page).to_have_url(re.compile(CHECKOUT))
    expect_head(page, "Checkout")


def test_filter_sort_and_export_without_javascript(plain):
    page = plain("/catalog")
    page.get_by_role("group", name="Tier").get_by_label("0 · foundation").check()
    page.get_by_role("group", name="Owner").get_by_label("Payments").check()
    page.get_by_label("Order").select_option("Name, Z to A")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(page.get_by_text("Owner: Payments")).to_be_visible()
    names = find_entries(page).locator(".name a").all_inner_texts()
    assert len(names) > 1
    assert names == sorted(names, key=str.lower, reverse=True)
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert [row["title"] or row["name"] for row in read_export(download)] == names


def test_page_on_and_back_without_javascript(plain):
    page = plain("/catalog")
    first = find_entries(page).first.inner_text()
    page.get_by_role("link", name="Next page").click()
    expect(find_entries(page).first).not_to_have_text(first, use_inner_text=True)
    page.get_by_role("link", name="First page").click()
    expect(find_entries(page).first).to_have_text(first, use_inner_text=True)


def test_read_every_part_of_an_entry_without_javascript(plain):
    page = plain(CHECKOUT)
    tabs = page.get_by_role("navigation", name="Parts of this entry")
    for name, says in TAB_SAYS.items():
        tabs.get_by_role("link", name=name).click()
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(page.locator("#panel")).to_contain_text(says)


def test_walk_the_graph_without_javascript(plain):
    page = plain(f"{CHECKOUT}?tab=graph")
    nodes = page.get_by_role("region", name=re.compile("^Graph")).get_by_role("link")
    page.get_by_role("link", name="1", exact=True).click()
    near = nodes.count()
    page.get_by_role("link", name="3", exact=True).click()
    expect(page).to_have_url(re.compile("depth=3"))
    assert nodes.count() > near
    nodes.filter(has_text="Payment gateway").click()
    expect_head(page, "Payment gateway")


def test_see_everything_a_department_owns_without_javascript(plain):
    page = plain("/teams")
    page.get_by_role("main").get_by_role("link", name="Buyer experience").click()
    page.get_by_role("link", name=re.compile("teams below")).click()
    owned = page.get_by_role("table", name="What the team owns")
    expect(owned).to_contain_text("Storefront website")


def test_nothing_that_needs_javascript_is_offered_without_it(plain):
    page = plain("/catalog")
    expect(page.get_by_role("button", name="Dark")).to_have_count(0)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_have_count(0)
    expect(page.locator("dialog").first).not_to_be_visible()


# On a phone


def test_find_a_service_on_a_phone(phone, assert_fits):
    page = phone("/")
    page.get_by_label("Search services, teams, APIs").tap()
    page.keyboard.type("check")
    first = page.get_by_role("group", name="Hits").get_by_role("link").first
    expect(first).to_contain_text("service · Checkout")
    assert_fits(page)
    first.tap()
    expect_head(page, "Checkout")
    assert_fits(page)


def test_unfold_the_filters_on_a_phone_and_export(phone, assert_fits):
    page = phone("/catalog")
    foundation = page.get_by_role("group", name="Tier").get_by_label("0 · foundation")
    expect(foundation).not_to_be_visible()
    expect(find_entries(page).first).to_be_in_viewport()
    page.get_by_text("Filters", exact=True).tap()
    foundation.tap()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(foundation).to_be_visible()
    page.get_by_role("group", name="Owner").get_by_label("Payments").tap()
    expect(page.get_by_text("Owner: Payments")).to_be_visible()
    assert_fits(page)
    shown = find_entries(page).count()
    page.get_by_text("Export", exact=True).tap()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").tap()
    assert len(read_export(download)) == shown


def test_read_every_part_of_an_entry_on_a_phone(phone, assert_fits):
    page = phone(CHECKOUT)
    tabs = page.get_by_role("navigation", name="Parts of this entry")
    for name, says in TAB_SAYS.items():
        tabs.get_by_role("link", name=name).tap()
        expect(page.locator("#panel")).to_contain_text(says)
        assert_fits(page)


def test_walk_the_graph_on_a_phone(phone, assert_fits):
    page = phone(f"{CHECKOUT}?tab=graph")
    graph = page.get_by_role("region", name=re.compile("^Graph"))
    expect(graph.locator("[aria-current] rect")).to_be_in_viewport()
    page.get_by_role("link", name="1", exact=True).tap()
    expect(page).to_have_url(re.compile("depth=1"))
    expect(graph.locator("[aria-current] rect")).to_be_in_viewport()
    graph.get_by_role("link", name="Payment gateway").tap()
    expect_head(page, "Payment gateway")
    assert_fits(page)


def test_see_everything_a_department_owns_on_a_phone(phone, assert_fits):
    page = phone("/teams/default/buyer-experience")
    page.get_by_role("link", name=re.compile("teams below")).tap()
    expect(page.get_by_role("link", name="Storefront website")).to_be_visible()
    assert_fits(page)


# Zoomed in


@pytest.mark.parametrize("size", [ZOOMED, SMALL], ids=["200-percent", "360-wide"])
@pytest.mark.parametrize("path", ["/catalog", CHECKOUT, "/teams/default/checkout"])
def test_read_large_without_scrolling_sideways(open_page, assert_fits, take_shot, path, size):
    page = open_page(path, **size)
    assert_fits(page)
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    expect(page.get_by_label("Search services, teams, APIs")).to_be_in_viewport()
    take_shot(page, f"{path.rpartition('/')[2]}-at-{size['viewport']['width']}")


def test_filter_and_read_an_entry_at_twice_the_size(open_page, assert_fits):
    page = open_page("/catalog", **ZOOMED)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_role("group", name="Tier").get_by_label("0 · foundation").check()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    assert_fits(page)
    find_entries(page).locator(".name").get_by_role("link", name="Checkout", exact=True).click()
    expect_head(page, "Checkout")
    page.get_by_role("link", name="Relations").first.click()
    expect(page.get_by_text("Reference").first).to_be_visible()
    assert_fits(page)
