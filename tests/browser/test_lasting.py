"""What people typed, ticked and chose lasts, and so does the place they are at."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
REPOSITORY = "https://git.larkmoor.example.com/larkmoor/checkout-service"


def find_search(page):
    return page.get_by_label("Search services, teams, APIs")


def find_hits(page):
    return page.get_by_role("group", name="Hits").get_by_role("link")


def find_tier(page, label="0 · foundation"):
    return page.get_by_role("group", name="Tier").get_by_label(label)


def read_column(page, title):
    """Return what the list shows under a heading, row by row."""
    cells = page.get_by_role("table", name="Entries of the catalog").locator("tbody")
    return cells.locator(f"td[data-label={title}]").all_inner_texts()


def sort_by(page, title, state):
    head = page.get_by_role("columnheader", name=title)
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", state)


def wait_for_held(page, held):
    """Return the request that was held back; the browser tells of it a moment later."""
    for _ in range(200):
        if held:
            return held[0]
        page.wait_for_timeout(20)
    pytest.fail("what should be held back was not asked for")


@pytest.fixture
def held_page(open_page):
    """A page whose script has not arrived yet, and what lets it come."""
    page = open_page("/setup")
    held = []

    def hold(route):
        held.append(route)

    page.route(re.compile(r"/app-[0-9a-f]+\.js"), hold)
    page.goto("/catalog", wait_until="commit")
    expect(page.locator("#toasts")).to_be_attached()
    script = wait_for_held(page, held)
    return page, script.continue_


def test_early_words_and_ticks_are_followed(held_page):
    page, release = held_page
    find_search(page).click()
    page.keyboard.type("pay")
    find_tier(page).check()
    page.get_by_label("Order").select_option("Name, Z to A")
    release()
    expect(find_hits(page).first).to_contain_text("Payment gateway")
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/catalog\?(?=.*tier=0)(?=.*sort=-name)"))
    assert set(read_column(page, "Tier")) == {"0 · foundation"}


def test_page_nobody_touched_early_asks_for_nothing(held_page):
    page, release = held_page
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    release()
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)
    assert not [address for address in asked if "/catalog" in address or "/search" in address]


@pytest.mark.parametrize(
    ("title", "state", "sort"), [("Type", "ascending", "type"), ("Owner", "descending", "-owner")]
)
def test_order_of_a_heading_outlasts_a_filter(open_page, title, state, sort):
    page = open_page("/catalog")
    page.get_by_label("Order").select_option("Last changed")
    expect(page).to_have_url(re.compile("sort=-updated"))
    sort_by(page, title, "ascending")
    if state == "descending":
        sort_by(page, title, state)
    expect(page.get_by_label("Order")).to_have_value(sort)
    find_tier(page).check()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"sort={sort}(&|$)"))
    expect(page.get_by_role("columnheader", name=title)).to_have_attribute("aria-sort", state)
    shown = read_column(page, title)
    assert shown == sorted(shown, key=str.lower, reverse=state == "descending")
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.get_by_text("Tier: 0 · foundation")).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"sort={sort}(&|$)"))


def test_going_back_on_a_phone_folds_the_filters(open_page):
    page = open_page("/catalog", **PHONE)
    page.get_by_text("Filters", exact=True).tap()
    find_tier(page).tap()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(find_tier(page)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Tier: 0 · foundation")).to_have_count(0)
    expect(find_tier(page)).not_to_be_visible()
    page.get_by_text("Filters", exact=True).tap()
    expect(find_tier(page)).not_to_be_checked()


def test_ticks_follow_the_chips_and_the_views(open_page):
    page = open_page("/catalog")
    api = page.get_by_role("group", name="Kind").get_by_label("API")
    production = page.get_by_role("group", name="Lifecycle").get_by_label("production")
    api.check()
    expect(page.get_by_text("Kind: API")).to_be_visible()
    production.check()
    expect(page.get_by_text("Lifecycle: production")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Services")).click()
    expect(page.get_by_text("Kind: API")).to_have_count(0)
    expect(api).not_to_be_checked()
    expect(production).to_be_checked()
    page.get_by_role("link", name="Remove filter: Lifecycle: production").click()
    expect(page).not_to_have_url(re.compile("lifecycle="))
    expect(production).not_to_be_checked()
    find_tier(page).check()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    expect(page).not_to_have_url(re.compile("kind=|lifecycle="))


def test_removing_chips_by_keyboard_keeps_the_place(open_page, assert_focus_shows):
    page = open_page("/catalog?tier=0&tier=1&lifecycle=production")
    chips = page.get_by_role("link", name=re.compile("^Remove filter"))
    chips.first.focus()
    page.keyboard.press("Enter")
    expect(chips).to_have_count(2)
    expect(chips.first).to_be_focused()
    expect(chips.first).to_contain_text("Tier: 0 · foundation")
    assert_focus_shows(page)
    chips.last.focus()
    page.keyboard.press("Enter")
    expect(chips).to_have_count(1)
    expect(page.get_by_role("region", name="Entries")).to_be_focused()
    assert_focus_shows(page)
    page.keyboard.press("Tab")
    expect(chips.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips).to_have_count(0)
    expect(page.get_by_role("region", name="Entries")).to_be_focused()


def test_turning_pages_by_keyboard_keeps_the_place(open_page):
    page = open_page("/catalog")
    page.get_by_role("link", name="Next page").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    assert page.evaluate("document.getElementById('browse').contains(document.activeElement)")


@pytest.mark.parametrize("words", ["", "pay", "zzzzqq"])
def test_first_escape_closes_the_palette(open_page, words):
    page = open_page(CHECKOUT)
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go to")
    page.keyboard.type(words)
    if words:
        expect(palette.locator("#palette-hits")).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(palette).not_to_be_visible()
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("searchbox")).to_have_value(words)


@pytest.fixture
def suggesting(open_page):
    """A page with suggestions open under the search."""
    page = open_page(CHECKOUT)
    page.keyboard.press("/")
    page.keyboard.type("pay")
    # Where keys come slowly, the first letters are answered too.
    expect(find_hits(page).last).to_have_attribute("href", re.compile("q=pay$"))
    return page


def leave_with_tab(page):
    page.keyboard.press("Tab")


def leave_backwards(page):
    page.keyboard.press("Shift+Tab")


def leave_by_script(page):
    page.evaluate("document.getElementById('main').focus()")


def leave_with_the_mouse(page):
    page.get_by_role("heading", level=1).click()


@pytest.mark.parametrize(
    "leave", [leave_with_tab, leave_backwards, leave_by_script, leave_with_the_mouse]
)
def test_suggestions_close_when_search_is_left_and_come_back(suggesting, leave):
    leave(suggesting)
    expect(find_hits(suggesting)).to_have_count(0)
    expect(find_search(suggesting)).not_to_be_focused()
    find_search(suggesting).focus()
    expect(find_hits(suggesting).first).to_be_visible()


def test_suggestions_close_from_among_them(suggesting):
    suggesting.keyboard.press("ArrowDown")
    expect(find_hits(suggesting).first).to_be_focused()
    leave_by_script(suggesting)
    expect(find_hits(suggesting)).to_have_count(0)


def test_late_suggestions_stay_closed(open_page):
    page = open_page(CHECKOUT)
    page.keyboard.press("/")
    with page.expect_response(re.compile("/search")) as answer:
        page.keyboard.type("pay")
        page.keyboard.press("Tab")
    answer.value.finished()
    expect(page.locator("#suggestions")).to_contain_text("Payment gateway")
    expect(find_hits(page)).to_have_count(0)


@pytest.mark.parametrize("words", ["payment", "payout"])
def test_later_answer_leaves_the_focus_in_the_search(suggesting, words):
    held = []

    def hold(route):
        held.append(route)

    suggesting.route(re.compile(rf"/search\?.*q={words}$"), hold)
    find_search(suggesting).fill(words)
    suggesting.keyboard.press("ArrowDown")
    first = find_hits(suggesting).first
    expect(first).to_contain_text("Payment gateway")
    expect(first).to_be_focused()
    wait_for_held(suggesting, held).continue_()
    expect(find_hits(suggesting).last).to_have_attribute("href", re.compile(f"q={words}$"))
    expect(first if words == "payment" else find_search(suggesting)).to_be_focused()


@pytest.mark.parametrize("steps", [0, 2])
def test_escape_closes_suggestions_and_keeps_the_words(suggesting, steps):
    for _ in range(steps):
        suggesting.keyboard.press("ArrowDown")
    suggesting.keyboard.press("Escape")
    expect(find_hits(suggesting)).to_have_count(0)
    expect(find_search(suggesting)).to_have_value("pay")
    expect(find_search(suggesting)).to_be_focused()
    suggesting.keyboard.press("ArrowDown")
    expect(find_hits(suggesting).first).to_be_focused()
    suggesting.keyboard.press("Escape")
    suggesting.keyboard.press("Escape")
    expect(find_search(suggesting)).not_to_be_focused()


def test_suggestion_opens_by_mouse(suggesting):
    find_hits(suggesting).first.click()
    expect(suggesting.get_by_role("heading", level=1)).to_have_text("Payment gateway")


def test_pasted_repository_lists_only_what_lies_in_it(open_page):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.insert_text(REPOSITORY)
    expect(find_hits(page)).to_have_count(2)
    expect(find_hits(page).first).to_contain_text("checkout-service")
    expect(find_hits(page).last).to_have_text("All 1 hit")
