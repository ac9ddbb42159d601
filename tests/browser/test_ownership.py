"""An owner confirms and hands over, a stranger cannot, an admin reorganises and undoes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serve

WAYS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}
OWNER, MEMBER, ADMIN = "Noor van Heerden", "Teodor Wiśniak", "Marit Solheim-Adu"
CONFIRM = "/teams/default/checkout/confirm?which=all"
OFFER = "/catalog/component/default/tax-service/hand-over"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A portal of this module's own: what changes hands here stays out of the others' way."""
    with serve(tmp_path_factory.mktemp("owned")) as address:
        yield address


def enter(open_page, name, **way):
    page = open_page("/sign-in", **way)
    page.get_by_role("button", name=f"Sign in as {name}").click()
    expect(page.get_by_role("heading", name="What of yours needs you now")).to_be_visible()
    return page


@pytest.mark.parametrize("way", ["dark", "phone"])
def test_the_pages_are_accessible_and_fit(
    open_page, assert_accessible, assert_fits, take_shot, way
):
    page = enter(open_page, ADMIN, **WAYS[way])
    for name, path in {
        "confirm": CONFIRM,
        "hand-over": OFFER,
        "handovers": "/teams/handovers",
        "gone": "/teams/owner-gone",
        "reorganise": "/admin/reorganise?kind=split&team=storefront",
        "panel": "/catalog/component/default/tax-service?tab=ownership",
    }.items():
        page.goto(path)
        assert_accessible(page)
        assert_fits(page)
        take_shot(page, f"ownership-{name}-{way}")
    page.goto("/admin/reorganise?kind=close&team=storefront")
    page.get_by_label("What it owns goes to").fill("search-relevance")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_role("heading", name="Close storefront")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_an_owner_confirms_and_hands_over_and_a_stranger_cannot(open_page):
    owner = enter(open_page, OWNER, **WAYS["no-script"])
    owner.goto(CONFIRM)
    owner.get_by_label("Confirm Tax", exact=True).check()
    owner.get_by_role("button", name="Confirm what is ticked").click()
    expect(owner.get_by_text("1 entry is confirmed.")).to_be_visible()
    owner.get_by_role("link", name="Not ours: Tax", exact=True).click()
    owner.get_by_label("Team", exact=True).fill("storefront")
    owner.get_by_label("What they should know").fill("You run it")
    owner.get_by_role("button", name="Offer it").click()
    expect(owner.get_by_text("you answer for it until they accept")).to_be_visible()
    other = enter(open_page, MEMBER)
    assert other.request.get(CONFIRM).status == 403
    assert other.request.get(OFFER).status == 403
    other.get_by_role("link", name="1 entry is offered to storefront").click()
    other.get_by_role("button", name="Accept Tax").click()
    expect(other.get_by_text("belongs to group:default/storefront now")).to_be_visible()
    other.goto("/catalog/component/default/tax-service")
    expect(other.get_by_role("link", name="Storefront").first).to_be_visible()


def test_an_admin_renames_a_team_and_undoes_it(open_page):
    admin = enter(open_page, ADMIN)
    admin.goto("/teams/default/payouts")
    admin.get_by_role("link", name="Reorganise", exact=True).click()
    admin.get_by_label("New name").fill("settlements")
    admin.get_by_label("Title of the new team").fill("Settlements")
    admin.get_by_role("button", name="Show what it would do").click()
    expect(admin.get_by_text("nothing has changed yet")).to_be_visible()
    admin.get_by_role("button", name="Rename payouts to settlements").click()
    expect(admin.get_by_text("applied", exact=True)).to_be_visible()
    admin.goto("/teams/default/settlements")
    expect(admin.get_by_role("heading", name="Settlements")).to_be_visible()
    admin.goto("/admin/reorganise")
    admin.get_by_role("link", name="Rename payouts to settlements").click()
    admin.get_by_role("button", name="Undo").click()
    expect(admin.get_by_text("Put back: everything.")).to_be_visible()
    assert admin.request.get("/teams/default/settlements").status == 404
