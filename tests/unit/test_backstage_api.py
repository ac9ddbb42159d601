"""Who may ask the drop-in API what, what it costs, and what it refuses."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service import sessions
from portal.auth.service.accounts import create_account
from portal.auth.service.tokens import create_token
from portal.catalog.models import Entity, EntityValue
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

HEAD = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
NAME = "metadata: {{name: {name}, tags: [{tag}]}}\n"
SPEC = "spec: {{type: service, lifecycle: production, owner: {owner}}}\n"
API = "/api/catalog"


def write(folder, **tags):
    folder.mkdir(exist_ok=True)
    texts = [
        HEAD + NAME.format(name=name, tag=tag) + SPEC.format(owner="crew")
        for name, tag in tags.items()
    ]
    (folder / "catalog-info.yaml").write_text("---\n".join(texts))
    return folder


def ingest(database, folder):
    Ingest(database, CLI, "s", remove=True).run([Folder.open(str(folder))])


@pytest.fixture
def folder(database, tmp_path):
    found = write(tmp_path / "files", one="red", two="blue")
    ingest(database, found)
    return found


def names(client, query):
    found = client.get(f"{API}/entities?{query}&fields=metadata.name").get_json()
    return sorted(entity["metadata"]["name"] for entity in found)


def test_what_is_found_follows_the_files(folder, client, database):
    assert names(client, "filter=metadata.tags.red") == ["one"]
    write(folder, one="green", three="red")
    ingest(database, folder)
    assert names(client, "filter=metadata.tags.red") == ["three"]
    assert names(client, "filter=kind=component") == ["one", "three"]
    with database.unit(write=False) as session:
        ids = set(session.scalars(select(Entity.id)))
        assert set(session.scalars(select(EntityValue.entity_id))) == ids


def test_a_moved_file_is_a_moved_location(folder, client, database):
    (folder / "catalog-info.yaml").rename(folder / "other.yaml")
    ingest(database, folder)
    location = "metadata.annotations.backstage.io/managed-by-location"
    assert names(client, f"filter={location}=file:s/other.yaml") == ["one", "two"]
    assert names(client, f"filter={location}=file:s/catalog-info.yaml") == []


def test_the_uid_survives_a_removal(folder, client, database):
    def ask():
        return client.get(f"{API}/entities/by-name/component/default/two").get_json()

    uid = ask()["metadata"]["uid"]
    write(folder, one="red")
    ingest(database, folder)
    assert client.get(f"{API}/entities/by-uid/{uid}").status_code == 404
    write(folder, one="red", two="blue")
    ingest(database, folder)
    assert client.get(f"{API}/entities/by-uid/{uid}").get_json() == ask()
    assert ask()["metadata"]["uid"] == uid


def test_the_etag_of_an_entity_changes_with_its_relations(folder, client, database):
    def ask(name):
        answer = client.get(f"{API}/entities/by-name/component/default/{name}")
        return answer.get_json()["metadata"]["etag"]

    before = (ask("one"), ask("two"))
    text = (folder / "catalog-info.yaml").read_text()
    pointed = text.replace("owner: crew", "owner: crew, dependsOn: ['component:two']", 1)
    (folder / "catalog-info.yaml").write_text(pointed)
    ingest(database, folder)
    assert before[0] != ask("one")
    assert before[1] != ask("two")


@pytest.mark.parametrize(
    "path",
    [
        "/entities/by-query?filter=kind=component,spec.type=service&orderField=metadata.name",
        "/entities/by-query?fullTextFilterTerm=o&fullTextFilterFields=metadata.name",
        "/entities?filter=metadata.tags=red&filter=relations.ownedBy&limit=5",
        "/entities/by-name/component/default/one",
    ],
)
def test_a_page_costs_the_same_few_queries(folder, client, database, path):
    client.get(API + path)
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert client.get(API + path).status_code == 200
    assert len([text for text in asked if text.startswith(("SELECT", "WITH"))]) <= 4
    few = len(asked)
    write(folder, **{f"c{number}": "red" for number in range(60)})
    ingest(database, folder)
    client.get(API + path)
    asked.clear()
    client.get(API + path)
    assert len(asked) <= few


def test_unchanged_is_told_from_the_revision_alone(folder, client, database):
    path = f"{API}/entities/by-query?limit=1"
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    write(folder, one="green")
    ingest(database, folder)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_cursors_are_signed(folder, client):
    page = client.get(f"{API}/entities/by-query?limit=1").get_json()
    cursor = page["pageInfo"]["nextCursor"]
    assert (
        client.get(f"{API}/entities/by-query", query_string={"cursor": cursor}).status_code == 200
    )
    for wrong in (cursor[:-8] + "AAAAAAA=", cursor[4:], "e30="):
        answer = client.get(f"{API}/entities/by-query", query_string={"cursor": wrong})
        assert answer.status_code == 400
        assert answer.get_json()["error"]["name"] == "InputError"


@pytest.fixture
def closed(settings, database, folder):
    return create_app(settings.model_copy(update={"anonymous_read": False}), database)


def make_token(database, name, role, scopes):
    with database.unit(write=True) as session:
        account = create_account(session, CLI, name, role=role, now=utc_now())
        key, _ = create_token(session, CLI, account, name="t", scopes=scopes, now=utc_now())
    return {"Authorization": f"Bearer {key}"}


def test_who_may_ask(closed, database):
    reader = make_token(database, "reader", "viewer", ["catalog:read"])
    other = make_token(database, "other", "admin", ["audit:read"])
    client = closed.test_client()
    for headers, status, name in (
        (None, 401, "AuthenticationError"),
        (other, 403, "NotAllowedError"),
    ):
        answer = client.get(f"{API}/entities/by-query?limit=1", headers=headers)
        found = answer.get_json()
        assert answer.status_code == status
        assert found["error"]["name"] == name
        assert found["error"]["message"]
        assert found["request"] == {"method": "GET", "url": f"{API}/entities/by-query?limit=1"}
        assert found["response"] == {"statusCode": status}
    assert client.get(f"{API}/entities", headers=reader).status_code == 200
    body = {"entityRef": "component:default/one"}
    assert client.post(f"{API}/refresh", json=body, headers=reader).status_code == 403


def test_a_bad_token_is_an_authentication_error(closed):
    answer = closed.test_client().get(f"{API}/entities", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.get_json()["error"]["name"]) == (401, "AuthenticationError")


def test_what_is_not_there_is_not_found(client):
    for method, path in (("GET", "/nothing"), ("DELETE", "/entities"), ("GET", "/")):
        answer = client.open(API + path, method=method)
        assert answer.status_code == 404
        assert answer.get_json()["error"]["name"] == "NotFoundError"


def test_a_body_that_is_none_is_refused_in_words(client):
    for body, kind in (
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"a", "text/plain"),
    ):
        answer = client.post(f"{API}/entities/by-refs", data=body, content_type=kind)
        assert answer.status_code == 400
        assert answer.get_json()["error"]["name"] == "InputError"
    deep = b'{"query":' + b'{"$not":' * 60 + b"{}" + b"}" * 61
    answer = client.post(f"{API}/entities/by-query", data=deep, content_type="application/json")
    assert answer.status_code == 400


def test_a_session_cookie_alone_does_not_write(closed, database):
    make_token(database, "boss", "admin", ["catalog:read"])
    with database.unit(write=True) as session:
        account = find_account(session, "boss")
        way, origin = sessions.Way("password"), sessions.Origin()
        key = sessions.begin_session(session, account, way, origin=origin, now=utc_now())
    client = closed.test_client()
    client.set_cookie("plumbline_session", key)
    assert client.get(f"{API}/entities").status_code == 200
    body = {"entityRef": "component:default/one"}
    answer = client.post(f"{API}/refresh", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["name"] == "InputError"


def test_a_question_has_a_limit(client):
    many = [{f"spec.a{number}": 1} for number in range(101)]
    answer = client.post(f"{API}/entities/by-query", json={"query": {"$any": many}})
    assert answer.status_code == 400
    same = [{"kind": "user"}] * 1001
    answer = client.post(f"{API}/entities/by-query", json={"query": {"$any": same}})
    assert answer.status_code == 400
    answer = client.post(f"{API}/entity-facets", json={"facets": [f"a{n}" for n in range(101)]})
    assert answer.status_code == 400


def test_more_than_one_batch_is_read(folder, client, database):
    write(folder, **{f"c{number}": "red" for number in range(1100)})
    ingest(database, folder)
    found = client.get(f"{API}/entities/by-query?limit=1050&fields=metadata.name").get_json()
    assert len({entity["metadata"]["name"] for entity in found["items"]}) == 1050
    assert found["totalItems"] == 1100
    refs = [f"component:default/c{number}" for number in range(1100)]
    listed = client.post(f"{API}/entities/by-refs", json={"entityRefs": refs}).get_json()["items"]
    assert [entity["metadata"]["name"] for entity in listed] == [ref[18:] for ref in refs]
