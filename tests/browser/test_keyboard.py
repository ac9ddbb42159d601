"""The main journeys with the keyboard alone; whoever takes them always sees where they are."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"
MOST_TABS = 90


def expect_head(page, says):
    expect(page.get_by_role("heading", level=1)).to_have_text(says)


def find_entries(page):
    return page.get_by_role("table", name="Entries of the catalog").locator("tbody tr")


@pytest.fixture
def tab_to(assert_focus_shows):
    """Press Tab until the element has the focus; every stop on the way must show."""

    def walk(page, locator, key="Tab"):
        for _ in range(MOST_TABS):
            page.keyboard.press(key)
            assert_focus_shows(page)
            if locator.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"{locator} is not reached with {MOST_TABS} presses of {key}")

    return walk


def test_skip_to_the_content_and_open_an_entry_by_keyboard(open_page, tab_to, assert_focus_shows):
    page = open_page("/catalog?tier=0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    names = find_entries(page).locator(".name a")
    tab_to(page, names.first)
    page.keyboard.press("ArrowDown")
    expect(names.nth(1)).to_be_focused()
    assert_focus_shows(page)
    page.keyboard.press("ArrowUp")
    expect(names.first).to_be_focused()
    opened = names.first.inner_text()
    page.keyboard.press("Enter")
    expect_head(page, opened)


def test_find_a_service_by_keyboard(open_page, assert_focus_shows):
    page = open_page("/")
    page.keyboard.press("/")
    assert_focus_shows(page)
    page.keyboard.type("pay")
    hits = page.get_by_role("group", name="Hits").get_by_role("link")
    expect(hits.last).to_have_attribute("href", re.compile("q=pay$"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(hits.nth(1)).to_be_focused()
    assert_focus_shows(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Search services, teams, APIs")).to_be_focused()


def test_filter_and_keep_the_place_by_keyboard(open_page, tab_to, assert_focus_shows):
    page = open_page("/catalog")
    box = page.get_by_role("group", name="Tier").get_by_label("0 · foundation")
    tab_to(page, box)
    page.keyboard.press("Space")
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(box).to_be_focused()
    assert_focus_shows(page)
    export = page.locator("summary", has_text="Export")
    tab_to(page, export, "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="CSV"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    with download.value.path().open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == find_entries(page).count()


def test_walk_the_graph_by_keyboard(open_page, tab_to):
    page = open_page(CHECKOUT)
    tab_to(page, page.get_by_role("link", name="Graph", exact=True))
    page.keyboard.press("Enter")
    near = page.get_by_role("link", name="1", exact=True)
    expect(near).to_be_visible()
    tab_to(page, near)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("depth=1"))
    expect(near).to_have_attribute("aria-current", "true")
    graph = page.get_by_role("region", name=re.compile("^Graph"))
    tab_to(page, graph.get_by_role("link", name="Payment gateway"))
    page.keyboard.press("Enter")
    expect_head(page, "Payment gateway")


def test_reach_a_team_and_all_below_it_by_keyboard(open_page, tab_to):
    page = open_page("/teams")
    tab_to(page, page.get_by_role("main").get_by_role("link", name="Buyer experience"))
    page.keyboard.press("Enter")
    below = page.get_by_role("link", name=re.compile("teams below"))
    expect(below).to_be_visible()
    tab_to(page, below)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Storefront website")).to_be_visible()


def test_open_and_close_the_palette_by_keyboard(open_page, assert_focus_shows):
    page = open_page(CHECKOUT)
    page.keyboard.press("Control+k")
    assert_focus_shows(page)
    page.keyboard.press("ArrowDown")
    palette = page.get_by_role("dialog", name="Go to")
    expect(palette.get_by_role("link").first).to_be_focused()
    assert_focus_shows(page)
    page.keyboard.press("Escape")
    expect(palette).not_to_be_visible()
