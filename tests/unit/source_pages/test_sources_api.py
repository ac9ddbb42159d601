"""Sources over JSON: declared, changed, read, removed; whatever is sent is answered clearly."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select, update

from portal.infra.vault import StoredSecret
from portal.sources.core.webhooks import sign_generic
from portal.sources.models import Source
from tests.unit.managed import read
from tests.unit.test_sign_in import add, make_token

TOKEN = "canary-token-of-a-source"


@pytest.fixture
def api(app, database):
    add(database, "root", "admin")
    headers = make_token(database, "root", "sources:write", "catalog:read")
    client = app.test_client()

    def call(method, path, body=None, **more):
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers, **more)

    return call


def declare(api, tmp_path, **more):
    (tmp_path / "shop").mkdir(exist_ok=True)
    body = {"name": "shop", "kind": "folder", "address": str(tmp_path / "shop"), **more}
    return api("POST", "/sources", body)


def test_a_source_is_declared_changed_paused_and_removed(api, tmp_path, database):
    made = declare(api, tmp_path, token=TOKEN, webhook="w" * 20)
    assert made.status_code == 201
    number = made.get_json()["id"]
    assert made.headers["Location"].endswith(f"/api/v1/sources/{number}")
    assert TOKEN not in made.text
    shown = api("GET", f"/sources/{number}").get_json()
    assert shown["declaration"]["policy"]["kinds"]
    change = {"kind": "folder", "address": str(tmp_path / "shop"), "kinds": ["component"]}
    assert api("PUT", f"/sources/{number}", {**change, "revision": 7}).status_code == 409
    changed = api("PUT", f"/sources/{number}", {**change, "revision": shown["revision"]})
    assert changed.get_json()["declaration"]["policy"]["kinds"] == ["component"]
    assert api("POST", f"/sources/{number}/pause").get_json()["paused"] is True
    assert api("POST", f"/sources/{number}/refresh").status_code == 422
    assert api("POST", f"/sources/{number}/resume").get_json()["paused"] is False
    assert api("POST", f"/sources/{number}/refresh").status_code == 202
    assert api("POST", f"/sources/{number}/confirm-removals").status_code == 409
    assert api("DELETE", f"/sources/{number}").status_code == 202
    with database.unit(write=False) as session:
        kept = session.scalars(select(StoredSecret.ciphertext)).all()
    assert len(kept) == 2
    assert TOKEN not in "".join(kept)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ([], {"body"}),
        ("x", {"body"}),
        ({}, {"kind"}),
        ({"kind": "ftp", "name": "a"}, {"kind"}),
        ({"kind": "git", "name": "a", "address": "file:///etc"}, {"address"}),
        ({"kind": "git", "name": "a", "address": "ext::sh -c id"}, {"address"}),
        ({"kind": "git", "name": "a", "address": "git://host.example/x"}, {"address"}),
        ({"kind": "url", "name": "a", "address": "javascript:alert(1)"}, {"address"}),
        ({"kind": "url", "name": "a", "address": "https://u:p@host.example/x"}, {"address"}),
        ({"kind": "folder", "name": "A B", "address": "/etc"}, {"name", "address"}),
        ({"kind": "github", "name": "a", "patterns": ["../x"]}, {"organisation", "patterns"}),
        ({"kind": "github", "name": "a", "organisation": "o", "kinds": ["role"]}, {"kinds"}),
        ({"kind": "git", "name": "a", "every_minutes": 10**30}, {"every_minutes"}),
        ({"kind": "git", "name": "a", "patterns": [1]}, {"patterns"}),
        ({"kind": "git", "name": "a", "colour": "red"}, {"colour"}),
    ],
)
def test_what_is_wrong_is_named_by_field_and_changes_nothing(api, database, body, fields):
    answer = api("POST", "/sources", body)
    assert answer.status_code == 422
    named = {error["field"].partition(".")[0] for error in answer.get_json()["errors"]}
    assert fields <= named
    with database.unit(write=False) as session:
        assert session.scalar(select(Source.id)) is None


def test_numbers_no_database_holds_are_not_found(api):
    for number in (0, 2**31, 10**30):
        for path in ("", "/runs", "/repositories"):
            assert api("GET", f"/sources/{number}{path}").status_code == 404
        assert api("POST", f"/sources/{number}/refresh").status_code == 404


def test_a_webhook_is_taken_once_and_only_from_who_can_sign(api, tmp_path, client, database, tools):
    number = declare(api, tmp_path, webhook="w" * 20).get_json()["id"]
    read(database, tools, number)
    path, body = f"/api/v1/sources/{number}/webhook", b'{"ref": "refs/heads/main"}'

    now = time.time()  # one moment for all, for a second later it is another delivery

    def deliver(secret, text=body, at=now):
        header = sign_generic(secret, body, int(at))
        headers = {"X-Plumbline-Signature": header, "Content-Type": "application/json"}
        return client.post(path, data=text, headers=headers).status_code

    assert deliver("w" * 20) == 202
    assert deliver("w" * 20) == 409
    assert deliver("x" * 20) == 403
    assert deliver("w" * 20, text=b'{"ref": "refs/heads/evil"}') == 403
    assert deliver("w" * 20, at=now - 3600) == 403
    assert client.post(path, data=body).status_code == 403
    with database.unit(write=False) as session:
        source = session.get_one(Source, number)
        assert source.requests == source.served + 1


def test_a_webhook_whose_secret_is_lost_tells_strangers_nothing(api, tmp_path, client, database):
    number = declare(api, tmp_path, webhook="w" * 20).get_json()["id"]
    with database.unit(write=True) as session:
        session.execute(update(StoredSecret).values(ciphertext="v1.lost.lost"))
    path, body = f"/api/v1/sources/{number}/webhook", b"{}"
    header = sign_generic("w" * 20, body, int(time.time()))
    lost = client.post(path, data=body, headers={"X-Plumbline-Signature": header})
    unknown = client.post("/api/v1/sources/999/webhook", data=body)
    assert lost.status_code == unknown.status_code == 403
    assert lost.get_json()["detail"] == unknown.get_json()["detail"]
