"""What was, what changed and what is gone, as pages and as JSON, and who may bring it back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.catalog.core.diffs import compare_fields, compare_lines
from portal.catalog.core.document_fields import Change
from portal.catalog.models import Entity
from portal.catalog.routes.block_yaml import write_blocks
from portal.catalog.service.editing import create_entity, delete_entity, edit_entity
from portal.catalog.service.entities import remove_entities
from portal.catalog.service.former_names import keep_former_name
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.managed import component
from tests.unit.test_home import sign_in

API = "/api/v1/entities/component/default"
PAGE = "/catalog/component/default"
TEAM = "group:default/checkout"


def test_two_states_are_compared_by_field_and_by_line():
    before = {"metadata": {"name": "a"}, "spec": {"definition": "one\ntwo\nthree", "owner": "x"}}
    after = {"metadata": {"name": "a"}, "spec": {"definition": "one\n2\nthree", "type": "service"}}
    fields = [(f.pointer, f.was_there, f.is_there) for f in compare_fields(before, after)]
    assert fields == [
        ("/spec/definition", True, True),
        ("/spec/owner", True, False),
        ("/spec/type", False, True),
    ]
    lines = compare_lines(write_blocks(before), write_blocks(after))
    assert [(line.sign, line.text.strip()) for line in lines if line.sign in "+-"] == [
        ("-", "two"),
        ("+", "2"),
        ("-", "owner: x"),
        ("+", "type: service"),
    ]
    assert compare_lines("a\n" * 3000, "b\n" * 3000) is None


class World:
    """The demo company, and a source of one file beside it that its owner looks after."""

    def __init__(self, database, folder) -> None:
        self.database, self.folder = database, folder / "files"
        self.folder.mkdir()
        self.times = [utc_now()]

    def ingest(self, **names):
        for path in self.folder.iterdir():
            path.unlink()
        for path, (name, owner) in names.items():
            text = component(name).replace("owner: crew", f"owner: {owner}")
            (self.folder / f"{path}.yaml").write_text(text)
        Ingest(self.database, CLI, "files", remove=True).run([Folder.open(str(self.folder))])
        self.times.append(utc_now())

    def rename(self):
        """Let an entity be made, given to another team, and called otherwise."""
        self.ingest(a=("till", "payments"))
        self.ingest(a=("till", "checkout"))
        self.ingest(a=("kiosk", "checkout"))

    def at(self, number):
        return self.times[number].isoformat().replace("+00:00", "Z")


@pytest.fixture
def world(demo_people, tmp_path):
    return World(demo_people, tmp_path)


def token_of(client, url):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).text)[1]


def test_history_follows_a_new_name_and_old_links_lead_on(app, client, world):
    world.rename()
    # Old links lead on, with what they asked for.
    for old, new in (
        (f"{PAGE}/till?tab=raw", f"{PAGE}/kiosk?tab=raw"),
        (f"{API}/till", f"{API}/kiosk"),
        (f"{PAGE}/till/history", f"{PAGE}/kiosk/history"),
        (f"{API}/till/history", f"{API}/kiosk/history"),
    ):
        answer = client.get(old)
        assert (answer.status_code, answer.location) == (308, new)
    assert "kiosk" in client.get("/search?q=till").text
    listed = client.get(f"{API}/kiosk/history").get_json()
    kinds = [(item["change"], item["old_ref"]) for item in listed["items"]]
    assert kinds == [
        ("renamed", "component:default/till"),
        ("updated", None),
        ("created", None),
    ]
    renamed, updated, created = (item["id"] for item in listed["items"])
    change = client.get(f"{API}/kiosk/history/{updated}").get_json()
    assert change["fields"] == [
        {"pointer": "/spec/owner", "before": "payments", "after": "checkout"}
    ]
    diff = client.get(f"{API}/kiosk/diff?from={created}&to=now").get_json()
    assert [field["pointer"] for field in diff["fields"]] == ["/metadata/name", "/spec/owner"]
    page = client.get(f"{PAGE}/kiosk?tab=history").text
    for words in ("renamed", "component:default/till", "a.yaml:", "owner", "Compare the two"):
        assert words in page
    compared = client.get(f"{PAGE}/kiosk/history/diff?from={created}&to={renamed}").text
    assert "name: kiosk" in compared
    assert "owner: payments" in compared
    assert client.get(f"{API}/kiosk/history/{updated + 1000}").status_code == 404
    assert client.get(f"{PAGE}/never/history").status_code == 404
    assert client.get(f"{API}/kiosk/diff?from=0").status_code == 422


def test_a_team_with_a_new_name_is_found_by_its_old_link(client, world):
    for name in ("tills", "counters"):
        text = component(name).replace("Component", "Group").partition("spec:")[0]
        world.folder.joinpath("team.yaml").write_text(
            f"{text}spec:\n  type: team\n  children: []\n"
        )
        Ingest(world.database, CLI, "files").run([Folder.open(str(world.folder))])
    answer = client.get("/teams/default/tills?reach=all")
    assert (answer.status_code, answer.location) == (308, "/teams/default/counters?reach=all")
    assert client.get(answer.location).status_code == 200
    # A name that was kept after a removal leads on too, and does not tell of the removal.
    old, new = "group:default/counters", "group:default/checkout"
    with world.database.unit(write=True) as session:
        remove_entities(session, CLI, [old], run_id=0, now=utc_now())
        keep_former_name(session, CLI, old, new=new, now=utc_now())
    for path in ("/catalog/group/default/counters", "/catalog/group/default/counters/history"):
        assert client.get(path).location == path.replace("counters", "checkout")


def test_an_entity_is_shown_as_it_was(app, client, world):
    world.rename()
    past = client.get(f"{API}/kiosk?at={world.at(1)}").get_json()
    assert (past["metadata"]["name"], past["spec"]["owner"]) == ("till", "payments")
    assert {"type": "ownedBy", "targetRef": "group:default/payments"} in past["relations"]
    page = client.get(f"{PAGE}/kiosk?at={world.at(2)}").text
    assert "As it was at" in page
    assert "It was called <code>component:default/till</code> then" in page
    assert '/retire"' not in page
    assert "/star" not in page
    assert client.get(f"{API}/kiosk?at={world.at(0)}").status_code == 404
    absent = client.get(f"{PAGE}/kiosk?at={world.at(0)}")
    assert (absent.status_code, "It is there since" in absent.text) == (404, True)
    tomorrow = (utc_now() + timedelta(days=1)).date().isoformat()
    for text in (tomorrow, "yesterday", "2026-13-01"):
        assert client.get(f"{PAGE}/kiosk?at={text}").status_code == 422
        assert client.get(f"{API}/kiosk?at={text}").status_code == 422
    # Whoever takes the old name ends its redirect, and has no past of another.
    world.ingest(a=("kiosk", "checkout"), b=("till", "payments"))
    assert client.get(f"{API}/till").status_code == 200
    fresh = client.get(f"{API}/till/history").get_json()["items"]
    assert [item["change"] for item in fresh] == ["created"]
    assert len(client.get(f"{API}/kiosk/history").get_json()["items"]) == 3


def test_a_removed_entity_comes_back_and_stays(app, client, world, database):
    ref = f"{PAGE}/till"
    world.ingest(a=("till", "checkout"))
    world.ingest()
    gone = client.get(ref)
    assert gone.status_code == 404
    assert "no file of" in gone.text
    assert "Bring it back" not in gone.text
    assert client.get(f"{ref}/history").status_code == 200
    assert "till" in client.get("/catalog/removed").text
    assert client.get("/api/v1/removed").get_json()["items"][0]["owner"] == TEAM
    stranger, owner = sign_in(app, "demo-member"), sign_in(app, "demo-owner")
    token = token_of(stranger, f"{PAGE}/checkout-service")
    assert stranger.post(f"{ref}/restore", data={"csrf_token": token}).status_code == 403
    assert "its owner may" in stranger.get("/catalog/removed").text
    assert owner.get(ref).text.count("Bring it back") == 1
    answer = owner.post(f"{ref}/restore", data={"csrf_token": token_of(owner, ref)})
    assert (answer.status_code, answer.location) == (303, ref)
    again = owner.post(f"{ref}/restore", data={"csrf_token": token_of(owner, ref)})
    assert again.status_code == 404
    # Its source leaves it alone until a file defines it again, and takes it then.
    world.ingest()
    assert client.get(ref).status_code == 200
    assert "brought back by hand" in client.get(ref).text
    world.ingest(b=("till", "checkout"))
    assert "brought back by hand" not in client.get(ref).text
    world.ingest()
    assert client.get(ref).status_code == 404
    with database.unit(write=False) as session:
        acts = select(AuditEntry.action).where(AuditEntry.subject == "component:default/till")
        assert session.scalars(acts).all() == ["catalog.restore"]


def test_what_changed_is_told_by_team_and_by_run(app, client, world, database):
    world.ingest(a=("till", "checkout"))
    listed = client.get("/api/v1/changes").get_json()["items"]
    assert (listed[0]["source"], listed[0]["count"]) == ("files", 1)
    with database.unit(write=False) as session:
        count = len(session.scalars(select(Entity.ref).where(Entity.source == "demo")).all())
    assert (listed[1]["source"], listed[1]["change"], listed[1]["count"]) == (
        "demo",
        "created",
        count,
    )
    page = client.get("/catalog/changes").text
    assert f"{count} entries created" in page
    link = re.search(r'href="(/catalog/changes\?[^"]*each=yes[^"]*)"', page)[1]
    assert "see change" in client.get(link.replace("&amp;", "&")).text
    mine = sign_in(app, "demo-owner").get("/api/v1/changes?mine=yes&each=yes&limit=200").get_json()
    owners = {item["owner"] for line in mine["items"] for item in line["items"]}
    assert owners == {TEAM}
    # A team's changes are those of the teams below it too, and what it lost.
    world.ingest(a=("till", "payments"))
    for query in ("owner=checkout", "owner=payments", "source=files&change=updated"):
        found = client.get(f"/api/v1/changes?{query}").get_json()["items"]
        assert found[0]["items"][0]["ref"] == "component:default/till"
    assert "till" in client.get("/catalog/changes?owner=checkout").text
    parent = client.get("/api/v1/changes?owner=buyer-experience&each=yes&limit=200").get_json()[
        "items"
    ]
    assert TEAM in {item["owner"] for line in parent for item in line["items"]}
    first = client.get("/api/v1/changes?each=yes&limit=1").get_json()
    second = client.get(f"/api/v1/changes?each=yes&limit=1&cursor={first['next_cursor']}")
    assert second.get_json()["items"][0]["items"][0]["id"] < first["items"][0]["items"][0]["id"]
    assert client.get("/catalog/changes?since=soon").status_code == 422
    assert client.get("/catalog/changes?change=x").status_code == 422
    assert "What changed in your teams" in sign_in(app, "demo-owner").get("/").text
    assert f"/catalog/changes?owner={TEAM}" in client.get("/teams/default/checkout").text


def test_what_was_made_here_is_renamed_by_its_owner(app, client, world, database):
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "kiosk"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "checkout"},
    }
    with database.unit(write=True) as session:
        create_entity(session, CLI, document, now=utc_now())
    owner, stranger = sign_in(app, "demo-owner"), sign_in(app, "demo-member")
    assert stranger.get(f"{PAGE}/kiosk/rename").status_code == 403
    assert "Rename" in owner.get(f"{PAGE}/kiosk").text
    assert owner.get(f"{PAGE}/checkout-service/rename").status_code == 409
    form = {"csrf_token": token_of(owner, f"{PAGE}/kiosk/rename")}
    for name, words in (("checkout-service", "exists already"), ("no good", "no good"), ("", "")):
        answer = owner.post(f"{PAGE}/kiosk/rename", data={**form, "name": name})
        assert answer.status_code == 422
        assert words in answer.text
    stale = owner.post(f"{PAGE}/kiosk/rename", data={**form, "name": "booth", "version": "1"})
    assert stale.status_code == 409
    answer = owner.post(f"{PAGE}/kiosk/rename", data={**form, "name": "booth"})
    assert (answer.status_code, answer.location) == (303, f"{PAGE}/booth")
    assert client.get(f"{PAGE}/kiosk").location == f"{PAGE}/booth"
    changes = [Change("/metadata/title", "Booth")]
    with database.unit(write=True) as session:
        ref = "component:default/booth"
        edit_entity(session, CLI, ref, changes=changes, version=None, now=utc_now())
        delete_entity(session, CLI, ref, version=None, now=utc_now())
    assert "cli" in client.get(f"{PAGE}/booth").text
    assert client.get(f"{PAGE}/kiosk", follow_redirects=True).status_code == 404
    page = client.get(f"{PAGE}/booth/history").text
    for words in ("removed", "edited", "renamed", "created"):
        assert words in page
