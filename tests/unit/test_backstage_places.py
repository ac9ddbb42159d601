"""Where entities say they come from, what is ephemeral, and that neither is taken from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal.auth.core import CLI
from portal.backstage.core.places import annotate, make_place
from portal.backstage.queries.places import get_places
from portal.catalog.models import Entity
from portal.infra.clock import utc_now
from portal.sources.core.declarations import Declaration
from portal.sources.core.file_pages import find_raw_address
from portal.sources.core.file_urls import make_file_url
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.hosts import FoundRepository
from portal.sources.flows.ingesting import Ingest
from portal.sources.flows.terms import Terms
from portal.sources.models import Source
from portal.sources.providers.folder import Folder
from portal.sources.service.repositories import match_repositories
from portal.sources.service.runs import note_read
from tests.unit.managed import component, declare, declare_folder, make_tools, read

API = "/api/catalog"
LOCATION = "metadata.annotations.backstage.io/managed-by-location"
COMPUTED = json.loads((Path(__file__).parents[1] / "dropin/annotations.json").read_text("utf-8"))
EPHEMERAL = "metadata.annotations.plumbline.dev/ephemeral"
LIES = (
    "  annotations:\n    backstage.io/managed-by-location: url:https://lie.example/a.yaml\n"
    "    backstage.io/managed-by-origin-location: url:https://lie.example/\n"
    "    backstage.io/view-url: https://lie.example/view\n"
    "    backstage.io/edit-url: https://lie.example/edit\n"
    "    plumbline.dev/ephemeral: 'true'\n"
    "    backstage.io/source-location: url:https://code.example/crew/one/\n"
)


def ask(client, name):
    answer = client.get(f"{API}/entities/by-name/component/default/{name}")
    assert answer.status_code == 200
    return answer.get_json()["metadata"]


def names(client, query):
    found = client.get(f"{API}/entities?{query}&fields=metadata.name").get_json()
    return sorted(entity["metadata"]["name"] for entity in found)


@pytest.mark.parametrize(("address", "expected"), COMPUTED)
def test_annotations_are_what_backstage_computes(address, expected):
    place = make_place("s", "url", address, "")
    found = annotate({"metadata": {"name": "x"}}, place, place.name)
    assert found["metadata"]["annotations"] == expected


@pytest.mark.parametrize(
    ("address", "raw"),
    [
        (
            "https://github.com/o/r/blob/feature/x/a.yaml",
            "https://raw.githubusercontent.com/o/r/feature/x/a.yaml",
        ),
        ("https://github.acme.example/o/r/blob/main/a.yaml", "https://github.acme.example/o/r/raw/main/a.yaml"),
        ("https://gitlab.com/g/h/r/-/blob/main/a.yaml", "https://gitlab.com/g/h/r/-/raw/main/a.yaml"),
        ("https://bitbucket.org/o/r/src/main/a.yaml", "https://bitbucket.org/o/r/raw/main/a.yaml"),
        ("https://gitea.acme.example/o/r/src/branch/main/a.yaml", "https://gitea.acme.example/o/r/raw/branch/main/a.yaml"),
        ("https://raw.githubusercontent.com/o/r/blob/a.yaml", "https://raw.githubusercontent.com/o/r/blob/a.yaml"),
        ("https://files.example/o/r/blob/main/a.yaml", "https://files.example/o/r/blob/main/a.yaml"),
    ],
)  # fmt: skip
def test_a_page_is_read_as_the_file_it_shows(address, raw):
    assert find_raw_address(address) == raw


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/blob/main/"),
        ("git@github.com:o/r.git", "https://github.com/o/r/blob/main/"),
        ("https://gitlab.acme.example:8443/g/a%20b", "https://gitlab.acme.example:8443/g/a%20b/-/blob/main/"),
        ("ssh://git@gitlab.acme.example:2222/g/r", "https://gitlab.acme.example/g/r/-/blob/main/"),
        ("https://git.example/o/r.git", ""),
    ],
)  # fmt: skip
def test_files_of_a_repository_are_shown_where_it_is(address, base):
    assert make_file_url(parse_git_address(address), "main") == base


def test_what_a_file_says_of_its_place_is_not_repeated(database, client, tmp_path):
    text = component("one").replace("  name: one\n", f"  name: one\n{LIES}")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/catalog-info.yaml").write_text(text)
    number = declare_folder(database, tmp_path / "files", "crew")
    read(database, make_tools(tmp_path), number)
    assert ask(client, "one")["annotations"] == {
        "backstage.io/managed-by-location": "file:crew/catalog-info.yaml",
        "backstage.io/managed-by-origin-location": "file:crew",
        # Where the code is only its file may know; the others are about the file itself.
        "backstage.io/source-location": "url:https://code.example/crew/one/",
    }
    assert names(client, f"filter={LOCATION}=url:https://lie.example/a.yaml") == []
    assert names(client, f"filter={LOCATION}=file:crew/catalog-info.yaml") == ["one"]
    assert names(client, "filter=metadata.annotations.backstage.io/view-url") == []
    assert names(client, f"filter={EPHEMERAL}") == []
    stated = "metadata.annotations.backstage.io/source-location=url:https://code.example/crew/one/"
    assert names(client, f"filter={stated}") == ["one"]


def test_the_place_of_an_entity_follows_its_source(database, client, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a b.yaml").write_text(component("one"))
    declaration = Declaration("git", "git@github.com:harbour/gates.git")
    number = declare(database, "gates", declaration)
    Ingest(database, CLI, "gates").run([Folder.open(str(tmp_path))])
    before = ask(client, "one")
    assert before["annotations"] == {
        "backstage.io/managed-by-location": "file:gates/deep/a b.yaml",
        "backstage.io/managed-by-origin-location": "url:https://github.com/harbour/gates",
    }
    page = "https://github.com/harbour/gates/blob/main/"
    assert parse_git_address(declaration.address).host == "github.com"
    with database.unit(write=True) as session:
        note_read(session, CLI, number, version="1", served=0, file_url=page, now=utc_now())
    after = ask(client, "one")
    assert after["annotations"] == {
        "backstage.io/managed-by-location": f"url:{page}deep/a%20b.yaml",
        "backstage.io/managed-by-origin-location": "url:https://github.com/harbour/gates",
        "backstage.io/view-url": f"{page}deep/a%20b.yaml",
        "backstage.io/edit-url": "https://github.com/harbour/gates/edit/main/deep/a%20b.yaml",
        "backstage.io/source-location": "url:https://github.com/harbour/gates/tree/main/deep/",
    }
    assert before["etag"] != after["etag"]
    assert names(client, f"filter={LOCATION}=url:{page}deep/a%2520b.yaml") == ["one"]
    facet = client.get(f"{API}/entity-facets?facet=metadata.annotations.backstage.io/view-url")
    [counted] = facet.get_json()["facets"].values()
    assert counted == [{"value": f"{page}deep/a%20b.yaml", "count": 1}]
    listed = client.get(f"{API}/locations/by-entity/component/default/one").get_json()
    assert (listed["type"], listed["target"]) == ("url", "https://github.com/harbour/gates")


def test_ids_of_locations_stay_when_a_source_moves(database, client):
    declare(database, "gates", Declaration("url", "https://files.example/a.yaml"))
    [before] = client.get(f"{API}/locations").get_json()
    with database.unit(write=True) as session:
        held = session.scalars(select(Source.declaration)).one()
        moved = {**held, "address": "https://files.example/b.yaml"}
        session.execute(update(Source).values(declaration=moved))
    [after] = client.get(f"{API}/locations").get_json()
    assert before["data"]["id"] == after["data"]["id"]
    assert after["data"]["target"] == "https://files.example/b.yaml"


def test_a_repository_that_moves_moves_the_revision(database):
    host = Declaration("github", "https://api.github.com", organisation="harbour")
    number = declare(database, "harbour", host)

    def discover(branch):
        page = f"https://github.com/harbour/gates/blob/{branch}/"
        found = FoundRepository("1", "harbour/gates", branch, "stamp", page)
        with database.unit(write=True) as session:
            parent = session.get_one(Source, number)
            match_repositories(session, CLI, parent, found=[found], now=utc_now())
        with database.unit(write=False) as session:
            places = get_places(session)
            return places.revision, places.find("harbour/harbour/gates").origin

    first, _ = discover("main")
    same, _ = discover("main")
    moved, origin = discover("trunk")
    assert first == same < moved
    assert origin == "url:https://github.com/harbour/gates/blob/trunk/"


@pytest.fixture
def trial(database, tmp_path):
    """One entity that lasts and one that does not."""
    for name, terms in (("main", Terms()), ("branch", Terms(is_ephemeral=True))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text(component(name))
        Ingest(database, CLI, name, terms=terms).run([Folder.open(str(tmp_path / name))])
    with database.unit(write=False) as session:
        assert session.scalars(select(Entity.name).where(Entity.is_ephemeral)).all() == ["branch"]


def test_what_is_ephemeral_is_left_out_unless_asked_for(trial, client):
    assert names(client, "filter=kind=component") == ["main"]
    page = client.get(f"{API}/entities/by-query?filter=kind=component").get_json()
    assert page["totalItems"] == 1
    facets = client.get(f"{API}/entity-facets?facet=kind").get_json()["facets"]
    assert facets["kind"] == [{"value": "Component", "count": 1}]
    for asked in ({"$not": {"kind": "user"}}, {}, {"metadata.name": {"$hasPrefix": "b"}}):
        found = client.post(f"{API}/entities/by-query", json={"query": asked}).get_json()
        assert "branch" not in [item["metadata"]["name"] for item in found["items"]]
    assert names(client, f"filter={EPHEMERAL}=true") == ["branch"]
    facets = client.get(f"{API}/entity-facets?facet=kind&filter={EPHEMERAL}").get_json()["facets"]
    assert facets["kind"] == [{"value": "Component", "count": 1}]
    both = {"$any": [{EPHEMERAL: {"$exists": True}}, {EPHEMERAL: {"$exists": False}}]}
    found = client.post(f"{API}/entities/by-query", json={"query": both, "limit": 1}).get_json()
    assert found["totalItems"] == 2
    cursor = found["pageInfo"]["nextCursor"]
    rest = client.get(f"{API}/entities/by-query", query_string={"cursor": cursor}).get_json()
    seen = {item["metadata"]["name"] for item in (*found["items"], *rest["items"])}
    assert seen == {"main", "branch"}


def test_what_is_ephemeral_is_found_by_name(trial, client):
    found = ask(client, "branch")
    assert found["annotations"]["plumbline.dev/ephemeral"] == "true"
    assert "plumbline.dev/ephemeral" not in ask(client, "main")["annotations"]
    assert client.get(f"{API}/entities/by-uid/{found['uid']}").status_code == 200
    body = {"entityRefs": ["component:default/branch", "component:default/main"]}
    listed = client.post(f"{API}/entities/by-refs", json=body).get_json()["items"]
    assert [item["metadata"]["name"] for item in listed] == ["branch", "main"]
    listed = client.post(f"{API}/entities/by-refs?filter=kind=component", json=body).get_json()
    assert [item["metadata"]["name"] for item in listed["items"]] == ["branch", "main"]
