"""What people come for, at a desk, with mouse and keyboard."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"


def list_rows(page):
    return page.get_by_role("table", name="Entries of the catalog").locator("tbody tr")


def count_shown(page):
    """Return how many the heading says there are."""
    return int(re.sub(r"\D", "", page.locator(".head [role=status]").inner_text()))


def read_column(page, title):
    """Return what the list shows under a heading, row by row."""
    heads = page.get_by_role("columnheader").all_inner_texts()
    at = [head.strip() for head in heads].index(title)
    return [
        text.strip()
        for text in list_rows(page).locator(f"td:nth-child({at + 1})").all_inner_texts()
    ]


def expect_head(page, says):
    expect(page.get_by_role("heading", level=1)).to_have_text(says)


def test_find_a_service_in_two_keystrokes_and_open_it(open_page):
    page = open_page("/catalog")
    page.keyboard.press("/")
    expect(page.get_by_label("Search services, teams, APIs")).to_be_focused()
    page.keyboard.type("ch")
    first = page.get_by_role("group", name="Hits").get_by_role("link").first
    expect(first).to_contain_text("checkout-service")
    expect(first).to_contain_text("service · Checkout")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(CHECKOUT))
    expect_head(page, "Checkout")
    expect(page.get_by_text("Owned by Checkout.")).to_be_visible()


@pytest.mark.parametrize(
    "pasted",
    [
        "https://git.larkmoor.example.com/larkmoor/payment-gateway",
        "https://github.com/larkmoor/payment-gateway.git",
        "git@github.com:larkmoor/payment-gateway.git",
    ],
)
def test_paste_a_repository_and_learn_whose_it_is(open_page, pasted):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.insert_text(pasted)
    first = page.get_by_role("group", name="Hits").get_by_role("link").first
    expect(first).to_contain_text("payment-gateway")
    expect(first).to_contain_text("Payments")
    first.click()
    expect_head(page, "Payment gateway")
    owned = page.get_by_role("paragraph").filter(has_text="Owned by")
    owned.get_by_role("link", name="Payments").click()
    expect(page).to_have_url(re.compile(r"/teams/default/payments$"))


def test_mistype_a_name_and_still_find_it(open_page):
    page = open_page("/")
    page.get_by_label("Search services, teams, APIs").fill("chekout")
    page.keyboard.press("Enter")
    hit = page.get_by_role("main").get_by_role("listitem").first
    expect(hit).to_contain_text("Checkout")
    expect(hit).to_contain_text("owned by Checkout")


def test_see_all_hits_and_narrow_them(open_page):
    page = open_page("/")
    page.get_by_label("Search services, teams, APIs").fill("payment")
    every = page.get_by_role("link", name=re.compile(r"^All \d+ hits$"))
    total = int(re.sub(r"\D", "", every.inner_text()))
    every.click()
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(total)
    page.get_by_role("link", name="Filter these").click()
    expect(page.get_by_text("“payment”")).to_be_visible()
    assert count_shown(page) == total
    page.get_by_role("group", name="Kind").get_by_label("API").check()
    expect(page).to_have_url(re.compile("kind=api"))
    expect(page.get_by_text("Kind: API")).to_be_visible()
    assert 0 < count_shown(page) < total


def narrow_to_two_tiers_of_two_owners(page):
    tier = page.get_by_role("group", name="Tier")
    tier.get_by_label("0 · foundation").check()
    expect(page).to_have_url(re.compile("tier=0"))
    tier.get_by_label("1 · critical").check()
    expect(page).to_have_url(re.compile("tier=0.*tier=1"))
    for owner in ("Payments", "Checkout"):
        page.get_by_role("group", name="Owner").get_by_label(owner).check()
        expect(page.get_by_text(f"Owner: {owner}")).to_be_visible()


def test_narrow_by_two_facets_and_keep_them_over_a_reload(open_page):
    page = open_page("/catalog")
    narrow_to_two_tiers_of_two_owners(page)
    assert set(read_column(page, "Owner")) == {"Payments", "Checkout"}
    assert set(read_column(page, "Tier")) == {"0 · foundation", "1 · critical"}
    names = read_column(page, "Name")
    assert len(names) == count_shown(page)
    page.reload()
    expect(page.get_by_role("group", name="Owner").get_by_label("Checkout")).to_be_checked()
    expect(page.get_by_role("group", name="Tier").get_by_label("1 · critical")).to_be_checked()
    assert read_column(page, "Name") == names


def test_go_back_from_a_filter_and_take_another_away_by_its_chip(open_page):
    page = open_page("/catalog")
    narrow_to_two_tiers_of_two_owners(page)
    owner = page.get_by_role("group", name="Owner")
    page.go_back()
    expect(page.get_by_text("Owner: Checkout")).to_have_count(0)
    expect(owner.get_by_label("Checkout")).not_to_be_checked()
    expect(owner.get_by_label("Payments")).to_be_checked()
    assert set(read_column(page, "Owner")) == {"Payments"}
    page.get_by_role("link", name=re.compile("Owner: Payments")).click()
    expect(page.get_by_text("Owner: Payments")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("owner="))
    expect(owner.get_by_label("Payments")).not_to_be_checked()
    assert len(set(read_column(page, "Owner"))) > 2
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.get_by_text("58 services")).to_be_visible()


def test_get_as_many_as_a_facet_promises(open_page):
    page = open_page("/catalog")
    box = page.locator("label", has=page.get_by_label("deprecated"))
    promised = int(box.locator(".count").inner_text())
    page.get_by_label("deprecated").check()
    expect(page.get_by_text("Lifecycle: deprecated")).to_be_visible()
    expect(list_rows(page)).to_have_count(promised)
    assert count_shown(page) == promised


def test_sort_by_a_column_twice(open_page):
    page = open_page("/catalog")
    head = page.get_by_role("columnheader", name="Owner")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    rising = read_column(page, "Owner")
    assert rising == sorted(rising, key=str.lower)
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    falling = read_column(page, "Owner")
    assert falling == sorted(falling, key=str.lower, reverse=True)
    assert falling[0] != rising[0]


def test_choose_columns_and_keep_them_while_filtering(open_page):
    page = open_page("/catalog?tier=0")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Domain", exact=True).check()
    page.get_by_role("checkbox", name="System", exact=True).uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Domain")).to_be_visible()
    expect(page.get_by_role("columnheader", name="System")).to_have_count(0)
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    page.get_by_role("group", name="Owner").get_by_label("Payments").check()
    expect(page.get_by_text("Owner: Payments")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Domain")).to_be_visible()
    expect(page.get_by_role("columnheader", name="System")).to_have_count(0)


def test_export_what_is_filtered(open_page):
    page = open_page("/catalog")
    page.get_by_role("group", name="Tier").get_by_label("0 · foundation").check()
    expect(page.get_by_text("Tier: 0 · foundation")).to_be_visible()
    page.get_by_text("Export", exact=True).click()
    shown = count_shown(page)
    expect(page.get_by_text(f"{shown} rows, as filtered")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert re.fullmatch(r"catalog-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    with download.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == shown
    assert {row["tier"] for row in rows} == {"0"}
    names = [text.splitlines()[0] for text in read_column(page, "Name")]
    assert [row["title"] or row["name"] for row in rows] == names


def test_page_forward_and_back_to_the_first(open_page):
    page = open_page("/catalog")
    first = read_column(page, "Name")
    seen = list(first)
    onward = page.get_by_role("link", name="Next page")
    while onward.count():
        last = list_rows(page).first.inner_text()
        onward.click()
        expect(list_rows(page).first).not_to_have_text(last, use_inner_text=True)
        seen += read_column(page, "Name")
    assert len(seen) == len(set(seen)) == count_shown(page)
    page.get_by_role("link", name="First page").click()
    expect(onward).to_be_visible()
    expect(page.get_by_role("link", name="First page")).to_have_count(0)
    assert read_column(page, "Name") == first


def test_look_at_everything_and_not_only_at_what_runs(open_page):
    page = open_page("/catalog")
    services = count_shown(page)
    everything = page.get_by_role("link", name=re.compile("^Everything"))
    everything.click()
    expect_head(page, "Catalog")
    expect(everything).to_have_attribute("aria-current", "true")
    assert int(everything.locator(".count").inner_text()) == count_shown(page)
    assert count_shown(page) > services
    page.go_back()
    expect_head(page, "Services")
