"""The trail as pages, files, JSON, lines and commands, from outside."""

from __future__ import annotations

import csv
import io
import json

import pytest
from sqlalchemy import update

from portal.audit import flows
from portal.audit.service import record_act, seal_entries
from portal.auth.models import Account
from portal.auth.queries.accounts import find_account
from portal.factory.tools import create_secret_box
from portal.web.exports import make_cell
from tests.conftest import NOW
from tests.unit.test_audit_acts import acts
from tests.unit.test_sign_in import add, make_token, sign_in


@pytest.fixture
def auditor(app, database):
    add(database, "aud", "auditor")
    client = app.test_client()
    sign_in(client, "aud")
    return client


@pytest.fixture
def member(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    return client


def seal(database, settings):
    with database.unit(write=True) as session:
        return seal_entries(session, create_secret_box(settings))


def note(database, subject="thing", action="test.change", actor="cli", **values):
    with database.unit(write=True) as session:
        record_act(session, actor, subject, action=action, now=NOW, **values)


def read_page(client, **query):
    return client.get("/api/v1/audit", query_string=query).get_json()


def test_filters_choose(database, auditor):
    add(database, "ben")
    note(database, "component:default/a", action="test.one")
    note(database, "component:default/b", action="test.failed_two")
    note(database, "component:default/b%", action="other.refused")
    with database.unit(write=False) as session:
        ben = find_account(session, "ben").person

    def find(**query):
        return [item["action"] for item in read_page(auditor, **query)["items"]]

    assert find(action="test.") == ["test.failed_two", "test.one"]
    assert find(action="t%") == []
    assert find(subject="component:default/a") == ["test.one"]
    assert len(find(subject="component:*")) == 3
    assert find(outcome="failed") == ["test.failed_two"]
    assert find(outcome="refused", to="2026-03-01") == ["other.refused"]
    assert find(outcome="done", action="test.") == ["test.one"]
    assert find(subject="ben", action="access.") == ["access.create_account"]
    assert find(actor=ben) == find(actor="ben") == ["auth.set_password"]
    assert find(to="2026-02-28") == []
    assert len(find(**{"from": "2026-03-01T12:00:00+00:00", "to": "2026-03-01"})) == 3
    assert find(**{"from": "2026-03-01T13:00:00+01:00", "to": "2026-03-01T12:00:00Z"}) == []


@pytest.mark.parametrize(
    "query", ["from=yesterday", "outcome=maybe", "limit=0", "cursor=x", "who=ana", "to=2026-13-01"]
)
def test_wrong_filters_are_named(auditor, query):
    answer = auditor.get(f"/api/v1/audit?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] in query


def test_pages_follow_each_other(database, auditor):
    for number in range(5):
        note(database, f"thing:{number}")
    seen, query = [], {"action": "test.", "limit": 2}
    while True:
        page = read_page(auditor, **query)
        seen += [item["subject"] for item in page["items"]]
        note(database, "thing:new")
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [f"thing:{number}" for number in (4, 3, 2, 1, 0)]


def test_names_stand_beside_the_chain(app, database, settings, auditor):
    account_id = add(database)
    page = read_page(auditor, action="auth.set_password", actor="ana")["items"][0]
    assert (page["actor_name"], page["subject_name"]) == ("ana", "ana")
    with database.unit(write=True) as session:
        session.execute(
            update(Account).where(Account.id == account_id).values(display_name="Ana Ortiz")
        )
    assert "Ana Ortiz" in auditor.get("/admin/audit").text


def test_the_page_shows_what_changed(database, auditor):
    note(database, before={"role": "viewer"}, after={"role": "<b>admin</b>"})
    page = auditor.get("/admin/audit?action=test.").text
    assert "<del>viewer</del>" in page
    assert "<ins>&lt;b&gt;admin&lt;/b&gt;</ins>" in page
    assert "not sealed yet" in page
    assert "Nothing matches" in auditor.get("/admin/audit?actor=nobody").text
    assert auditor.get("/admin/audit?from=nonsense").status_code == 422
    menu = auditor.get("/catalog").text
    assert 'href="/admin/audit"' in menu


def test_a_member_sees_nothing_of_it(demo, member, database):
    for url in ("/admin/audit", "/admin/audit/export", "/api/v1/audit", "/api/v1/audit/stream"):
        assert member.get(url).status_code == 403
    url = "/catalog/component/default/checkout-service"
    page = member.get(url)
    assert page.status_code == 200
    assert "tab=audit" not in page.text
    assert 'href="/admin/audit"' not in page.text
    assert member.get(f"{url}?tab=audit").status_code == 404


def test_the_entity_page_has_its_acts(demo, auditor, database):
    url = "/catalog/component/default/checkout-service"
    note(database, "component:default/checkout-service", after={"seen": "here"})
    note(database, "component:default/ledger-service", after={"seen": "elsewhere"})
    assert "tab=audit" in auditor.get(url).text
    panel = auditor.get(f"{url}?tab=audit").text
    assert "here" in panel
    assert "elsewhere" not in panel
    assert "source.ingest" in panel


def test_exports_are_safe_and_on_record(database, auditor):
    note(database, "=1+1", actor="@sum", after={"x": "-1"}, before=["+1", "b"])
    answer = auditor.get("/admin/audit/export?format=csv&action=test.")
    row = next(iter(csv.DictReader(io.StringIO(answer.text))))
    assert (row["subject"], row["actor"], row["before"]) == ("'=1+1", "'@sum", "'+1 b")
    assert answer.headers["Cache-Control"] == "no-store"
    found = json.loads(auditor.get("/admin/audit/export?format=json&actor=aud").text)
    with database.unit(write=False) as session:
        person = find_account(session, "aud").person
    assert {item["actor"] for item in found} == {person}
    second, first = acts(database, "audit.export")
    assert first.after == {"format": "csv", "rows": 1, "filters": {"action": "test."}}
    assert second.after["filters"] == {"actor": [person]}
    assert second.actor == person
    for start in ("=", "+", "-", "@", "\t", "\r", "\n"):
        assert make_cell(f"{start}x").startswith("'")


def test_the_stream_goes_on_where_it_ended(app, database, settings, monkeypatch):
    add(database, "aud", "auditor")
    bearer = make_token(database, "aud", "audit:read")
    client = app.test_client()

    def lines(after, **query):
        answer = client.get(
            "/api/v1/audit/stream", query_string={"after": after, **query}, headers=bearer
        )
        assert answer.mimetype == "application/x-ndjson"
        return [json.loads(line) for line in answer.text.splitlines()]

    assert lines(0) == []
    sealed = seal(database, settings)
    first = lines(0)
    assert [item["position"] for item in first] == list(range(1, sealed + 1))
    note(database)
    assert lines(first[-1]["id"]) == []
    monkeypatch.setattr(flows.time, "sleep", lambda _: seal(database, settings))
    second = lines(first[-1]["id"], wait=1)
    assert [item["action"] for item in second] == ["test.change"]
    assert lines(second[-1]["id"]) == []
    url = "/api/v1/audit/stream?after=99999"
    assert client.get(url, headers=bearer).status_code == 404
    assert client.get("/api/v1/audit/stream?wait=900", headers=bearer).status_code == 422


def test_streams_that_wait_leave_threads_for_pages(app, database, settings, auditor, monkeypatch):
    def fail(seconds):
        raise AssertionError("it waits")

    monkeypatch.setattr(flows.time, "sleep", fail)
    for _ in range(2):
        assert flows.WAITING.acquire(blocking=False)
    try:
        assert auditor.get("/api/v1/audit/stream?wait=30").status_code == 200
    finally:
        for _ in range(2):
            flows.WAITING.release()


def test_tokens_read_the_trail_only_whole(app, database):
    add(database, "aud", "auditor")
    add(database)
    client = app.test_client()
    for name, scope, status in (
        ("aud", "audit:read", 200),
        ("aud", "catalog:read", 403),
        ("aud", "audit:write", 403),
        ("ana", "audit:read", 403),
    ):
        bearer = make_token(database, name, scope)
        for path in ("/api/v1/audit", "/api/v1/audit/stream"):
            assert client.get(path, headers=bearer).status_code == status, (name, scope)


def test_the_stream_is_described_as_lines(client):
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    answer = paths["/api/v1/audit/stream"]["get"]["responses"]["200"]["content"]
    assert list(answer) == ["application/x-ndjson"]
    assert list(paths["/api/v1/audit"]["get"]["responses"]["200"]["content"]) == [
        "application/json"
    ]
