"""Retiring: who may, who would miss it, the name that is kept, and the way back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.core.decisions import make_actor
from portal.catalog.core.document_fields import Change
from portal.catalog.models import CatalogProblem, Entity, EntityOverlay, RetiredEntity
from portal.catalog.queries.history import list_revisions
from portal.catalog.service.editing import create_entity, edit_entity
from portal.catalog.service.removals import forget_removed
from portal.catalog.service.retiring import bring_back, retire_entity
from portal.errors import Conflict, Forbidden, InvalidInput, NotFound
from portal.infra.clock import utc_now
from tests.unit.managed import component, declare_folder, make_tools, read

SHOP, TILL = "component:default/shop", "component:default/till"


def actor(team: str):
    return make_actor(
        "p1", "member", account_id=1, label="Pat", teams={team: "member"}, why_role="test"
    )


OWNER, STRANGER = actor("group:default/crew"), actor("group:default/others")


class World:
    def __init__(self, database, folder) -> None:
        self.database, self.tools = database, make_tools(folder)
        self.file = folder / "files" / "all.yaml"
        self.file.parent.mkdir()
        self.file.write_text(component("shop") + component("till", dependsOn="[component:shop]"))
        self.source = declare_folder(database, self.file.parent, "files")
        self.read()

    def read(self):
        read(self.database, self.tools, self.source)

    def write(self, act):
        with self.database.unit(write=True) as session:
            return act(session)

    def retire(self, who=OWNER, ref=SHOP, **more):
        options = {"reason": "Replaced", "despite_dependents": True, "version": None, **more}
        self.write(lambda s: retire_entity(s, who, ref, **options, now=utc_now()))

    def list(self, column, *conditions):
        with self.database.unit(write=False) as session:
            return list(session.scalars(select(column).where(*conditions)))


@pytest.fixture
def world(database, tmp_path):
    return World(database, tmp_path)


def test_what_is_refused_changes_nothing(world):
    with pytest.raises(Forbidden):
        world.retire(STRANGER)
    with pytest.raises(Conflict, match="1 still stand"):
        world.retire(despite_dependents=False)
    with pytest.raises(Conflict, match="changed since"):
        world.retire(version=0)
    with pytest.raises(InvalidInput):
        world.retire(reason="")
    with pytest.raises(NotFound):
        world.retire(ref="component:default/none")
    with pytest.raises(NotFound):
        world.write(lambda s: bring_back(s, CLI, SHOP, now=utc_now()))
    assert world.list(RetiredEntity.ref) == []
    assert sorted(world.list(Entity.ref)) == [SHOP, TILL]


def test_a_retired_name_is_kept_from_files_and_people(world):
    changes = [Change("/metadata/title", "Shop")]
    world.write(lambda s: edit_entity(s, OWNER, SHOP, changes=changes, version=None, now=utc_now()))
    world.retire()
    world.file.write_text(world.file.read_text() + "# read me again\n")
    world.read()
    assert world.list(Entity.ref) == [TILL]
    assert world.list(CatalogProblem.ref, CatalogProblem.rule == "retired") == [SHOP]
    told = world.list(CatalogProblem.message, CatalogProblem.rule == "dangling")
    assert f"`{SHOP}` was retired." in told
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "shop"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "crew"},
    }
    with pytest.raises(InvalidInput, match="name is kept"):
        world.write(lambda s: create_entity(s, CLI, document, now=utc_now()))
    world.write(lambda s: forget_removed(s, utc_now()))
    with pytest.raises(Forbidden):
        world.write(lambda s: bring_back(s, STRANGER, SHOP, now=utc_now()))
    world.write(lambda s: bring_back(s, OWNER, SHOP, now=utc_now()))
    assert world.list(Entity.title, Entity.ref == SHOP) == ["Shop"]
    assert world.list(EntityOverlay.ref) == [SHOP]
    world.read()
    assert sorted(world.list(Entity.ref)) == [SHOP, TILL]
    assert world.list(CatalogProblem.ref, CatalogProblem.rule == "retired") == []
    with world.database.unit(write=False) as session:
        words = [row.change for row in list_revisions(session, SHOP, limit=9)]
    assert words == ["brought_back", "retired", "edited", "created"]


def test_pages_and_json_of_what_is_retired(world, client, app):
    world.retire()
    page = client.get("/catalog/component/default/shop")
    assert page.status_code == 200
    assert "Replaced" in page.text
    assert "Bring it back" not in page.text
    assert "component:default/shop" in client.get("/catalog/retired").text
    [item] = client.get("/api/v1/retired").json["items"]
    assert (item["ref"], item["reason"], item["owner"]) == (SHOP, "Replaced", "group:default/crew")
    assert client.get("/api/v1/entities/component/default/shop").status_code == 404
    for path in ("/retire", "/bring-back"):
        assert client.post(f"/catalog/component/default/till{path}").status_code in (400, 401, 403)
        answer = client.post(f"/api/v1/entities/component/default/till{path}", json={"reason": "x"})
        assert answer.status_code == 401
    assert client.get("/catalog/component/default/till/retire").status_code in (302, 303, 401)
    assert world.list(Entity.ref) == [TILL]
