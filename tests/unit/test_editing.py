"""Fields changed by people: over files, in place, refused, and when two change the same thing."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.auth.core.decisions import make_actor
from portal.catalog.core.document_fields import (
    Blocked,
    Change,
    apply_changes,
    find_changes,
    list_changed,
)
from portal.catalog.models import CatalogProblem, Entity, EntityOverlay, EntityRelation
from portal.catalog.queries.history import list_revisions
from portal.catalog.service.editing import (
    Changed,
    create_entity,
    delete_entity,
    edit_entity,
    remove_overlays,
)
from portal.errors import Conflict, Forbidden, InvalidInput
from portal.infra.work import Work
from portal.sources.flows.ingesting import Ingest
from tests.unit.managed import component, declare_folder, make_tools, read

SHOP = "component:default/shop"
DOCUMENT = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "till", "annotations": {"a.b/c": "1"}},
    "spec": {"type": "service", "lifecycle": "production", "owner": "crew"},
}


def actor(*teams: str, role: str = "member"):
    return make_actor(
        "p1", role, account_id=1, label="Pat", teams=dict.fromkeys(teams, "member"), why_role="test"
    )


OWNER, STRANGER = actor("group:default/crew"), actor("group:default/others")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([Change("/spec/owner", "x")], {"spec": {**DOCUMENT["spec"], "owner": "x"}}),
        (
            [Change("/metadata/annotations/a.b~1c", is_removal=True)],
            {"metadata": {"name": "till"}},
        ),
        (
            [Change("/metadata/labels/tier", "1")],
            {"metadata": {**DOCUMENT["metadata"], "labels": {"tier": "1"}}},
        ),
        ([Change("/metadata/tags", is_removal=True)], {}),
    ],
)
def test_changes_are_made_and_found_again(changes, expected):
    changed = apply_changes(DOCUMENT, changes)
    assert changed == {**DOCUMENT, **expected}
    assert apply_changes(DOCUMENT, find_changes(DOCUMENT, changed)) == changed
    assert apply_changes(changed, find_changes(changed, DOCUMENT)) == DOCUMENT


def test_what_changed_is_named_by_pointer():
    after = apply_changes(
        DOCUMENT, [Change("/spec/owner", "x"), Change("/metadata/a~1b", value=True)]
    )
    assert list_changed(DOCUMENT, after) == ["/metadata/a~1b", "/spec/owner"]
    assert list_changed({"a": 1}, {"a": True}) == ["/a"]
    with pytest.raises(Blocked, match="/spec/owner"):
        apply_changes(DOCUMENT, [Change("/spec/owner/deep", 1)])


class World:
    """One source on disk with a service in it, and a team."""

    def __init__(self, database, folder) -> None:
        self.database, self.folder, self.tools = database, folder, make_tools(folder)
        (folder / "files").mkdir()
        self.write(owner="crew")
        self.source = declare_folder(database, folder / "files", "files")
        read(database, self.tools, self.source)
        with database.unit(write=True) as session:
            for name in ("crew", "others"):
                group = {"type": "team", "children": []}
                document = {**DOCUMENT, "kind": "Group", "metadata": {"name": name}, "spec": group}
                create_entity(session, CLI, document, now=self.now())

    def now(self):
        from portal.infra.clock import utc_now  # noqa: PLC0415 one place

        return utc_now()

    def write(self, **spec):
        spec = {key: value for key, value in spec.items() if value}
        text = component("shop").replace("  owner: crew\n", "")
        lines = "".join(f"  {key}: {value}\n" for key, value in spec.items())
        (self.folder / "files" / "shop.yaml").write_text(text + lines)

    def read(self, **spec):
        self.write(**spec)
        read(self.database, self.tools, self.source)

    def edit(self, who, *changes, version=None):
        with self.database.unit(write=True) as session:
            return edit_entity(session, who, SHOP, changes=changes, version=version, now=self.now())

    def entity(self, ref=SHOP):
        with self.database.unit(write=False) as session:
            return session.scalar(select(Entity).where(Entity.ref == ref))

    def list(self, column):
        with self.database.unit(write=False) as session:
            return list(session.scalars(select(column)))


@pytest.fixture
def world(database, tmp_path):
    return World(database, tmp_path)


def test_an_overlay_outlives_its_file_until_the_file_says_the_same(world):
    world.edit(OWNER, Change("/spec/lifecycle", "deprecated"), Change("/metadata/title", "Shop"))
    world.read(owner="crew", system="s")
    shop = world.entity()
    assert (shop.lifecycle, shop.title, shop.system) == ("deprecated", "Shop", "system:default/s")
    assert shop.base["spec"]["lifecycle"] == "production"
    assert "title" not in shop.base["metadata"]
    text = (world.folder / "files" / "shop.yaml").read_text()
    text = text.replace("lifecycle: production", "lifecycle: deprecated")
    (world.folder / "files" / "shop.yaml").write_text(text)
    read(world.database, world.tools, world.source)
    assert world.list(EntityOverlay.pointer) == ["/metadata/title"]
    assert world.entity().title == "Shop"


def test_an_overlay_that_does_not_fit_any_more_is_left_out_and_said_so(world):
    world.edit(OWNER, Change("/spec/extra/deep", "x"))
    world.read(owner="crew", extra="plain")
    assert world.entity().document["spec"]["extra"] == "plain"
    assert "overlay" in world.list(CatalogProblem.rule)
    world.read(owner="crew")
    assert world.entity().document["spec"]["extra"] == {"deep": "x"}
    assert "overlay" not in world.list(CatalogProblem.rule)


def test_overlays_are_taken_away(world):
    world.edit(OWNER, Change("/spec/lifecycle", "deprecated"), Change("/metadata/title", "Shop"))
    with world.database.unit(write=True) as session:
        remove_overlays(
            session, OWNER, SHOP, pointers=["/spec/lifecycle"], version=None, now=world.now()
        )
    shop = world.entity()
    assert (shop.lifecycle, shop.title) == ("production", "Shop")
    with world.database.unit(write=True) as session:
        remove_overlays(
            session, OWNER, SHOP, pointers=["/metadata/title"], version=None, now=world.now()
        )
    assert world.entity().base is None


def test_who_may_not_changes_nothing(world):
    for change in (
        lambda s: edit_entity(
            s,
            STRANGER,
            SHOP,
            changes=[Change("/metadata/title", "X")],
            version=None,
            now=world.now(),
        ),
        lambda s: remove_overlays(s, STRANGER, SHOP, pointers=[], version=None, now=world.now()),
        # An owner may not give away what others then answer for.
        lambda s: edit_entity(
            s, OWNER, SHOP, changes=[Change("/spec/owner", "others")], version=None, now=world.now()
        ),
        lambda s: create_entity(s, STRANGER, DOCUMENT, now=world.now()),
        lambda s: create_entity(
            s, actor("group:default/crew", role="viewer"), DOCUMENT, now=world.now()
        ),
    ):
        with pytest.raises(Forbidden), world.database.unit(write=True) as session:
            change(session)
    assert world.list(EntityOverlay.pointer) == []
    assert (world.entity().title, world.entity("component:default/till")) == (None, None)
    world.edit(actor("group:default/crew", "group:default/others"), Change("/spec/owner", "others"))
    assert world.entity().owner == "group:default/others"


def test_two_who_change_at_once_lose_nothing(world):
    version = world.entity().revision
    later = world.edit(OWNER, Change("/metadata/title", "First"), version=version)
    with pytest.raises(Changed) as caught:
        world.edit(OWNER, Change("/metadata/title", "Second"), version=version)
    assert caught.value.revision == later == world.entity().revision
    assert world.entity().title == "First"


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (Change("/metadata/name", "x"), "/metadata/name", "identity"),
        (Change("/kind", "API"), "/kind", "pointer"),
        (Change("/other/x", "API"), "/other/x", "open"),
        (Change("spec.owner", "x"), "spec.owner", "pointer"),
        (Change("/spec/owner", "nobody-there"), "ownedBy", "known"),
        (Change("/spec/dependsOn", ["component:nothing"]), "dependsOn", "known"),
        (Change("/spec/owner", is_removal=True), "spec.owner", "required"),
        (Change("/metadata/tags", ["Not a tag"]), "metadata.tags[0]", "tag"),
        (Change("/metadata/title", "\0"), "/metadata/title", "character"),
    ],
)
def test_what_is_refused_names_field_and_rule_and_changes_nothing(world, change, field, rule):
    before = world.entity().digest
    with pytest.raises(InvalidInput) as caught:
        world.edit(CLI, change)
    assert [(p.field, p.rule, bool(p.fix)) for p in caught.value.problems] == [(field, rule, True)]
    assert world.entity().digest == before
    assert world.list(EntityOverlay.pointer) == []


def test_what_is_made_in_the_portal_is_changed_in_place_and_put_on_record(world):
    with world.database.unit(write=True) as session:
        ref = create_entity(session, OWNER, DOCUMENT, now=world.now())
        with pytest.raises(InvalidInput, match="exists already"):
            create_entity(session, OWNER, DOCUMENT, now=world.now())
        changes = [Change("/spec/dependsOn", [SHOP])]
        edit_entity(session, OWNER, ref, changes=changes, version=None, now=world.now())
    till = world.entity(ref)
    assert (till.source, till.base, till.document["spec"]["dependsOn"]) == ("portal", None, [SHOP])
    with world.database.unit(write=False) as session:
        held = EntityRelation.source == ref, EntityRelation.type == "dependsOn"
        assert session.scalars(select(EntityRelation.target).where(*held)).all() == [SHOP]
    with world.database.unit(write=True) as session:
        delete_entity(session, OWNER, ref, version=till.revision, now=world.now())
    with pytest.raises(Conflict, match=r"shop\.yaml"), world.database.unit(write=True) as session:
        delete_entity(session, OWNER, SHOP, version=None, now=world.now())
    with world.database.unit(write=False) as session:
        changes = [(r.change, r.actor, r.fields) for r in list_revisions(session, ref, limit=9)]
        acts = session.execute(
            select(AuditEntry.action, AuditEntry.before, AuditEntry.after)
            .where(AuditEntry.subject == ref)
            .order_by(AuditEntry.id)
        ).all()
    assert changes == [
        ("removed", "p1", []),
        ("edited", "p1", ["/spec/dependsOn"]),
        ("created", "p1", []),
    ]
    assert [act.action for act in acts] == ["catalog.create", "catalog.edit", "catalog.remove"]
    assert (acts[1].before, acts[1].after) == ({}, {"/spec/dependsOn": [SHOP]})


def test_rights_are_worked_out_anew_when_teams_are_changed_here(world):
    def count():
        with world.database.unit(write=True) as session:
            rows = session.execute(delete(Work).returning(Work.topic)).scalars().all()
        return rows.count("catalog.people_changed")

    count()
    world.edit(OWNER, Change("/metadata/title", "Shop"))
    assert count() == 0
    with world.database.unit(write=True) as session:
        changes = [Change("/metadata/title", "The crew")]
        crew = "group:default/crew"
        edit_entity(session, CLI, crew, changes=changes, version=None, now=world.now())
    assert count() == 1
    with world.database.unit(write=True) as session:
        delete_entity(session, CLI, "group:default/others", version=None, now=world.now())
    assert count() == 1


def test_no_source_is_called_as_the_portal_itself(world):
    for name in ("portal", "Portal"):
        with pytest.raises(InvalidInput, match="made in the portal"):
            declare_folder(world.database, world.folder / "more", name)
        with pytest.raises(InvalidInput, match="made in the portal"):
            Ingest(world.database, CLI, name).run([])
