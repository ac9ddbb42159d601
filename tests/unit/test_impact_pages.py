"""Impact, findings and stated dependencies from outside: pages, JSON, who may state what."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import event, select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.queries.runtime import get_runtime_graph
from portal.catalog.service.editing import create_entity, delete_entity, edit_entity
from portal.catalog.service.entities import remove_entities
from portal.demo.flows import load_demo
from portal.infra.cache import ProcessCache
from portal.infra.clock import utc_now
from tests.unit.source_looks import words_of
from tests.unit.test_home import sign_in, token_of

API = "/api/v1/entities/component/default"
GATEWAY = f"{API}/payment-gateway/impact"
CHECKOUT = "/catalog/component/default/checkout-service"
DEPENDENCIES = f"{CHECKOUT}/dependencies"


@pytest.fixture
def company(database):
    load_demo(database)
    return database


def test_impact_as_json_is_whole_whatever_its_pages(client, demo):
    whole = client.get(f"{GATEWAY}?limit=1000").get_json()
    assert whole["counts"] == {"breaks": 1, "may_break": 7, "degrades": 0, "falls_behind": 0}
    assert len(whole["hits"]) == 8
    assert whole["next_cursor"] is None
    assert {one["owner"]: one["may_break"] for one in whole["by_owner"]} == {
        "group:default/payments": 3,
        "group:default/messaging": 2,
        "group:default/checkout": 1,
        "group:default/fulfilment": 1,
    }
    gathered, cursor = [], ""
    while cursor is not None:
        page = client.get(GATEWAY, query_string={"limit": 3, "cursor": cursor}).get_json()
        gathered += page["hits"]
        cursor = page["next_cursor"]
    assert gathered == whole["hits"]
    surely = client.get(f"{GATEWAY}?state=breaks").get_json()["hits"]
    (edge,) = surely[0]["because"]
    assert edge == {
        "source": "component:default/checkout-service",
        "target": "component:default/payment-gateway",
        "criticality": "hard",
        "api": None,
        "providers": 1,
    }
    below = client.get(f"{API}/checkout-service/impact?direction=dependencies").get_json()
    assert (below["counts"]["breaks"], below["counts"]["may_break"]) == (2, 34)
    missing = [hit["ref"] for hit in below["hits"] if not hit["in_catalog"]]
    assert missing == ["component:default/gift-wrap-service"]
    alone = client.get("/api/v1/entities/group/default/checkout/impact").get_json()
    assert (alone["hits"], alone["next_cursor"]) == ([], None)
    assert client.get(f"{API}/nothing/impact").status_code == 404
    for wrong in ("direction=up", "state=hurts", "cursor=x", "limit=0", "deep=1"):
        assert client.get(f"{GATEWAY}?{wrong}").status_code == 422, wrong
    etag = client.get(GATEWAY).headers["ETag"]
    assert client.get(GATEWAY, headers={"If-None-Match": etag}).status_code == 304


def test_impact_asks_two_queries_once_the_graph_is_there(client, demo):
    client.get(GATEWAY)
    asked = []
    event.listen(demo.engine, "before_cursor_execute", lambda *row: asked.append(row[2]))
    client.get(GATEWAY)
    reads = [text for text in asked if text.lstrip().upper().startswith("SELECT")]
    assert len([text for text in reads if "session" not in text.lower()]) == 2, reads


def test_the_tab_and_the_findings_say_the_same_in_words(client, demo):
    page = words_of(client.get("/catalog/component/default/payment-gateway?tab=impact"))
    assert "1 breaks 7 may break" in page
    assert "8 edges say nothing about how hard they are" in page
    assert "Chat unstated → Notifications unstated by payment-events → Payment gateway" in page
    library = words_of(client.get("/catalog/component/default/payments-sdk?tab=impact"))
    assert "A library is built in, not run" in library
    assert client.get("/catalog/group/default/checkout?tab=impact").status_code == 404
    graph = client.get("/catalog/component/default/payment-gateway?tab=graph&depth=1")
    assert "built in" in words_of(graph)
    assert "graph__line--built_in" in graph.text

    page = words_of(client.get("/catalog/findings"))
    assert "162 dependencies while things run: 3 hard, 1 soft, 0 async, 158 say nothing" in page
    assert "Inventory unstated → Reservations" in page
    assert "4 teams, 4 systems" in page
    found = client.get("/api/v1/findings?limit=1000").get_json()
    assert [len(one["members"]) for one in found["cycles"]] == [3]
    assert {one["criticality"] for one in found["tier_inversions"]} == {"hard", None}
    assert all(one["target_tier"] is None for one in found["tier_not_set"])
    untiered = {one["target"] for one in found["tier_not_set"]}
    assert "component:default/identity-service" in untiered
    assert "component:default/gift-wrap-service" not in untiered  # of which nothing is known
    assert found["single_points"][0]["ref"] == "component:default/payment-gateway"
    assert found["edges"] == {"unstated": 158, "hard": 3, "soft": 1, "async": 0}
    assert sum(one["edges"] for one in found["unstated"]) == 158
    own = client.get("/api/v1/findings?owner=payments&kind=unstated&limit=1000").get_json()
    assert [one["ref"] for one in own["unstated"]][:1] == ["component:default/payment-gateway"]
    assert own["totals"] == {"unstated": len(own["unstated"])}
    assert client.get("/api/v1/findings?owner=nobody").get_json()["totals"]["cycles"] == 0
    assert "None." in words_of(client.get("/catalog/findings?owner=payments&kind=cycles"))
    assert client.get("/catalog/findings?kind=loops").status_code == 422


def read_said(client):
    items = client.get(f"{API}/checkout-service/dependencies").get_json()["items"]
    return {item["ref"].partition("/")[2]: item["counts_as"] for item in items}


def test_owners_state_all_dependencies_at_once(app, company):
    owner, stranger = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    shown = owner.get(DEPENDENCIES).text
    assert 'name="criticality"' in shown
    assert DEPENDENCIES in owner.get(f"{CHECKOUT}?tab=impact").text
    assert 'name="criticality"' not in stranger.get(DEPENDENCIES).text
    held = owner.get(f"{API}/checkout-service/dependencies").get_json()
    refs = [item["ref"] for item in held["items"]]
    data = {
        "csrf_token": token_of(owner, DEPENDENCIES),
        "version": held["version"],
        "ref": refs,
        "criticality": ["async"] * len(refs),
    }
    foreign = {**data, "csrf_token": token_of(stranger, "/account")}
    assert stranger.post(DEPENDENCIES, data=foreign).status_code == 403
    wrong = {**data, "ref": [*refs[1:], "component:default/label-printer"]}
    answer = owner.post(DEPENDENCIES, data=wrong)
    assert answer.status_code == 422
    assert "states no dependency on component:default/label-printer" in words_of(answer)
    assert owner.post(DEPENDENCIES, data={**data, "criticality": ["hard"]}).status_code == 422
    assert read_said(owner)["payment-gateway"] == "hard"

    assert owner.post(DEPENDENCIES, data=data).status_code == 303
    assert set(read_said(owner).values()) == {"async"}
    again = owner.post(DEPENDENCIES, data={**data, "criticality": ["soft"] * len(refs)})
    assert again.status_code == 409
    assert "was changed since you opened it" in words_of(again)
    assert '<option value="soft" selected>' in again.text
    impact = owner.get(GATEWAY).get_json()
    assert (impact["counts"]["breaks"], impact["counts"]["falls_behind"]) == (0, 1)
    with company.unit(write=False) as session:
        act = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (act.subject, act.action) == ("component:default/checkout-service", "catalog.edit")


def test_programs_state_some_and_take_them_back(app, company):
    owner, stranger = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    address = f"{API}/checkout-service/dependencies"
    body = {"version": owner.get(address).get_json()["version"], "criticality": {}}
    headers = {"X-CSRFToken": token_of(owner, "/account")}
    foreign = {"X-CSRFToken": token_of(stranger, "/account")}

    def change(version, **said):
        refs = {f"component:default/{name}": word for name, word in said.items()}
        document = {"version": version, "criticality": refs}
        return owner.patch(address, json=document, headers=headers)

    assert owner.patch(address, json=body, headers=headers).status_code == 422
    body["criticality"] = {"component:default/cart-service": "hard"}
    assert stranger.patch(address, json=body, headers=foreign).status_code == 403
    made = change(body["version"], **{"cart-service": "hard", "tax-service": None})
    assert made.status_code == 200, made.text
    assert made.get_json()["criticality"] == {
        "component:default/cart-service": "hard",
        "component:default/delivery-estimator": "soft",
        "component:default/payment-gateway": "hard",
    }
    # What carts-api states follows from its provider.
    assert read_said(owner)["carts-api"] == "hard"
    assert read_said(owner)["tax-service"] is None
    assert change(body["version"], **{"cart-service": "soft"}).status_code == 409
    assert change(made.get_json()["version"], **{"cart-service": "vital"}).status_code == 422


def make_component(name):
    spec = {"type": "service", "lifecycle": "production", "owner": "group:default/checkout"}
    metadata = {"name": name}
    version = "backstage.io/v1alpha1"
    return {"apiVersion": version, "kind": "Component", "metadata": metadata, "spec": spec}


def describe(graph):
    """Return a graph by references, whatever their numbers."""
    refs = np.array(graph.refs, object)
    pairs = (graph.sources, graph.targets), (graph.providers, graph.provided), graph.built_in
    found = [sorted(zip(refs[one], refs[other], strict=True)) for one, other in pairs]
    strengths = sorted(
        zip(refs[graph.sources], refs[graph.targets], graph.strengths.tolist(), strict=True)
    )
    columns = [graph.read(name).tolist() for name in ("kind",)]
    known = sorted(refs[graph.rows >= 0])
    return found, strengths, known, len(columns[0])


def test_what_changed_alone_is_read_and_the_graph_is_as_if_read_whole(demo):
    def check():
        with demo.unit(write=False) as session:
            held = describe(get_runtime_graph(session))
        with demo.unit(write=False) as session:
            session.info["cache"] = ProcessCache()
            assert describe(get_runtime_graph(session)) == held
        return held

    def edit(name, pointer, value):
        ref = f"component:default/{name}"
        change = Change(pointer, value)
        edit_entity(session, CLI, ref, changes=[change], version=None, now=utc_now())

    seen = [check()]
    annotation = "/metadata/annotations/plumbline.dev~1dependency-criticality"
    with demo.unit(write=True) as session:
        edit("refund-service", annotation, "component:payment-gateway=hard" + " " * 300)
        edit("chat-service", "/spec/dependsOn", ["component:cart-service"])
        edit("fee-calculator", "/spec/type", "service")
    seen.append(check())
    with demo.unit(write=True) as session:
        gone = ["component:default/cart-service", "component:default/order-service"]
        remove_entities(session, CLI, gone, run_id=0, now=utc_now())
    seen.append(check())
    # SQLite gives the id of the last entity again, and the new one must not be taken for the old.
    with demo.unit(write=True) as session:
        create_entity(session, CLI, make_component("newcomer"), now=utc_now())
        edit("chat-service", "/spec/dependsOn", ["component:newcomer"])
    seen.append(check())
    with demo.unit(write=True) as session:
        delete_entity(session, CLI, "component:default/newcomer", version=None, now=utc_now())
        create_entity(session, CLI, make_component("latecomer"), now=utc_now())
    seen.append(check())
    assert len({str(one) for one in seen}) == 5
