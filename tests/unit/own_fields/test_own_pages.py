"""Declaring own fields on pages and over the API, and reading all entities again for them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

import portal.catalog.service.own_values
from portal.audit.models import AuditEntry
from portal.catalog.models import OwnFieldReading, OwnFieldRow, OwnFieldValue
from portal.catalog.queries.own_fields import find_progress
from portal.catalog.service.own_values import READ_AGAIN, read_batch
from portal.demo.core.fields import FIELDS
from portal.demo.flows import load_demo, remove_demo
from portal.infra.clock import utc_now
from portal.infra.work import Work
from tests.unit.test_sign_in import add, make_token, sign_in, token_of

BODY = {
    "key": "level",
    "title": "Level",
    "type": "choice",
    "choices": [{"value": "low", "label": "Low risk"}, {"value": "high"}],
    "location": "annotation",
    "path": "acme.example/level",
    "kinds": ["Component"],
    "required_for": {"classes": ["service"]},
}
FORM = {
    "key": "level",
    "title": "Level",
    "help": "Which one?\r\nAsk.",
    "type": "choice",
    "choices": "low = Low risk\r\n\r\nhigh\r\n",
    "location": "annotation",
    "path": "acme.example/level",
    "kinds": ["component"],
    "is_required": "1",
    "required_tiers": ["0", "1"],
    "is_column": "1",
}


def post(client, url, **data):
    token = token_of(client, "/admin/fields/new")
    return client.post(url, data={"csrf_token": token, **data})


def list_acts(database):
    with database.unit(write=False) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(r.action, r.before, r.after) for r in rows if r.subject == "field:level"]


def test_a_field_is_declared_and_changed_on_pages(admin, world):
    empty = admin.get("/admin/fields").text
    assert "No own field yet" in empty
    assert post(admin, "/admin/fields", **FORM).status_code == 303
    waiting = admin.get("/admin/fields").text
    assert "Entries are being read again, 0 of 4" in waiting
    world.work()
    page = admin.get("/admin/fields").text
    assert "being read again" not in page
    assert "tier 0 or tier 1" in page
    form = admin.get("/admin/fields/level").text
    assert "low = Low risk\nhigh</textarea>" in form
    assert re.findall(r'name="required_tiers" value="(\d)" checked', form) == ["0", "1"]
    assert 'name="version" value="1"' in form
    changed = {**FORM, "title": "How high", "version": "1"}
    del changed["key"]
    assert post(admin, "/admin/fields/level", **changed).status_code == 303
    again = post(admin, "/admin/fields/level", **changed)
    assert again.status_code == 409
    assert 'name="version" value="2"' in again.text
    assert "Somebody else changed" in again.text
    acts = list_acts(world.database)
    assert [act for act, _, _ in acts] == ["field.declare", "field.change"]
    assert acts[0][2]["choices"] == [
        {"value": "low", "label": "Low risk"},
        {"value": "high", "label": ""},
    ]
    assert (acts[1][1]["title"], acts[1][2]["title"]) == ("Level", "How high")


def test_fields_are_ordered_and_deleted_on_pages(admin, world):
    other = {**FORM, "key": "other", "title": "Other", "path": "acme.example/other"}
    for form in (FORM, other):
        assert post(admin, "/admin/fields", **form).status_code == 303
    world.work()
    assert post(admin, "/admin/fields/other/move", position="1").status_code == 303
    titles = re.findall(r'class="name"><a[^>]*>([^<]+)<', admin.get("/admin/fields").text)
    assert titles == ["Other", "Level"]
    preview = admin.get("/admin/fields/level/delete").text
    assert re.search(r"<dt>Have a value</dt>\s*<dd>2<", preview)
    assert re.search(r"<dt>Have a wrong one</dt>\s*<dd>1<", preview)
    assert post(admin, "/admin/fields/level/delete", version="7").status_code == 409
    assert post(admin, "/admin/fields/level/delete", version="1").status_code == 303
    assert admin.get("/admin/fields/level").status_code == 404
    assert "level: high" in (world.folder / "cart.yaml").read_text()
    act, before, after = list_acts(world.database)[-1]
    assert (act, before["help"], after) == ("field.delete", "Which one?\nAsk.", None)


def test_a_form_with_problems_keeps_what_was_typed(admin, world):
    answer = post(admin, "/admin/fields", **{**FORM, "key": "tier", "path": "a b", "type": "text"})
    assert answer.status_code == 422
    for name in ("key", "path", "choices"):
        assert f'id="field-{name}-error"' in answer.text
    assert 'value="a b"' in answer.text
    assert "low = Low risk" in answer.text
    assert 'name="is_column" value="1" checked' in answer.text
    assert 'name="is_facet" value="1" checked' not in answer.text
    assert post(admin, "/admin/fields", **{**FORM, "colour": "x"}).status_code == 422
    assert post(admin, "/admin/fields/lost/move", position="1").status_code == 404


def test_only_admins_declare_and_everybody_looks(app, database, world):
    add(database)
    client = app.test_client()
    sign_in(client)
    assert client.get("/admin/fields").status_code == 200
    assert "Declare a field" not in client.get("/admin/fields").text
    assert client.get("/admin/fields/new").status_code == 403
    token = token_of(client, "/account")
    data = {"csrf_token": token, **FORM}
    assert client.post("/admin/fields", data=data).status_code == 403
    headers = make_token(database, "ana", "catalog:read", "catalog:write")
    assert client.get("/api/v1/fields", headers=headers).status_code == 200
    assert client.post("/api/v1/fields", json=BODY, headers=headers).status_code == 403


def test_a_field_is_declared_changed_and_deleted_over_the_api(api, world):
    made = api("POST", "/fields", BODY)
    assert made.status_code == 201, made.text
    assert made.headers["Location"].endswith("/api/v1/fields/level")
    field = made.get_json()
    assert field["kinds"] == ["component"]
    assert field["required_for"] == {"kinds": [], "classes": ["service"], "tiers": []}
    assert api("GET", "/fields").get_json()["reading"] == {"done": 0, "total": 4}
    world.work()
    listed = api("GET", "/fields").get_json()
    assert listed["reading"] is None
    assert listed["items"][0]["usage"] == {"applies": 4, "filled": 2, "lacking": 2, "wrong": 1}
    assert api("POST", "/fields", BODY).get_json()["errors"][0]["rule"] == "unique"
    assert api("POST", "/fields", {**BODY, "key": "b", "path": "c/d"}).status_code == 201
    change = {k: v for k, v in BODY.items() if k != "key"}
    assert api("PUT", "/fields/level", change).status_code == 422
    assert api("PUT", "/fields/level", {**change, "version": 7}).status_code == 409
    put = api("PUT", "/fields/level", {**change, "title": "New", "position": 2, "version": 1})
    assert (put.get_json()["title"], put.get_json()["position"]) == ("New", 2)
    assert put.get_json()["version"] == 2
    same = api("PUT", "/fields/level", {**change, "title": "New", "version": 2})
    assert same.get_json()["version"] == 2
    assert api("PUT", "/fields/lost", {**change, "version": 1}).status_code == 404
    assert api("DELETE", "/fields/level").status_code == 422
    assert api("DELETE", "/fields/level?version=1").status_code == 409
    assert api("DELETE", "/fields/level?version=2").get_json()["status"] == "deleted"
    assert api("DELETE", "/fields/level?version=2").status_code == 404
    assert [each["key"] for each in api("GET", "/fields").get_json()["items"]] == ["b"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "a\0b"},
        {"title": "\ud800"},
        {"help": "\0"},
        {"path": "\0"},
        {"kinds": ["\0"]},
        {"kinds": "component"},
        {"choices": [{"value": "a\0"}]},
        {"choices": ["low"]},
        {"choices": [{"value": "x", "colour": "red"}]},
        {"type": "money"},
        {"required_for": {"tiers": [9]}},
        {"required_for": []},
        {"is_facet": "perhaps"},
        {"key": "\0"},
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(api, database, change):
    answer = api("POST", "/fields", {**BODY, **change})
    assert answer.status_code == 422, answer.text
    assert {e["field"].partition(".")[0] for e in answer.get_json()["errors"]} <= {
        *change,
        "required_tiers",
    }
    with database.unit(write=False) as session:
        assert session.scalar(select(OwnFieldRow.key)) is None


def test_reading_again_goes_on_where_it_was_stopped(api, world, monkeypatch):
    monkeypatch.setattr(portal.catalog.service.own_values, "BATCH_ROWS", 2)
    api("POST", "/fields", BODY)

    def step():
        with world.database.unit(write=True) as session:
            return read_batch(session, now=utc_now())

    def done():
        with world.database.unit(write=False) as session:
            progress = find_progress(session)
            return progress and progress.done

    assert step()
    assert done() == 2
    changed = {k: v for k, v in BODY.items() if k != "key"} | {"choices": [{"value": "huge"}]}
    api("PUT", "/fields/level", {**changed, "version": 1})
    assert done() == 0
    while step():
        pass
    assert done() is None
    assert not step()
    with world.database.unit(write=False) as session:
        values = session.execute(select(OwnFieldValue.key, OwnFieldValue.value)).all()
        assert [tuple(row) for row in values] == [("level", "huge")]
        assert session.scalar(select(OwnFieldReading.done)) == 4
        assert session.scalar(select(Work.topic).where(Work.topic == READ_AGAIN)) == READ_AGAIN


def test_the_demo_declares_its_own_and_takes_it_away(api, database):
    api("POST", "/fields", {**BODY, "key": "cost_centre", "path": "mine.example/cost"})
    load_demo(database)
    load_demo(database)
    fields = {each["key"]: each for each in api("GET", "/fields").get_json()["items"]}
    assert fields.keys() == {field.key for field in FIELDS}
    assert fields["data_classification"]["usage"]["filled"] > 9
    assert fields["data_classification"]["usage"]["lacking"] > 0
    assert fields["data_classification"]["usage"]["wrong"] == 1
    remove_demo(database)
    kept = api("GET", "/fields").get_json()["items"]
    assert [each["key"] for each in kept] == ["cost_centre"]
