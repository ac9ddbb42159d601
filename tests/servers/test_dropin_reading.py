"""Locations that are tried and repositories that are looked at, over real connections."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import count

import pytest
from sqlalchemy import func, select

from portal.auth.core import CLI
from portal.auth.service.accounts import create_account
from portal.auth.service.tokens import create_token
from portal.catalog.models import Entity
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.infra.outbound import Gate, Outbound, Wire
from portal.settings.outbound import parse_allow_list
from portal.sources.models import Source
from tests.servers.hosting import Answering
from tests.servers.test_dropin import FOLDER, find_node, serve
from tests.standins.git_server import GitHttpServer, make_repository
from tests.standins.programs import describe_missing, find_git_backend
from tests.unit.managed import component

pytestmark = pytest.mark.servers
needs_git = pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}")
API = "/api/catalog"
PRESENT = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n"


@pytest.fixture
def app(settings, database):
    """The portal, for which every host is this machine."""
    wire = Wire(look_up=lambda *_: ["127.0.0.1"], sleep=lambda _: None)
    outbound = Outbound(Gate(parse_allow_list("127.0.0.1"), wire=wire))
    changed = {"anonymous_read": False, "requests_per_minute": 0}
    return create_app(settings.model_copy(update=changed), database, outbound=outbound)


@pytest.fixture
def make_key(database):
    """Return what makes a token of an admin with some scopes."""
    numbers = count()

    def make(*scopes):
        with database.unit(write=True) as session:
            name = f"robot{next(numbers)}"
            account = create_account(session, CLI, name, role="admin", now=utc_now())
            return create_token(session, CLI, account, name="t", scopes=scopes, now=utc_now())[0]

    return make


@pytest.fixture
def ask(app, make_key):
    key, client = make_key("catalog:read", "sources:write"), app.test_client()

    def send(path, body, key=key):
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.post(API + path, json=body, headers=headers)
        return answer.status_code, answer.get_json()

    return send


def try_target(ask, target):
    return ask("/locations?dryRun=true", {"type": "url", "target": target})


def names_of(answer):
    return [entity["metadata"]["name"] for entity in answer["entities"][1:]]


@pytest.fixture
def host():
    with Answering() as found:
        yield found


def test_no_unit_is_open_while_an_address_is_asked(ask, database):
    open_units = []

    def serve_file(_environ, start):
        open_units.append(database.engine.pool.checkedout())
        start("200 OK", [("Content-Type", "text/yaml")])
        return [component("one").encode()]

    with serve(serve_file) as address:
        status, answer = try_target(ask, f"{address}/a.yaml")
        assert (status, names_of(answer)) == (201, ["one"])
    assert open_units == [0]
    with database.unit(write=False) as session:
        assert session.scalar(select(func.count()).select_from(Source)) == 0
        assert session.scalar(select(func.count()).select_from(Entity)) == 0


def test_a_page_is_tried_as_the_file_it_shows(ask, host):
    place = host.url.replace("127.0.0.1", "github.acme.example") + "/harbour/gates"
    host.put("/harbour/gates/raw/main/deep/one.yaml", component("one").encode())
    host.put("/harbour/gates/blob/main/deep/one.yaml", b"<!doctype html>")
    status, answer = try_target(ask, f"{place}/blob/main/deep/one.yaml")
    assert (status, names_of(answer)) == (201, ["one"])
    assert answer["entities"][1]["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{place}/blob/main/deep/one.yaml",
        "backstage.io/managed-by-origin-location": f"url:{place}/blob/main/deep/one.yaml",
        "backstage.io/view-url": f"{place}/blob/main/deep/one.yaml",
        "backstage.io/edit-url": f"{place}/edit/main/deep/one.yaml",
        "backstage.io/source-location": f"url:{place}/tree/main/deep/",
    }


def test_files_beside_are_tried_too_but_not_without_end(ask, host):
    host.put("/deep/all.yaml", (PRESENT + "  targets: [./one.yaml, ./two.yaml]\n").encode())
    host.put("/deep/one.yaml", component("one").encode())
    host.put("/deep/two.yaml", component("two").encode())
    status, answer = try_target(ask, f"{host.url}/deep/all.yaml")
    assert status == 201
    assert names_of(answer) == ["two", "one", "all"]
    place = answer["entities"][1]["metadata"]["annotations"]["backstage.io/managed-by-location"]
    assert place == f"url:{host.url}/deep/two.yaml"
    targets = ", ".join(f"./{number}.yaml" for number in range(150))
    for number in range(150):
        host.put(f"/deep/{number}.yaml", component(f"c{number}").encode())
    host.put("/deep/all.yaml", (PRESENT + f"  targets: [{targets}]\n").encode())
    status, answer = try_target(ask, f"{host.url}/deep/all.yaml")
    assert status == 400
    assert "while somebody waits" in answer["error"]["message"]


def test_a_policy_holds_for_trials(ask, host):
    group = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: crew}\n"
    host.put("/a.yaml", (group + "spec: {type: team, children: []}\n").encode())
    status, answer = try_target(ask, f"{host.url}/a.yaml")
    assert status == 400
    assert "policy" in answer["error"]["message"]


def test_what_is_no_descriptor_is_refused(ask, host):
    host.put("/a.yaml", b"title: none\n")
    status, answer = try_target(ask, f"{host.url}/a.yaml")
    assert (status, answer["error"]["name"]) == (400, "InputError")


@pytest.fixture
def git(tmp_path):
    files = {
        "catalog-info.yaml": component("gates"),
        "deep/catalog-info.yaml": component("locks"),
        "deep/other.yaml": component("other"),
        "deep/config.yaml": "colour: blue\n",
    }
    make_repository(tmp_path / "served", "harbour/gates.git", files)
    with GitHttpServer(tmp_path / "served") as server:
        yield f"{server.url}/harbour/gates.git"


@needs_git
def test_a_repository_is_tried(ask, git, database):
    status, answer = try_target(ask, git)
    assert status == 201
    assert sorted(names_of(answer)) == ["gates", "locks", "other"]
    assert answer["location"]["target"] == git
    with database.unit(write=False) as session:
        assert session.scalar(select(func.count()).select_from(Source)) == 0


@needs_git
def test_a_repository_is_looked_at_for_who_may_declare_it(ask, git, make_key):
    page = git.replace("127.0.0.1", "gitlab.acme.example")
    body = {"location": {"type": "url", "target": page}}
    status, found = ask("/analyze-location", body)
    assert status == 200
    assert found["generateEntities"] == []
    place = page.removesuffix(".git")
    assert [one["location"] for one in found["existingEntityFiles"]] == [
        {"type": "url", "target": f"{place}/-/blob/main/catalog-info.yaml"},
        {"type": "url", "target": f"{place}/-/blob/main/deep/catalog-info.yaml"},
    ]
    assert [one["isRegistered"] for one in found["existingEntityFiles"]] == [False, False]
    status, found = ask("/analyze-location", {**body, "catalogFilename": "other.yaml"})
    [other] = found["existingEntityFiles"]
    assert other["entity"]["metadata"]["name"] == "other"
    # Whoever may not declare sources makes the portal ask nobody.
    status, found = ask("/analyze-location", body, make_key("catalog:read"))
    assert found["existingEntityFiles"] == []
    assert found["generateEntities"][0]["entity"]["metadata"]["name"] == "gates"


@needs_git
def test_a_repository_that_cannot_be_read_is_not_taken_for_empty(ask, git):
    body = {"location": {"type": "url", "target": git.replace("gates", "none")}}
    status, answer = ask("/analyze-location", body)
    assert (status, answer["error"]["name"]) == (400, "InputError")


@needs_git
def test_the_client_reads_what_is_found(app, git, make_key):
    script = (
        "import('@backstage/catalog-client').then(async m => { const [base, target, token] = "
        "process.argv.slice(1); const client = new m.CatalogClient({ discoveryApi: "
        "{ getBaseUrl: async () => base } }); console.log(JSON.stringify(await "
        "client.analyzeLocation({ location: { type: 'url', target } }, { token }))); })"
    )
    key = make_key("catalog:read", "sources:write")
    with serve(app) as address:
        command = [find_node(), "-e", script, address + API, git, key]
        done = subprocess.run(
            command, cwd=FOLDER, env=dict(os.environ), capture_output=True, text=True, check=True
        )
    found = json.loads(done.stdout)
    names = [one["entity"]["metadata"]["name"] for one in found["existingEntityFiles"]]
    assert names == ["gates", "locks"]
