"""What people see when they browse: lists, search, exports, teams, READMEs, definitions."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.auth.core import CLI
from portal.catalog.core.definitions import read_definition
from portal.catalog.core.operations import read_api
from portal.catalog.queries.columns import get_columns
from portal.catalog.queries.search import search_rows
from portal.demo.flows import remove_demo
from portal.infra.contributions import EntityPanel
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from portal.web.markdown import render_markdown

GOLDEN = json.loads((Path(__file__).parents[1] / "cases" / "search.json").read_text())
HEAD = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n"


def ingest(database, folder):
    return Ingest(database, CLI, "s").run([Folder.open(str(folder))])


def test_list_opens_on_what_runs(client, demo):
    page = client.get("/catalog").text
    assert "cart-service" in page
    assert "Payments SDK" not in page
    assert "Payments SDK" in client.get("/catalog?view=everything&q=payments+sdk").text


def test_filters_take_several_values_and_not_set(client, demo):
    def total(query):
        return client.get(f"/api/v1/entities?{query}").get_json()["total"]

    assert total("tier=0&tier=1") == total("tier=0") + total("tier=1")
    assert total("kind=component") == sum(
        total(f"kind=component&tier={tier}") for tier in ("0", "1", "2", "3", "-")
    )
    assert total("owner=payments") == total("owner=group:default/payments") > 0


def test_facets_agree_with_lists(client, demo):
    found = client.get("/api/v1/facets?kind=component&limit=200").get_json()
    names = [facet["facet"] for facet in found["facets"]]
    assert names[:3] == ["kind", "tier", "owner"]
    for facet in found["facets"][1:]:
        for value in facet["values"][:3]:
            if facet["facet"] == "kind":
                continue
            asked = {"kind": "component", facet["facet"]: value["value"] or "-"}
            total = client.get("/api/v1/entities", query_string=asked).get_json().get("total")
            assert total == value["count"], (facet["facet"], value)


def test_columns_can_be_chosen(client, demo):
    page = client.get("/catalog?columns=domain&columns=tags").text
    assert ">Domain<" in page
    assert 'data-label="Tier"' not in page
    assert client.get("/catalog?columns=nothing").status_code == 422


def test_export_holds_what_is_filtered_and_no_formula(client, database, tmp_path):
    (tmp_path / "a.yaml").write_text(
        HEAD + "  name: a\n  title: '=HYPERLINK(1)'\n  description: '-2+3'\n"
        "spec: {type: service, lifecycle: '@x', owner: crew}\n"
    )
    ingest(database, tmp_path)
    rows = list(csv.DictReader(io.StringIO(client.get("/catalog/export?format=csv").text)))
    assert (rows[0]["title"], rows[0]["description"], rows[0]["lifecycle"]) == (
        "'=HYPERLINK(1)",
        "'-2+3",
        "'@x",
    )
    assert client.get("/catalog/export?format=json&kind=component").get_json()[0]["name"] == "a"
    assert client.get("/catalog/export?format=json&tier=1").get_json() == []


def test_search_suggests_with_the_owner(client, demo):
    found = client.get("/search?q=payment-gateway", headers={"HX-Request": "true"}).text
    assert "<html" not in found
    assert found.index("Payment gateway") < found.index("Payments")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["query"])
def test_golden_queries(demo, case):
    with demo.unit(write=False) as session:
        columns = get_columns(session)
        hits = search_rows(session, columns, case["query"])
        kinds, spaces = columns.texts["kind"].texts, columns.texts["namespace"].texts
        found = [
            f"{kinds[columns.codes['kind'][r]]}:{spaces[columns.codes['namespace'][r]]}/"
            f"{columns.names[r].lower()}"
            for r in hits.rows[:3]
        ]
    assert found, case["why"]
    assert found[0] in case["expect"], found


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.text(max_size=60))
def test_no_question_breaks_search(client, demo, question):
    answer = client.get("/api/v1/entities", query_string={"q": question, "limit": "3"})
    assert answer.status_code in (200, 400)


def test_teams_show_people_and_what_is_owned(client, demo):
    assert "Checkout" in client.get("/teams").text
    page = client.get("/teams/default/checkout").text
    assert "cart-service" in page
    assert "mailto:" in page
    parent = client.get("/teams/default/buyer-experience")
    above = client.get("/teams/default/buyer-experience?reach=all").text
    assert parent.status_code == 200
    assert "cart-service" in above
    assert client.get("/teams/default/nobody").status_code == 404


def test_teams_in_a_circle_are_shown(client, database, tmp_path):
    (tmp_path / "t.yaml").write_text(
        "---\n".join(
            f"apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {name}}}\n"
            f"spec: {{type: team, parent: {parent}, children: []}}\n"
            for name, parent in (("a", "b"), ("b", "a"), ("c", "a"))
        )
    )
    ingest(database, tmp_path)
    page = client.get("/teams").text
    assert all(f"/teams/default/{name}" in page for name in "abc")
    assert client.get("/teams/default/a?reach=all").status_code == 200


def test_readme_is_read_replaced_and_forgotten(client, database, tmp_path):
    (tmp_path / "a.yaml").write_text(
        HEAD + "  name: a\nspec: {type: service, lifecycle: production, owner: crew}\n"
    )
    readme = tmp_path / "README.md"
    url = "/catalog/component/default/a?tab=readme"
    ingest(database, tmp_path)
    assert client.get(url).status_code == 404
    readme.write_text("# Hello\n<script>alert(1)</script>")
    ingest(database, tmp_path)
    page = client.get(url).text
    assert "<h2>Hello</h2>" in page
    assert "<script>alert" not in page
    readme.write_text("# Changed")
    ingest(database, tmp_path)
    assert "Changed" in client.get(url).text
    readme.unlink()
    ingest(database, tmp_path)
    assert client.get(url).status_code == 404


def test_markdown_cannot_act():
    html = render_markdown(
        "[a](javascript:alert(1)) [b](/x) ![i](http://x/i.png) <b onclick=x>c</b>\n\n# T"
    )
    assert "javascript" not in html.replace("javascript:alert(1)", "", 0) or "href" not in html
    assert "<img" not in html
    assert "onclick=x>" not in html
    assert "<h2>T</h2>" in html


def test_empty_portal_opens_on_the_steps(client):
    assert client.get("/").location == "/setup"
    assert "portal catalog ingest PATH" in client.get("/setup").text


def test_demo_is_marked_until_it_is_gone(client, demo):
    for url in ("/catalog", "/teams", "/nowhere", "/api/docs"):
        assert "portal demo remove" in client.get(url).text
    remove_demo(demo)
    assert "Demo data" not in client.get("/catalog").text


def test_a_broken_panel_costs_its_tab_only(app, client, demo):
    def fail(_session, _subject):
        raise RuntimeError

    panel = EntityPanel("broken", "Broken", 50, lambda _s, _r: "", fail)
    gathered = demo.contributions
    demo.contributions = replace(gathered, panels=(*gathered.panels, panel))
    page = client.get("/catalog/component/default/cart-service?tab=broken")
    assert page.status_code == 200
    assert "cannot be shown" in page.text


PETSTORE = """
openapi: 3.1.0
info: {title: Stables, version: "2"}
tags: [{name: Horses, description: Who stands where}]
paths:
  /horses/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, format: int64}}]
    get:
      tags: [Horses]
      summary: Read one
      deprecated: true
      responses:
        200: {description: Found, content: {application/json: {schema: {$ref: '#/x/Horse'}}}}
x:
  Horse:
    required: [name]
    properties:
      name: {type: string, description: What it answers to}
      foal: {$ref: '#/x/Horse'}
      coat: {enum: [bay, grey]}
"""


def test_operations_are_read():
    found = read_definition(PETSTORE, "openapi")
    group = found.api.groups[0]
    operation = group.operations[0]
    assert (group.name, operation.method, operation.path) == ("Horses", "GET", "/horses/{id}")
    assert operation.deprecated
    assert operation.parameters[0].type == "integer (int64)"
    rows = operation.answers[0].contents[0].outline.rows
    assert [(row.depth, row.name, row.required) for row in rows][:2] == [
        (0, "name", True),
        (0, "foal", False),
    ]
    assert operation.answers[0].contents[0].outline.type == "Horse"


WORDS = st.sampled_from(
    ["paths", "get", "$ref", "#/paths", "schema", "properties", "allOf", "items", "type", "/a"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=40,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(WORDS, ANYTHING, max_size=6))
def test_no_document_breaks_the_reader(document):
    read_api({"openapi": "3.0.0", **document})


def test_a_hostile_document_ends_early():
    schema = {"properties": {f"p{n}": {"$ref": "#/s"} for n in range(100)}}
    paths = {
        f"/{n}": {"get": {"responses": {"200": {"content": {"a/b": {"schema": schema}}}}}}
        for n in range(10_000)
    }
    found = read_api({"openapi": "3.0.0", "paths": paths, "s": schema})
    assert found.is_cut
    assert found.shown <= 300


def test_definitions_and_api_pages_hold_the_policy(client, demo):
    page = client.get("/catalog/api/default/payments-api?tab=definition").text
    assert "/payments/{id}/refunds" in page
    assert " style=" not in page
    assert "/api/v1/facets" in client.get("/api/docs").text


@pytest.mark.parametrize(
    "pasted",
    [
        "component:cart-service",
        "Component:default/cart-service",
        "https://portal.example/catalog/default/component/cart-service",
        "http://127.0.0.1:8000/catalog/component/default/cart-service?tab=graph",
    ],
)
def test_pasted_references_are_found(client, demo, pasted):
    found = client.get("/api/v1/entities", query_string={"q": pasted}).get_json()["items"]
    assert found[0]["ref"] == "component:default/cart-service"


@pytest.mark.parametrize("view", ["", "tree/main/", "-/blob/main/", "src/v2/"])
def test_a_folder_of_a_shared_repository_names_its_component(client, demo, view):
    pasted = f"https://git.larkmoor.example.com/larkmoor/legacy-shop/{view}sms-sender/worker.py"
    found = client.get("/api/v1/entities", query_string={"q": pasted}).get_json()["items"]
    assert [item["name"] for item in found] == ["sms-sender"]
