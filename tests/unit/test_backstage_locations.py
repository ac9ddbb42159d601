"""Locations as sources: who may register them, what is declared, what stands in the way."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.service import memberships
from portal.auth.service.accounts import create_account
from portal.auth.service.tokens import create_token
from portal.backstage.core.refusals import Refused
from portal.backstage.core.targets import declare_target, name_source
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.infra.vault import find_secret
from portal.sources.core.declarations import Declaration
from portal.sources.core.policies import SCANNED
from portal.sources.jobs import expire
from portal.sources.models import Source
from portal.sources.service.declaring import name_secret
from tests.unit.managed import (
    BOX,
    component,
    declare,
    declare_folder,
    make_tools,
    read,
    read_requested,
)

API = "/api/catalog"
TARGET = "https://files.example/catalog/gates.yaml"
WRITER = ("catalog:read", "sources:write")


@pytest.fixture
def ask(settings, database):
    """Return what asks as an account of a role with a token of some scopes."""
    closed = {"anonymous_read": False, "requests_per_minute": 0}
    client = create_app(settings.model_copy(update=closed), database).test_client()
    keys = {}

    def send(method, path, body=None, *, role="admin", scopes=WRITER, teams=()):
        who = (role, scopes, teams)
        if who not in keys:
            with database.unit(write=True) as session:
                name = f"robot{len(keys)}"
                account = create_account(session, CLI, name, role=role, now=utc_now())
                rights = [memberships.TeamRight(team, True, "test") for team in teams]  # noqa: FBT003 the field is named in its class
                memberships.set_teams(session, account.id, rights, now=utc_now())
                keys[who], _ = create_token(
                    session, CLI, account, name="t", scopes=list(scopes), now=utc_now()
                )
        headers = {"Authorization": f"Bearer {keys[who]}"}
        return client.open(API + path, method=method, json=body, headers=headers)

    return send


def list_sources(database):
    with database.unit(write=False) as session:
        return session.scalars(select(Source).order_by(Source.id)).all()


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (TARGET, "url"),
        ("https://github.com/harbour/gates/blob/main/catalog-info.yaml", "url"),
        ("https://gitlab.com/harbour/boats/rower/-/blob/main/catalog-info.yaml", "url"),
        ("https://raw.githubusercontent.com/harbour/gates/main/catalog-info.yaml", "url"),
        ("https://github.com/harbour/gates", "git"),
        ("https://github.com/harbour/gates/", "git"),
        ("https://gitlab.com/harbour/boats/rower", "git"),
        ("https://git.example/harbour/gates.git", "git"),
        ("https://gitlab.com/harbour/catalog-info.yaml", "url"),
    ],
)
def test_what_an_address_is_declared_as(target, kind):
    found = declare_target(target)
    assert (found.kind, found.address, found.policy) == (kind, target, SCANNED)
    assert found.every_minutes == 10


@pytest.mark.parametrize(
    "target",
    [
        "",
        "catalog-info.yaml",
        "file:///etc/passwd",
        "ftp://files.example/a.yaml",
        "https://user:secret@files.example/a.yaml",
        "https://files.example/a b.yaml",
        "https://github.com/harbour/gates/tree/main/services",
        "https://github.com/harbour/gates/blob/main/**/catalog-info.yaml",
        "https://files.example/" + "a" * 600,
        "https://[::1/a.yaml",
    ],
)
def test_what_is_no_address_of_a_file_is_refused(target):
    with pytest.raises(Refused):
        declare_target(target)


def test_names_of_sources_are_made_of_their_targets():
    names = {name_source(TARGET), name_source(TARGET + "?v=2"), name_source(TARGET.upper())}
    assert len(names) == 3
    assert all(name.startswith("files-example-catalog-gates-yaml") for name in names)
    assert name_source(TARGET) == name_source(TARGET)
    assert len(name_source("https://files.example/" + "a" * 500)) <= 100


def test_a_registered_location_is_a_source(ask, database):
    answer = ask("POST", "/locations", {"type": "url", "target": TARGET})
    assert answer.status_code == 201
    location = answer.get_json()["location"]
    [source] = list_sources(database)
    assert (source.kind, source.name) == ("url", name_source(TARGET))
    assert Declaration.read(source.declaration).policy == SCANNED
    assert source.next_run_at is not None
    assert ask("GET", f"/locations/{location['id']}").get_json() == location


def test_two_of_one_target_conflict_however_they_were_declared(ask, database):
    declare(database, "by-hand", Declaration("url", TARGET))
    body = {"type": "url", "target": TARGET}
    answer = ask("POST", "/locations", body)
    assert answer.status_code == 409
    error = answer.get_json()["error"]
    assert (error["name"], error["message"]) == (
        "ConflictError",
        f"Location url:{TARGET} already exists",
    )
    declare(database, "ssh", Declaration("git", "git@github.com:harbour/gates.git"))
    answer = ask(
        "POST", "/locations", {"type": "url", "target": "https://github.com/harbour/gates"}
    )
    assert answer.status_code == 409
    before = [source.requests for source in list_sources(database)]
    again = ask("POST", "/locations?onConflict=refresh", body)
    assert again.status_code == 201
    after = [source.requests for source in list_sources(database)]
    assert after == [before[0] + 1, before[1]]


def test_a_target_that_was_left_can_be_registered_again(ask, database):
    moved = ask("POST", "/locations", {"type": "url", "target": TARGET}).get_json()["location"]
    other = {"type": "url", "target": TARGET.replace("gates", "locks")}
    assert ask("PUT", f"/locations/{moved['id']}", other).status_code == 200
    assert ask("POST", "/locations", {"type": "url", "target": TARGET}).status_code == 201
    assert len({source.name for source in list_sources(database)}) == 2


def test_a_removed_location_goes_at_once_and_its_entities_soon(ask, database, tmp_path):
    number = declare_folder(database, tmp_path / "files", "crew")
    (tmp_path / "files/catalog-info.yaml").write_text(component("one"))
    read(database, make_tools(tmp_path), number)
    [listed] = ask("GET", "/locations").get_json()
    path = f"/locations/{listed['data']['id']}"
    answer = ask("DELETE", path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert ask("GET", path).status_code == ask("DELETE", path).status_code == 404
    assert ask("GET", "/locations").get_json() == []
    expire(database, "removed", utc_now())
    assert list_sources(database) == []
    assert ask("GET", "/entities/by-name/component/default/one").status_code == 404


def test_what_is_being_removed_is_in_the_way_and_says_so(ask):
    body = {"type": "url", "target": TARGET}
    made = ask("POST", "/locations", body).get_json()["location"]
    ask("DELETE", f"/locations/{made['id']}")
    answer = ask("POST", "/locations", body)
    assert answer.status_code == 409
    assert "being removed" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("address", "keeps"),
    [
        ("https://files.example/other.yaml", True),
        ("https://files.example:8443/other.yaml", False),
        ("http://files.example/other.yaml", False),
        ("https://else.example/catalog/gates.yaml", False),
    ],
)
def test_a_token_stays_with_its_server(ask, database, address, keeps):
    number = declare(database, "crew", Declaration("url", TARGET), token="sesame")
    [listed] = ask("GET", "/locations").get_json()
    body = {"type": "url", "target": address}
    assert ask("PUT", f"/locations/{listed['data']['id']}", body).status_code == 200
    with database.unit(write=False) as session:
        held = find_secret(session, BOX, name_secret(number, "token"))
    assert held == ("sesame" if keeps else None)
    assert list_sources(database)[0].name == "crew"


def test_a_folder_is_not_turned_into_an_address(ask, database, tmp_path):
    declare_folder(database, tmp_path / "files", "crew")
    [listed] = ask("GET", "/locations").get_json()
    answer = ask("PUT", f"/locations/{listed['data']['id']}", {"type": "url", "target": TARGET})
    assert answer.status_code == 403
    assert list_sources(database)[0].kind == "folder"


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("admin", ("catalog:read", "catalog:write")), ("member", WRITER), ("viewer", WRITER)],
)
def test_only_who_may_declare_sources_registers(ask, database, role, scopes):
    declare(database, "crew", Declaration("url", TARGET))
    [listed] = ask("GET", "/locations").get_json()
    other = {"type": "url", "target": "https://127.0.0.1/a.yaml"}
    path = f"/locations/{listed['data']['id']}"
    for method, where in (
        ("POST", "/locations"),
        ("POST", "/locations?dryRun=true"),
        ("PUT", path),
        ("DELETE", path),
    ):
        answer = ask(method, where, other, role=role, scopes=scopes)
        assert answer.status_code == 403
        assert answer.get_json()["error"]["name"] == "NotAllowedError"
    assert [source.expires_at for source in list_sources(database)] == [None]


def test_a_trial_reaches_only_where_sources_may(ask, database):
    body = {"type": "url", "target": "http://127.0.0.1:9/a.yaml"}
    answer = ask("POST", "/locations?dryRun=true", body)
    assert answer.status_code == 400
    assert "127.0.0.1" in answer.get_json()["error"]["message"]
    assert list_sources(database) == []


def test_refreshing_reads_the_file_again_for_owners_alone(ask, database, tmp_path):
    number = declare_folder(database, tmp_path / "files", "crew")
    file = tmp_path / "files/catalog-info.yaml"
    file.write_text(component("one"))
    tools = make_tools(tmp_path)
    read(database, tools, number)
    file.write_text(component("one", system="locks"))
    body = {"entityRef": "Component:default/One"}
    scopes = ("catalog:read", "catalog:write")
    stranger = ask("POST", "/refresh", body, role="member", scopes=scopes)
    assert stranger.status_code == 403
    reader = ask("POST", "/refresh", body, scopes=("catalog:read",))
    assert reader.status_code == 403
    owner = {"role": "member", "scopes": scopes, "teams": ("group:default/crew",)}
    assert ask("POST", "/refresh", body, **owner).status_code == 200
    assert read_requested(database, tools) == 1
    found = ask("GET", "/entities/by-name/component/default/one").get_json()
    assert found["spec"]["system"] == "locks"
    narrowed = ("catalog:write@owner=group:default/crew",)
    assert ask("POST", "/refresh", body, scopes=narrowed).status_code == 200
    narrowed = ("catalog:write@owner=group:default/other",)
    assert ask("POST", "/refresh", body, scopes=narrowed).status_code == 403


def test_what_a_command_reads_cannot_be_refreshed(ask, demo):
    body = {"entityRef": "component:default/checkout-service"}
    answer = ask("POST", "/refresh", body, scopes=("catalog:write",))
    assert answer.status_code == 400
    assert "by command" in answer.get_json()["error"]["message"]


def test_a_repository_in_the_catalog_is_not_asked(ask, database, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(component("one"))
    (folder / "other.yaml").write_text(component("two"))
    page = "https://github.com/harbour/gates/blob/main/"
    number = declare_folder(database, folder, "o/gates")
    read(database, make_tools(tmp_path), number)
    with database.unit(write=True) as session:
        source = session.get_one(Source, number)
        source.kind, source.file_url = "repository", page
    ssh = {"location": {"type": "url", "target": "ssh://git@github.com/harbour/gates.git"}}
    assert len(ask("POST", "/analyze-location", ssh).get_json()["existingEntityFiles"]) == 2
    body = {"location": {"type": "url", "target": "https://github.com/Harbour/gates"}}
    found = ask("POST", "/analyze-location", body, scopes=("catalog:read",)).get_json()
    assert found["generateEntities"] == []
    assert [one["location"] for one in found["existingEntityFiles"]] == [
        {"type": "url", "target": f"{page}catalog-info.yaml"},
        {"type": "url", "target": f"{page}other.yaml"},
    ]
    assert all(one["isRegistered"] for one in found["existingEntityFiles"])
    names = [one["entity"]["metadata"]["name"] for one in found["existingEntityFiles"]]
    assert names == ["one", "two"]
    named = {**body, "catalogFilename": "other.yaml"}
    [only] = ask("POST", "/analyze-location", named).get_json()["existingEntityFiles"]
    assert only["entity"]["metadata"]["name"] == "two"
    # Nothing of that name: all of the repository is read, so what is not known is not there.
    none = ask("POST", "/analyze-location", {**body, "catalogFileName": "none.yaml"}).get_json()
    assert none["existingEntityFiles"] == []
    [suggested] = none["generateEntities"]
    assert suggested["entity"]["metadata"]["name"] == "gates"
