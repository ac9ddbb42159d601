"""Contributed marks are filters, facets, orders and columns of exports like any other."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

import portal.catalog.api
from portal.auth.core import CLI
from portal.catalog.forms import EntityListQuery
from portal.catalog.forms.extending import with_marks
from portal.catalog.service.marks import MarkValue, write_marks
from portal.infra.clock import utc_now
from portal.infra.contributions import Mark

CART, CHECKOUT = "component:default/cart-service", "component:default/checkout-service"
LEDGER = "component:default/ledger-service"


@pytest.fixture
def marked(demo):
    """The demo with a health beside three services, one of them stale; levels nobody wrote."""
    marks = (Mark("health", "Health", 10), Mark("level", "Level", 20))
    demo.contributions = replace(demo.contributions, marks=marks)
    now = utc_now()
    values = [
        MarkValue(CART, 2, "healthy", "healthy", now, now + timedelta(minutes=5)),
        MarkValue(CHECKOUT, 1, "Down", "down in eu-west", now),
        MarkValue(LEDGER, 2, "healthy", "healthy", now, now - timedelta(minutes=5)),
    ]
    with demo.unit(write=True) as session:
        write_marks(session, CLI, "health", marks=values)
        write_marks(session, CLI, "forgotten", marks=values)
    return demo


def list_refs(client, query):
    return [e["ref"] for e in client.get(f"/api/v1/entities?{query}").get_json()["items"]]


def test_marks_filter_lists(client, marked):
    assert list_refs(client, "health=down") == [CHECKOUT]
    assert list_refs(client, "health=DOWN&health=healthy") == [CART, CHECKOUT]
    assert list_refs(client, "health=stale") == [LEDGER]
    total = client.get("/api/v1/entities").get_json()["total"]
    assert client.get("/api/v1/entities?health=-").get_json()["total"] == total - 3
    assert client.get("/api/v1/entities?level=-").get_json()["total"] == total
    assert list_refs(client, "level=gold") == []


def test_marks_filter_the_page_and_say_what_is_stale(client, marked):
    page = client.get("/catalog?health=down&health=stale").text
    assert "Health: down" in page
    assert "down in eu-west" in page
    assert "stale: healthy" in page
    assert "cart-service" not in page.partition("<table")[2]
    assert re.search(r'name="health" value="down" checked', page)
    assert client.get("/catalog?more=health").status_code == 200


def test_marks_are_counted_and_ordered_by(client, marked):
    found = client.get("/api/v1/facets?facet=health&facet=level").get_json()["facets"]
    counts = {value["value"]: value["count"] for value in found[0]["values"]}
    assert {name: n for name, n in counts.items() if name} == {"down": 1, "healthy": 1, "stale": 1}
    assert [value["value"] for value in found[1]["values"]] == [None]
    names = [facet["facet"] for facet in client.get("/api/v1/facets").get_json()["facets"]]
    assert names[-2:] == ["health", "level"]
    assert list_refs(client, "sort=health&limit=3") == [CHECKOUT, CART, LEDGER]
    assert client.get("/api/v1/entities?sort=-level").status_code == 200


@pytest.mark.parametrize("url", ["/catalog", "/api/v1/entities", "/api/v1/facets"])
def test_a_mark_nobody_contributed_is_unknown(client, marked, url):
    answer = client.get(f"{url}?forgotten=down", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "health" in answer.text
    assert client.get("/api/v1/entities?sort=forgotten").status_code == 422
    assert client.get("/api/v1/facets?facet=forgotten").status_code == 422


def test_exports_hold_every_mark(client, marked):
    query = "kind=component&sort=health"
    text = client.get(f"/catalog/export?format=csv&{query}").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["health"] for row in rows[:4]] == ["down", "healthy", "stale", ""]
    assert rows[0]["health_as_of"].startswith("20")
    assert rows[0]["level"] == rows[3]["health_as_of"] == ""
    lines = client.get(f"/catalog/export?format=json&{query}").get_json()
    assert [line["health"] for line in lines[:4]] == ["down", "healthy", "stale", None]
    assert lines[0]["health_as_of"] == rows[0]["health_as_of"]
    assert len(client.get("/catalog/export?format=json&health=down").get_json()) == 1


@pytest.mark.parametrize("url", ["/api/v1/entities?health=healthy", "/api/v1/facets?facet=health"])
def test_tags_change_when_a_mark_expires(client, marked, monkeypatch, url):
    first = client.get(url)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(url, headers=tag).status_code == 304
    later = utc_now() + timedelta(minutes=6)
    monkeypatch.setattr(portal.catalog.api, "utc_now", lambda: later)
    second = client.get(url, headers=tag)
    assert second.status_code == 200
    assert second.get_json() != first.get_json()


def test_openapi_describes_marks(client, marked):
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    listed = {p["name"]: p for p in paths["/api/v1/entities"]["get"]["parameters"]}
    assert listed["health"]["schema"]["type"] == "array"
    facets = {p["name"]: p for p in paths["/api/v1/facets"]["get"]["parameters"]}
    assert "health" in facets["facet"]["schema"]["items"]["enum"]
    marked.contributions = replace(marked.contributions, marks=())
    assert '"health"' not in client.get("/api/v1/openapi.json").text


def test_a_mark_cannot_take_a_name_lists_have():
    with pytest.raises(ValueError, match="tier"):
        with_marks(EntityListQuery, ("tier",))


@pytest.mark.parametrize("query", ["sort=name", "cursor=abc"])
def test_facets_refuse_what_means_nothing_to_them(client, demo, query):
    answer = client.get(f"/api/v1/facets?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["rule"] == "known"
