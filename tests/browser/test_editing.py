"""Owners edit what is theirs and register what is new; two of them lose nothing."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serve
from tests.browser.test_identity import expect_head, sign_in

CART = "/catalog/component/default/cart-service"
WAYS = {
    "desktop": {},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "no-script": {"java_script_enabled": False},
}
OWNER, ADMIN, STRANGER = "Noor van Heerden", "Marit Solheim-Adu", "Teodor Wiśniak"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A portal whose demo company may be changed."""
    with serve(tmp_path_factory.mktemp("edited")) as address:
        yield address


@pytest.fixture
def look(assert_accessible, assert_fits, take_shot):
    """Look at a page where scripts run, which is what axe needs."""

    def check(page, what):
        if page.evaluate("document.documentElement.classList.contains('js')"):
            assert_accessible(page)
            assert_fits(page)
            take_shot(page, f"editing-{what}")

    return check


def press(page, name):
    page.get_by_role("button", name=name).first.click()


def register(page, look, way):
    page.get_by_role("link", name="Register a service").first.click()
    expect_head(page, "Register a service")
    look(page, f"register-{way}")
    page.get_by_label("Name", exact=True).fill(f"Intake {way}")
    press(page, "Register it")
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Name", exact=True).fill(f"intake-{way}")
    page.get_by_label("Tier").select_option("1")
    press(page, "Register it")
    expect_head(page, f"intake-{way}")
    look(page, f"registered-{way}")


def complete(page, look, way):
    page.get_by_role("link", name="Say what it stands on").click()
    page.get_by_label("Depends on 1").fill("cart-stor")
    page.get_by_label("Contact: On-call").fill("#intake")
    press(page, "Save")
    expect(page.get_by_text("Did you mean").first).to_be_visible()
    look(page, f"wrong-{way}")
    page.get_by_label("Depends on 1").fill("cart-store")
    press(page, "More rows")
    expect(page.get_by_label("Depends on 1")).to_have_value("cart-store")
    press(page, "Save")
    expect(page.get_by_text("#intake").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("cart-store")


@pytest.mark.parametrize("way", WAYS)
def test_a_service_is_registered_in_under_a_minute_then_edited_and_removed(open_page, look, way):
    page = open_page("/sign-in", **WAYS[way])
    sign_in(page, OWNER)
    begun = time.monotonic()
    register(page, look, way)
    assert time.monotonic() - begun < 60
    complete(page, look, way)
    page.get_by_role("link", name="remove it").click()
    expect_head(page, f"Remove intake-{way}")
    look(page, f"remove-{way}")
    press(page, "Remove it")
    expect(page.get_by_text(f"component:default/intake-{way} is removed.")).to_be_visible()


@pytest.mark.parametrize("way", ["desktop", "no-script"])
def test_two_who_edit_at_once_lose_nothing(open_page, look, way):
    owner, admin = (open_page("/sign-in", **WAYS[way]) for _ in range(2))
    for page, who in ((owner, OWNER), (admin, ADMIN)):
        sign_in(page, who)
        page.goto(f"{CART}/edit")
    look(owner, f"form-{way}")
    admin.get_by_label("Title", exact=True).fill(f"Theirs {way}")
    admin.get_by_label("Tags").fill(f"their-{way}")
    press(admin, "Set in the portal")
    owner.get_by_label("Title", exact=True).fill(f"Mine {way}")
    owner.get_by_label("Description").fill(f"My words {way}")
    press(owner, "Set in the portal")
    expect(owner.get_by_text("You both changed this.")).to_be_visible()
    expect(owner.get_by_label("Title", exact=True)).to_have_value(f"Mine {way}")
    expect(owner.get_by_label("Tags")).to_have_value(f"their-{way}")
    look(owner, f"both-{way}")
    owner.get_by_label("Take theirs").check()
    press(owner, "Set in the portal")
    expect_head(owner, f"Theirs {way}")
    expect(owner.get_by_role("main")).to_contain_text(f"My words {way}")
    expect(owner.get_by_text("set here").first).to_be_visible()
    owner.get_by_role("link", name="Fields", exact=True).click()
    look(owner, f"fields-{way}")
    press(owner, "Take away Title")
    expect_head(owner, "Cart")


def test_who_does_not_answer_for_it_finds_no_way_to_edit(open_page):
    page = open_page("/sign-in")
    sign_in(page, STRANGER)
    page.goto(CART)
    expect(
        page.get_by_role("link", name="Star").or_(page.get_by_role("button", name="Star"))
    ).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)


def test_names_are_offered_as_one_types(open_page):
    page = open_page("/sign-in")
    sign_in(page, OWNER)
    page.goto(f"{CART}/edit")
    field = page.get_by_label("Depends on 5")
    with page.expect_response(lambda answer: "/catalog/offers" in answer.url):
        field.press_sequentially("ledger-d")
    values = "field => [...field.list.options].map((option) => option.value)"
    page.wait_for_function(
        f"(({values})(document.querySelector('[aria-label=\"Depends on 5\"]'))).length < 5"
    )
    assert "resource:ledger-db" in field.evaluate(values)
