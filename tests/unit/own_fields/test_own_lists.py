"""Own fields in lists: filters, facets, orders, columns, exports, and what is kept in memory."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter as Tally
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import event, select

from portal.auth.core import CLI
from portal.catalog.core.own_fields import Choice
from portal.catalog.models import CatalogProblem, EntityOverlay, OwnFieldValue
from portal.catalog.queries.columns import get_columns
from portal.catalog.queries.needs import list_needs
from portal.catalog.queries.own_fields import count_usage, get_fields, read_fields
from portal.catalog.service.own_fields import change_field, delete_field
from portal.infra.clock import utc_now
from portal.infra.db import Database
from tests.unit.own_fields.conftest import AREAS, COST, LEVEL

CART, LEDGER = "component:default/cart", "component:default/ledger"


def list_names(client, query):
    answer = client.get(f"/api/v1/entities?{query}")
    assert answer.status_code == 200, answer.text
    return [e["name"] for e in answer.get_json()["items"]]


def test_own_fields_filter_and_order_lists(client, declared):
    assert list_names(client, "field.level=HIGH") == ["cart"]
    assert list_names(client, "field.level=high&field.level=low") == ["cart", "ledger"]
    assert list_names(client, "field.level=-") == ["parcels", "search"]
    assert list_names(client, "field.cost=team a") == ["cart"]
    assert list_names(client, "field.areas=us") == ["cart", "ledger"]
    assert list_names(client, "field.areas=us&field.level=high") == ["cart"]
    assert list_names(client, "field.level=secret") == []
    assert list_names(client, "kind=component&sort=-field.level") == [
        *("cart", "ledger", "parcels", "search")
    ]
    assert list_names(client, "kind=component&sort=field.level")[:2] == ["ledger", "cart"]
    seen, cursor = [], ""
    while cursor is not None:
        asked = f"/api/v1/entities?kind=component&sort=field.cost&limit=1&cursor={cursor}"
        page = client.get(asked).get_json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["ledger", "cart", "parcels", "search"]


@pytest.mark.parametrize("path", ["/catalog", "/api/v1/entities", "/api/v1/facets"])
def test_what_is_not_declared_is_unknown(client, declared, path):
    answer = client.get(f"{path}?field.lost=1", headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert "field.level" in answer.text
    assert client.get("/api/v1/entities?sort=field.lost").status_code == 422
    assert client.get("/api/v1/facets?facet=field.lost").status_code == 422
    assert client.get("/catalog?columns=field.lost").status_code == 422


def test_own_fields_are_counted(client, declared):
    found = client.get("/api/v1/facets?facet=field.level&facet=field.areas").get_json()["facets"]
    counts = [{each["value"]: each["count"] for each in facet["values"]} for facet in found]
    assert counts == [{"high": 1, "Low": 1, None: 2}, {"US": 2, "EU": 1, None: 2}]
    names = [facet["facet"] for facet in client.get("/api/v1/facets").get_json()["facets"]]
    assert names[-3:] == ["field.level", "field.cost", "field.areas"]


def test_the_page_shows_facets_columns_chips_and_orders(client, declared):
    page = client.get("/catalog?field.level=low&field.level=-").text
    facet = page.partition('id="facet-field.level"')[2].partition("</fieldset>")[0]
    assert re.findall(r'value="([^"]+)"( checked)?', facet) == [
        ("low", " checked"),
        ("high", ""),
        ("-", " checked"),
    ]
    assert "High risk" in facet
    assert "Level: Low risk" in page
    assert "Level: not set" in page
    table = page.partition("<table")[2]
    assert "Low risk" in table
    assert "Cost centre" not in table.partition("</thead>")[0]
    other = client.get("/catalog?columns=field.areas&columns=field.cost&sort=field.areas").text
    table = other.partition("<table")[2]
    assert "4711" in table
    assert re.search(r'chip">EU</span>\s*<span class="chip">US<', table)
    assert '<option value="field.areas" selected>Areas<' in other
    assert client.get("/catalog?more=field.cost").status_code == 200


def test_exports_and_entities_carry_typed_values(client, declared):
    rows = list(csv.DictReader(io.StringIO(client.get("/catalog/export?view=everything").text)))
    cart = next(row for row in rows if row["name"] == "cart")
    assert (cart["field.level"], cart["field.areas"]) == ("high", "EU US")
    lines = client.get("/catalog/export?format=json&field.areas=eu").get_json()
    assert [(line["field.cost"], line["field.areas"]) for line in lines] == [
        ("Team A", ["EU", "US"])
    ]
    found = client.get("/api/v1/entities/component/default/cart")
    assert found.get_json()["fields"] == {"level": "high", "cost": "Team A", "areas": ["EU", "US"]}
    listed = client.get("/api/v1/entities?q=search").get_json()["items"][0]
    assert listed["fields"] == {"level": None, "cost": None, "areas": None}
    assert "fields" not in client.get("/api/catalog/entities/by-name/component/default/cart").text
    with declared.database.unit(write=False) as session:
        asked = read_fields(session, [CART, LEDGER, "component:default/lost"])
    assert asked[LEDGER] == {"level": "Low", "cost": "4711", "areas": ["US"]}
    assert asked.keys() == {CART, LEDGER}


def test_an_entity_page_shows_them_and_says_what_is_missing(client, declared):
    page = client.get("/catalog/component/default/cart").text
    assert re.search(r"<dt>Level</dt>\s*<dd>High risk", page)
    assert re.search(r"<dt>Cost centre</dt>\s*<dd>Team A", page)
    assert "costCentre" not in page
    assert "must be filled" not in page
    wrong = unescape(client.get("/catalog/component/default/parcels").text)
    assert "must be filled" in wrong
    assert "How much it matters." in wrong
    assert 'holds "huge"; Level takes one of' in wrong


def test_wrong_values_are_problems_until_they_are_right(client, declared):
    def count():
        with declared.database.unit(write=False) as session:
            found = select(CatalogProblem.ref).where(CatalogProblem.rule == "own-field")
            return len(session.scalars(found).all()), count_usage(session)["level"].wrong

    assert count() == (1, 1)
    declared.ingest()  # the same files again
    assert count() == (1, 1)
    declared.write("parcels", level="huge", spec="system: shop")
    declared.ingest()
    assert count() == (1, 1)
    declared.write("parcels", level="low")
    declared.ingest()
    assert count() == (0, 0)


def test_owners_are_told_what_they_have_to_fill(client, declared):
    with declared.database.unit(write=False) as session:
        needs = list_needs(session, {"group:default/crew"}, utc_now())
    need = next(each for each in needs if "Level" in each.text)
    assert need.text == "2 services of yours lack Level"
    assert need.detail == "How much it matters."
    query = need.url.partition("?")[2].replace("mine=yes&", "").replace("view=everything&", "")
    assert list_names(client, query) == ["parcels", "search"]


def count_queries(database, act):
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    act()
    event.remove(database.engine, "before_cursor_execute", note)
    return len(asked)


def test_lists_ask_the_same_few_questions_for_any_number(client, declared):
    url = "/api/v1/entities?field.level=-&field.areas=us&field.areas=-&sort=field.cost"
    ask = lambda: client.get(url)  # noqa: E731 asked several times below
    ask()
    few = count_queries(declared.database, ask)
    for number in range(60):
        declared.write(f"more-{number}", spec=f"costCentre: C{number}")
    declared.ingest()
    ask()
    assert count_queries(declared.database, ask) == few
    assert client.get(url).get_json()["total"] == 62
    bare = "/api/v1/entities/component/default/cart"
    client.get(bare)
    assert count_queries(declared.database, lambda: client.get(bare)) <= 4


def describe(database):
    """Return what the columns in memory say of each field, and what the rows say."""
    with database.unit(write=False) as session:
        columns = get_columns(session)
        names = columns.names
        held = {
            column.declared.key: Tally(
                (names[row], column.texts.texts[code], column.written[code].lower())
                for row, code in zip(column.rows.tolist(), column.codes.tolist(), strict=True)
            )
            for column in columns.fields.values()
        }
        firsts = {
            (name, names[row], column.texts.texts[code])
            for name, column in columns.fields.items()
            for row, code in enumerate(column.first.tolist())
            if code >= 0
        }
        kept = session.execute(select(OwnFieldValue.key, OwnFieldValue.value)).all()
        keys = {each.key for each in get_fields(session)}
        return held, firsts, Tally(row[0] for row in kept if row[0] in keys)


@pytest.fixture
def check(declared, settings):
    """Compare what this process holds with the rows, and with what another process reads."""

    def compare():
        other = Database(settings.resolved_database_url, declared.database.contributions)
        held, firsts, kept = describe(declared.database)
        fresh = describe(other)
        other.dispose()
        assert (held, firsts) == fresh[:2]
        assert {key: sum(tally.values()) for key, tally in held.items() if tally} == kept

    compare()
    return compare


def change(database, field, was):
    with database.unit(write=True) as session:
        change_field(session, CLI, field, was=was, now=utc_now())


def test_columns_in_memory_follow_files_and_words(declared, check):
    declared.write("cart", level="low", spec="own: {areas: []}")
    declared.write("added", level="high", spec="own: {areas: [us, eu]}")
    (declared.folder / "ledger.yaml").unlink()
    declared.ingest()
    check()
    change(declared.database, replace(LEVEL, title="Other words"), was=1)
    check()
    declared.write("ledger", level="high", spec="costCentre: New")
    declared.ingest()
    check()


def test_columns_in_memory_follow_declarations(declared, check):
    database = declared.database
    change(database, replace(LEVEL, choices=(*LEVEL.choices, Choice("huge"))), was=1)
    check()
    declared.work()
    check()
    with database.unit(write=False) as session:
        assert count_usage(session)["level"].wrong == 0
    declared.declare(replace(COST, key="again", path="own.other"))
    check()
    with database.unit(write=True) as session:
        delete_field(session, CLI, "areas", was=1, now=utc_now())
    check()
    declared.work()
    with database.unit(write=False) as session:
        assert session.scalar(select(OwnFieldValue.key).where(OwnFieldValue.key == "areas")) is None
    declared.declare(AREAS)
    check()


def test_what_people_lay_over_a_file_counts(client, declared):
    with declared.database.unit(write=True) as session:
        session.add(
            EntityOverlay(
                ref="component:default/search",
                pointer="/metadata/annotations/acme.example~1level",
                value="low",
                is_removal=False,
                set_by="cli",
                set_at=utc_now(),
            )
        )
    declared.write("search", spec="system: shop")
    declared.ingest()
    assert list_names(client, "field.level=low") == ["ledger", "search"]
    fields = json.loads(client.get("/api/v1/entities/component/default/search").text)["fields"]
    assert fields["level"] == "Low"
