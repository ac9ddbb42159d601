"""Every page in both colour schemes, wide and narrow: accessible, fitting, and without errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


class Sight(NamedTuple):
    """Where a page is, its heading, and words that only its right content has."""

    path: str
    heading: str
    says: str


CHECKOUT = "/catalog/component/default/checkout-service"
BUYERS = "/teams/default/buyer-experience"
SIGHTS = {
    "list": Sight("/catalog", "Services", "25 of 58"),
    "list-filtered": Sight("/catalog?tier=0&tier=1&lifecycle=production", "Services", "Clear"),
    "list-nothing": Sight("/catalog?q=zzzzqq", "Catalog", "Nothing matches"),
    "list-everything": Sight("/catalog?view=everything", "Catalog", "entries"),
    "entity": Sight(CHECKOUT, "Checkout", "Where this comes from"),
    "entity-graph": Sight(f"{CHECKOUT}?tab=graph&depth=2", "Checkout", "The same as a table"),
    "entity-relations": Sight(f"{CHECKOUT}?tab=relations", "Checkout", "Depends on"),
    "entity-readme": Sight(f"{CHECKOUT}?tab=readme", "Checkout", "README"),
    "entity-raw": Sight(f"{CHECKOUT}?tab=raw", "Checkout", "apiVersion:"),
    "entity-history": Sight(f"{CHECKOUT}?tab=history", "Checkout", "Compare the two"),
    "changes": Sight("/catalog/changes", "What changed", "entries created"),
    "removed": Sight("/catalog/removed", "Removed", "Nothing was removed lately"),
    "api-openapi": Sight(
        "/catalog/api/default/payments-api?tab=definition", "Payments API", "Answers at"
    ),
    "api-graphql": Sight(
        "/catalog/api/default/storefront-graph?tab=definition", "Storefront graph", "type Query"
    ),
    "api-asyncapi": Sight(
        "/catalog/api/default/order-events?tab=definition", "Order events", "asyncapi"
    ),
    "team": Sight("/teams/default/checkout", "Checkout", "People"),
    "team-all": Sight(f"{BUYERS}?reach=all", "Buyer experience", "Storefront website"),
    "teams": Sight("/teams", "Teams", "With teams below"),
    "search": Sight("/search?q=payment", "“payment”", "owned by"),
    "search-nothing": Sight("/search?q=zzzzqq", "“zzzzqq”", "Nothing is called that"),
    "problems": Sight("/catalog/problems", "Problems", "gift-wrap-service"),
    "setup": Sight("/setup", "Setting up", "Unlocks"),
    "api-docs": Sight("/api/docs", "API", "follow next_cursor for more"),
    "patterns": Sight("/-/patterns", "Patterns", "Not fresh"),
    "not-found": Sight("/nowhere", "Nothing is at this address", "Status 404"),
}
EMPTY_SIGHTS = {
    "empty-setup": Sight("/", "Setting up", "portal catalog ingest"),
    "empty-list": Sight("/catalog", "Services", "The catalog is empty"),
    "empty-teams": Sight("/teams", "Teams", "No teams yet"),
    "empty-problems": Sight("/catalog/problems", "Problems", "Nothing is wrong"),
}
MODES = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: f"{mode[0]}-{mode[1]}")
def mode(request, chromium, url, watched) -> Iterator[Any]:
    """One browser window for all pages of a width and a scheme."""
    width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    watch = watched()
    watch.follow(page, "http://127.0.0.1:")
    yield page, watch, f"{width}-{scheme}"
    context.close()


@pytest.fixture
def look(mode, assert_accessible, assert_fits, take_shot):
    """Open a page and hold it against what every page keeps to."""
    page, watch, suffix = mode

    def see(base_url: str, name: str, sight: Sight) -> Page:
        watch.complaints.clear()
        page.goto(base_url + sight.path)
        expect(page.get_by_role("heading", level=1)).to_have_text(sight.heading)
        expect(page.get_by_role("main")).to_contain_text(sight.says)
        take_shot(page, f"{name}-{suffix}")
        assert_fits(page)
        assert_accessible(page)
        assert watch.complaints == []
        return page

    return see


@pytest.mark.parametrize("name", SIGHTS)
def test_page_reads_well_for_everyone(look, url, name):
    look(url, name, SIGHTS[name])


@pytest.mark.parametrize("name", EMPTY_SIGHTS)
def test_page_of_an_empty_portal_reads_well_for_everyone(look, empty_url, name):
    look(empty_url, name, EMPTY_SIGHTS[name])


def test_newcomer_is_led_from_an_empty_list_to_what_comes_first(chromium, empty_url, watched):
    context = chromium.new_context(base_url=empty_url)
    page = context.new_page()
    watch = watched()
    watch.follow(page, empty_url)
    page.goto("/catalog")
    expect(page.get_by_role("complementary", name="Filters")).to_have_count(0)
    page.get_by_role("link", name="See all steps").click()
    expect(page).to_have_url(f"{empty_url}/setup")
    expect(page.get_by_text("0 of 5 done")).to_be_visible()
    first = page.get_by_role("listitem").filter(has_text="Unlocks").first
    expect(first).to_contain_text("To do")
    expect(first).to_contain_text("portal catalog ingest")
    expect(page.get_by_text("portal demo load")).to_be_visible()
    context.close()
    assert watch.complaints == []
