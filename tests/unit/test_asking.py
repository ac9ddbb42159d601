"""What a pasted text names, and in which order a list says it stands."""

from __future__ import annotations

import pytest

from portal.catalog.core.pasted import choose_nearest, list_steps

GIT = "https://git.larkmoor.example.com"


@pytest.mark.parametrize(
    ("pasted", "named"),
    [
        (f"{GIT}/larkmoor/checkout-service", ["checkout-service"]),
        (f"{GIT}/larkmoor/checkout-service.git", ["checkout-service"]),
        (f"{GIT}/larkmoor/checkout-service/tree/main/src?x=1", ["checkout-service"]),
        ("git@git.larkmoor.example.com:larkmoor/card-vault.git", ["card-vault"]),
        (f"{GIT}/larkmoor/payment-gateway", ["payment-gateway", "payment-webhooks"]),
        ("https://sellers.larkmoor.example/orders/7731", ["seller-hub-web"]),
    ],
)
def test_pasted_addresses_list_only_what_they_name(client, demo, pasted, named):
    found = client.get("/api/v1/entities", query_string={"q": pasted}).get_json()["items"]
    assert [item["name"] for item in found] == named


def name_from(pasted, *known):
    """Return which of the known aliases a text comes to, and whether that is only a host."""
    values = {value for step in list_steps(pasted) for value in step.values}
    found = [(value, True, row) for row, value in enumerate(known) if value in values]
    nearest, is_wide = choose_nearest(pasted, found)
    return [known[row] for row in nearest], is_wide


@pytest.mark.parametrize(
    ("known", "named", "is_wide"),
    [
        (["git.x.example/shop/cart", "https://git.x.example/shop"], 0, False),
        (["https://git.x.example/shop", "https://git.x.example"], 0, True),
        (["https://git.x.example"], 0, True),
        (["git.x.example", "shop/cart"], 1, False),
        (["git.x.example/shop/cart", "https://git.x.example/shop/cart/blob/main/a.md"], 1, False),
    ],
)
def test_address_widens_only_while_nothing_is_named(known, named, is_wide):
    pasted = "https://git.x.example/shop/cart/blob/main/a.md"
    assert name_from(pasted, *known) == ([known[named]], is_wide)
    assert name_from(f"{pasted}?plain=1", *known) == ([known[named]], is_wide)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("", "Name, A to Z"),
        ("sort=type", "Type"),
        ("sort=-owner", "Owner, Z to A"),
        ("sort=updated&tier=0", "Longest unchanged"),
        ("sort=name&q=pay", "Name, A to Z"),
        ("q=pay", "Best match"),
    ],
)
def test_menu_of_orders_shows_the_active_one(client, demo, query, chosen):
    page = client.get(f"/catalog?{query}").text
    menu = page[page.index('id="field-sort"') :]
    menu = menu[: menu.index("</select>")]
    assert f"selected>{chosen}<" in menu
    assert menu.count(" selected") == 1
    assert menu.count(f">{chosen}<") == 1
