"""Home, stars, and the lists that are somebody's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.catalog.models import Star

if TYPE_CHECKING:
    from portal.infra.db import Database

CART = "/catalog/component/default/cart-service"


def sign_in(app, name):
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)[1]
    client.post("/sign-in/demo", data={"csrf_token": token, "account": name})
    return client


def token_of(client, url=CART):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).text)[1]


def star(client, wanted="yes", **headers):
    data = {"csrf_token": token_of(client), "wanted": wanted}
    return client.post(f"{CART}/star", data=data, headers=headers)


@pytest.fixture
def company(demo_people) -> Database:
    return demo_people


def test_home_shows_what_is_ones_own(app, company):
    page = sign_in(app, "demo-owner").get("/").text
    assert "Your services" in page
    assert 'href="/catalog/component/default/checkout-service"' in page
    assert "source demo" in page
    assert "problems in their descriptors" in page
    other = sign_in(app, "demo-member").get("/").text
    assert 'href="/catalog/component/default/checkout-service"' not in other


def test_home_leads_visitors_on(app, client, company):
    assert client.get("/").location == "/catalog"


def test_my_teams_is_a_filter_like_any_other(app, company):
    client = sign_in(app, "demo-owner")
    mine = client.get("/api/v1/entities?mine=yes&limit=200").get_json()
    assert {item["owner"] for item in mine["items"]} == {"group:default/checkout"}
    owned = client.get("/api/v1/entities?owner=checkout&limit=200").get_json()
    assert mine["total"] == owned["total"] > 5
    assert client.get("/api/v1/entities?mine=yes&owner=payments").get_json()["total"] == 0
    assert app.test_client().get("/api/v1/entities?mine=yes").get_json()["total"] == 0
    page = client.get("/catalog?mine=yes").text
    assert "My teams" in page
    assert "checkout-service" in page
    assert "payment-gateway" not in page


def test_stars_come_and_go(app, company):
    client = sign_in(app, "demo-owner")
    assert star(client).status_code == 303
    assert 'href="/catalog/component/default/cart-service"' in client.get("/").text
    listed = client.get("/api/v1/entities?starred=yes").get_json()
    assert [item["ref"] for item in listed["items"]] == ["component:default/cart-service"]
    assert sign_in(app, "demo-member").get("/api/v1/entities?starred=yes").get_json()["total"] == 0
    answer = star(client, "no", **{"HX-Request": "true"})
    assert "<html" not in answer.text
    assert 'aria-pressed="false"' in answer.text
    assert client.get("/api/v1/entities?starred=yes").get_json()["total"] == 0
    with company.unit(write=False) as session:
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == "component:default/cart-service")
        ).all()
        assert acts == ["catalog.star", "catalog.unstar"]
        assert session.scalars(select(Star)).all() == []


def test_an_answer_of_ones_own_is_nobody_elses(app, company):
    client = sign_in(app, "demo-owner")
    etag = client.get("/api/v1/entities?starred=yes").headers["ETag"]
    star(client)
    again = client.get("/api/v1/entities?starred=yes", headers={"If-None-Match": etag})
    assert again.status_code == 200


def test_visitors_star_nothing(app, client, company):
    assert client.post(f"{CART}/star", data={"wanted": "yes"}).status_code == 400
    assert "Star</button>" not in client.get(CART).text
    member = sign_in(app, "demo-member")
    data = {"csrf_token": token_of(member), "wanted": "yes"}
    assert member.post("/catalog/component/default/nothing/star", data=data).status_code == 404
