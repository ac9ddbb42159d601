"""From one page to the next: graph, API, team, palette, problems."""

from __future__ import annotations

import re

from playwright.sync_api import expect

CHECKOUT = "/catalog/component/default/checkout-service"


def expect_head(page, says):
    expect(page.get_by_role("heading", level=1)).to_have_text(says)


def find_graph(page):
    return page.get_by_role("region", name=re.compile("^Graph"))


def test_walk_over_the_graph_to_what_a_service_stands_on(open_page):
    page = open_page(CHECKOUT)
    page.get_by_role("link", name="Graph", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("The same as a table"))).to_be_visible()
    nodes = find_graph(page).get_by_role("link")
    usual = nodes.count()
    steps = page.get_by_role("link", name="1", exact=True)
    steps.click()
    expect(page).to_have_url(re.compile("depth=1"))
    expect(steps).to_have_attribute("aria-current", "true")
    expect(nodes).not_to_have_count(usual)
    near = nodes.count()
    page.get_by_role("link", name="3", exact=True).click()
    expect(nodes).not_to_have_count(near)
    assert near < usual <= nodes.count()
    page.go_back()
    expect(nodes).to_have_count(near)
    find_graph(page).get_by_role("link", name="Payment gateway").click()
    expect_head(page, "Payment gateway")
    page.get_by_role("link", name="Graph", exact=True).click()
    expect(find_graph(page).get_by_role("link", name="Checkout").first).to_be_visible()


def test_read_in_a_table_what_the_graph_draws(open_page):
    page = open_page(f"{CHECKOUT}?tab=graph")
    drawn = find_graph(page).locator("title").all_text_contents()
    table = page.get_by_role("table", name="The graph as a table").inner_text()
    assert len(drawn) > 5
    for title in drawn:
        assert title.split(" · ")[0] in table


def test_ask_only_for_what_stands_on_a_service(open_page):
    page = open_page("/catalog/component/default/cart-service?tab=graph&depth=2")
    page.get_by_role("link", name="What stands on it").click()
    expect(page).to_have_url(re.compile("direction=dependents"))
    expect(find_graph(page).get_by_role("link", name="cart-reminder")).to_be_visible()
    expect(find_graph(page).get_by_role("link", name="cart-store")).to_have_count(0)
    expect(page.get_by_role("link", name="2", exact=True)).to_have_attribute("aria-current", "true")


def test_read_an_operation_of_the_api_a_service_provides(open_page):
    page = open_page("/catalog/component/default/cart-service")
    page.get_by_role("main").get_by_role("link", name="Carts API").last.click()
    expect_head(page, "Carts API")
    page.get_by_role("link", name="Definition", exact=True).click()
    operation = page.locator("details.operation").filter(has_text="Add a listing to the cart")
    expect(operation.get_by_text("Created")).not_to_be_visible()
    operation.get_by_text("/carts/{id}/lines", exact=True).click()
    expect(operation.get_by_text("Created")).to_be_visible()
    parameters = page.get_by_role("table", name="Parameters of POST /carts/{id}/lines")
    expect(parameters).to_contain_text("required")
    page.get_by_text("The text", exact=True).click()
    expect(page.get_by_role("region", name="OpenAPI")).to_contain_text("version: 2.4.0")


def test_meet_a_team_its_people_and_everything_below_its_parent(open_page):
    page = open_page("/catalog")
    page.get_by_role("navigation", name="Areas").get_by_role("link", name="Teams").click()
    page.get_by_role("main").get_by_role("link", name="Checkout", exact=True).click()
    expect_head(page, "Checkout")
    people = page.locator("section", has=page.get_by_role("heading", name="People"))
    expect(people.get_by_role("listitem")).to_have_count(4)
    person = people.get_by_role("listitem").first.get_by_role("link").first
    name = person.inner_text()
    person.click()
    expect_head(page, name)
    page.go_back()
    expect_head(page, "Checkout")
    where = page.get_by_role("navigation", name="Where this is")
    where.get_by_role("link", name="Buyer experience").click()
    expect_head(page, "Buyer experience")
    owned = page.get_by_role("table", name="What the team owns")
    expect(owned).not_to_contain_text("Storefront website")
    below = page.get_by_role("link", name=re.compile(r"With 3 teams below"))
    promised = int(below.inner_text().split()[-1])
    below.click()
    expect(owned).to_contain_text("Storefront website")
    expect(page.get_by_text(f"{promised} of {promised}")).to_be_visible()
    expect(owned.locator("tbody tr")).to_have_count(promised)
    expect(below).to_have_attribute("aria-current", "true")


def test_look_up_a_team_by_part_of_its_name(open_page):
    page = open_page("/teams")
    page.get_by_label("Name", exact=True).fill("trust")
    page.get_by_role("button", name="Show").click()
    rows = page.get_by_role("table", name="Teams as a tree").locator("tbody tr")
    expect(rows).to_have_count(2)
    owns = rows.filter(has_text="Trust and safety").get_by_role("cell").nth(2)
    promised = int(owns.inner_text())
    owns.get_by_role("link").click()
    expect(page.get_by_text("Owner: Trust and safety")).to_be_visible()
    expect(page.get_by_text(f"{promised} of {promised}")).to_be_visible()


def test_go_to_a_team_with_the_palette(open_page):
    page = open_page(CHECKOUT)
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go to")
    field = palette.get_by_label("Go to a service, a team, an action")
    expect(field).to_be_focused()
    page.keyboard.type("fulfilment")
    team = palette.get_by_role("link").filter(has_text="team").first
    expect(team).to_be_visible()
    for _ in range(8):
        page.keyboard.press("ArrowDown")
        if team.evaluate("link => link === document.activeElement"):
            break
    expect(team).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/(teams|catalog/group)/default/fulfilment$"))
    expect_head(page, "Fulfilment")


def test_go_where_nobody_owns_anything_with_the_palette(open_page):
    page = open_page("/teams")
    page.keyboard.press("Control+k")
    page.keyboard.type("nobody")
    action = page.get_by_role("link", name="Services nobody owns")
    expect(action).to_be_visible()
    expect(page.get_by_role("link", name="What changed last")).not_to_be_visible()
    action.click()
    expect(page.get_by_text("Owner: not set")).to_be_visible()
    assert page.locator(".head [role=status]").inner_text() != "58 services"


def test_ask_for_the_shortcuts_and_put_them_away(open_page):
    page = open_page("/catalog")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Go to a service, a team, an action")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).not_to_be_visible()


def test_switch_to_dark_and_find_it_dark_again(open_page):
    page = open_page("/catalog", color_scheme="light")
    paint = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paint)
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    dark = page.evaluate(paint)
    assert dark != light
    page.reload()
    assert page.evaluate(paint) == dark
    page.goto("/teams")
    assert page.evaluate(paint) == dark
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As the system").click()
    assert page.evaluate(paint) == light


def test_follow_a_problem_to_the_entry_that_has_it(open_page):
    page = open_page("/catalog")
    page.get_by_role("navigation", name="Areas").get_by_role("link", name="Problems").click()
    row = page.get_by_role("row").filter(has_text="gift-wrap-service")
    expect(row).to_contain_text("warning")
    expect(row).to_contain_text("checkout/catalog-info.yaml:13")
    row.get_by_role("link", name="Checkout").click()
    expect_head(page, "Checkout")
    told = page.locator("section", has=page.get_by_role("heading", name="Problems"))
    expect(told).to_contain_text("Nothing is called component:default/gift-wrap-service.")
    expect(told).to_contain_text("Correct the reference")


def test_copy_a_descriptor(open_page):
    page = open_page(f"{CHECKOUT}?tab=raw", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy YAML").click()
    expect(page.get_by_text("YAML copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("apiVersion: backstage.io/v1alpha1")
    assert "gift-wrap-service" in copied


def test_leave_search_with_escape_and_lose_nothing(open_page):
    page = open_page(CHECKOUT)
    page.keyboard.press("/")
    page.keyboard.type("pay")
    hits = page.get_by_role("group", name="Hits")
    expect(hits).to_be_visible()
    page.keyboard.press("Escape")
    expect(hits).to_have_count(0)
    expect(page).to_have_url(re.compile(f"{CHECKOUT}$"))
    expect_head(page, "Checkout")
