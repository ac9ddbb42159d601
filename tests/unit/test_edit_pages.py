"""Editing and registering from outside: pages, JSON, two at once, and who may not."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.catalog.models import Entity, EntityOverlay
from portal.infra.work.tables import Work
from tests.unit.edit_pages import SHOP_PAGE, Person, World
from tests.unit.managed import component, read
from tests.unit.test_sign_in import make_token

CREW, OTHERS = "group:default/crew", "group:default/others"
SHOP = "/api/v1/entities/component/default/shop"
EDIT = f"{SHOP_PAGE}/edit"


@pytest.fixture
def world(database, tmp_path):
    return World(database, tmp_path)


@pytest.fixture
def owner(app, world, database):
    return Person(app, database, "olga", CREW)


def test_an_owner_lays_fields_over_a_file_and_takes_them_away(world, owner, client):
    data, page = owner.open(EDIT)
    assert "Set in the portal" in page
    assert "shop.yaml" in page
    assert owner.send(EDIT, data).location == SHOP_PAGE
    assert world.list(EntityOverlay.pointer) == []
    sent = owner.send(
        EDIT, data, title="Shop", tags="go", co_owners=["others"], contact_on_call="#shop"
    )
    assert sent.status_code == 303
    answer = client.get(SHOP).get_json()
    assert answer["metadata"]["tags"] == ["go"]
    assert answer["co_owners"] == [OTHERS]
    assert answer["contacts"] == [{"role": "on-call", "form": "channel", "value": "#shop"}]
    page = owner.client.get(SHOP_PAGE).text
    assert "Set in the portal by olga" in page
    for told in ("Co-owners", "#shop", "set here"):
        assert told in page
    # Nothing counts for co-owners.
    assert client.get(f"/api/v1/entities?owner={OTHERS}&kind=component").get_json()["total"] == 0
    fields = client.get(f"{SHOP}/fields").get_json()
    found = {f["pointer"]: f for f in fields["fields"]}
    assert found["/metadata/title"]["origin"] == "overlay"
    assert "file_value" not in found["/metadata/title"]
    assert found["/spec/owner"]["origin"] == "file"
    data, page = owner.open(f"{SHOP_PAGE}?tab=fields")
    assert "Take away" in page
    sent = {"csrf_token": dict(data)["csrf_token"], "version": str(world.entity().revision)}
    answer = owner.send(f"{SHOP_PAGE}/take-away", sent, pointer="/metadata/title")
    assert answer.status_code == 303
    data, _ = owner.open(EDIT)
    owner.send(EDIT, data, add=[("drop", "/metadata/tags")])
    left = sorted(world.list(EntityOverlay.pointer))
    assert left == [
        "/metadata/annotations/plumbline.dev~1co-owners",
        "/metadata/annotations/plumbline.dev~1contact-on-call",
    ]


def test_two_at_one_form_lose_nothing(app, world, owner, database):
    admin = Person(app, database, "ada", role="admin")
    mine, _ = owner.open(EDIT)
    theirs, _ = admin.open(EDIT)
    admin.send(EDIT, theirs, title="Theirs", lifecycle="deprecated")
    answer = owner.send(EDIT, mine, title="Mine", description="My words")
    assert answer.status_code == 409
    for told in ("You both changed this", "by ada", "Theirs", 'value="Mine"', "My words"):
        assert told in answer.text
    again = owner.open_text(answer.text)
    assert dict(again)["lifecycle"] == "deprecated"
    # A third change meanwhile is told as well, and what was typed is still there.
    theirs, _ = admin.open(EDIT)
    admin.send(EDIT, theirs, description="Third")
    answer = owner.send(EDIT, again)
    assert answer.status_code == 409
    assert "Third" in answer.text
    last = owner.open_text(answer.text)
    assert owner.send(EDIT, last, add=[("take", "description")]).status_code == 303
    shop = world.entity()
    assert (shop.title, shop.description, shop.lifecycle) == ("Mine", "Third", "deprecated")
    # Where only the line in the file moved, nobody is asked anything.
    data, _ = owner.open(EDIT)
    file = world.folder / "files" / "shop.yaml"
    file.write_text(f"# moved\n{file.read_text()}")
    read(world.database, world.tools, world.source)
    assert world.entity().revision > shop.revision
    assert owner.send(EDIT, data, title="Moved").status_code == 303


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(world, owner):
    data, _ = owner.open(EDIT)
    answer = owner.send(
        EDIT,
        data,
        title="Kept",
        depends_on=["shopp", "component:nowhere"],
        tags="Not!",
        labels="x",
        **{"links.url": ["no address", ""]},
    )
    assert answer.status_code == 422
    for told in ('value="Kept"', "Did you mean", "component:default/shop", "key=value", "Not!"):
        assert told in answer.text
    assert answer.text.count('class="field__error"') == 4
    answer = owner.send(EDIT, data, tags="Not!", **{"links.url": ["no address", ""]})
    assert answer.status_code == 422
    assert answer.text.count('class="field__error"') == 2
    answer = owner.send(EDIT, data, owner="others", title="Kept")
    assert answer.status_code == 403
    assert 'value="Kept"' in answer.text
    more = owner.send(EDIT, data, act="more", title="Kept")
    assert more.status_code == 200
    assert more.text.count('name="links.url"') > owner.client.get(EDIT).text.count('"links.url"')
    assert world.list(EntityOverlay.pointer) == []
    assert owner.send(EDIT, data, version="x").status_code == 422


def test_who_may_not_sees_no_button_and_changes_nothing(app, world, owner, database):
    data, _ = owner.open(EDIT)
    stranger = Person(app, database, "sven", OTHERS)
    page = stranger.client.get(SHOP_PAGE).text
    assert EDIT not in page
    assert EDIT in owner.client.get(SHOP_PAGE).text
    assert stranger.client.get(EDIT).status_code == 403
    own, _ = stranger.open("/catalog/register")
    token = dict(own)["csrf_token"]
    for path in ("edit", "take-away", "remove", "take-over"):
        sent = {**dict(data), "csrf_token": token, "pointer": "/spec/type"}
        keep = ("csrf_token", "version", *(["pointer"] if path == "take-away" else []))
        sent = sent if path == "edit" else {name: sent[name] for name in keep}
        assert stranger.client.post(f"{SHOP_PAGE}/{path}", data=sent).status_code == 403, path
    assert owner.client.post(EDIT, data={"title": "forged"}).status_code == 400
    assert stranger.send("/catalog/register", own, name="x", owner="crew").status_code == 403
    assert app.test_client().get(EDIT).status_code == 303
    assert world.list(EntityOverlay.pointer) == []
    assert len(world.list(Entity.ref)) == 3


def test_a_service_is_registered_and_removed(world, owner, client):
    page = "/catalog/register"
    data, _ = owner.open(page)
    assert dict(data)["owner"] == "crew"
    git = "https://github.com/Larkmoor/till"
    answer = owner.send(page, data, name="Till It", repository="nowhere", system="none")
    assert answer.status_code == 422
    assert owner.send(page, data, name="shop").status_code == 422
    answer = owner.send(page, data, name="till", repository=git, tier="1", **{"class": "worker"})
    assert answer.location == "/catalog/component/default/till"
    found = client.get(f"/api/v1{answer.location.replace('/catalog', '/entities')}").get_json()
    assert found["metadata"]["annotations"]["github.com/project-slug"] == "Larkmoor/till"
    assert found["spec"]["type"] == "worker"
    text = owner.client.get(answer.location).text
    assert "Next steps" in text
    again = owner.send(page, data, name="till-two", repository=f"{git}.git")
    assert again.status_code == 409
    assert "/catalog/component/default/till" in again.text
    sent = owner.send(page, data, name="till-two", repository=git, add=[("second", "yes")])
    assert sent.status_code == 303
    data, text = owner.open("/catalog/component/default/till/remove")
    assert "brought back" in text
    assert owner.send("/catalog/component/default/till/remove", data).status_code == 303
    assert client.get("/catalog/component/default/till").status_code == 404
    assert owner.client.get(f"{SHOP_PAGE}/remove").status_code == 409


def test_entities_are_made_changed_and_removed_over_http(world, owner, client):
    key = make_token(world.database, "olga", "catalog:read", "catalog:write")
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "till"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "crew"},
    }
    made = client.post("/api/v1/entities", json=document, headers=key)
    assert made.status_code == 201
    url, version = made.location, made.get_json()["version"]
    assert client.get(url).get_json()["version"] == version
    changes = [{"pointer": "/metadata/title", "value": "Till"}]
    patched = client.patch(url, json={"version": version, "changes": changes}, headers=key)
    assert patched.status_code == 200
    late = client.patch(url, json={"version": version, "changes": changes}, headers=key)
    assert late.status_code == 409
    assert late.get_json()["version"] == patched.get_json()["version"] > version
    for wrong in (
        [{"pointer": "/metadata/title"}],
        [{"pointer": "/spec/owner", "remove": True}],
        [{"pointer": "nothing", "value": 1}],
        [],
    ):
        answer = client.patch(url, json={"changes": wrong}, headers=key)
        assert answer.status_code == 422, wrong
        assert answer.get_json()["errors"][0]["fix"]
    assert client.patch(SHOP, json={"changes": changes}, headers=key).status_code == 200
    assert client.delete(SHOP, headers=key).status_code == 409
    path = f"{SHOP}/overlays?pointer=/metadata/title"
    assert client.delete(path, headers=key).status_code == 200
    assert world.list(EntityOverlay.pointer) == []
    assert client.delete(url, headers=key).get_json()["status"] == "removed"
    assert client.get(url).status_code == 404
    assert client.patch(url, json={"changes": changes}, headers=key).status_code == 404


@pytest.mark.parametrize("keep", ["yes", ""])
def test_a_file_takes_over_what_was_registered(world, owner, keep):
    register, till = "/catalog/register", "/catalog/component/default/till"
    data, _ = owner.open(register)
    owner.send(register, data, name="till", tier="1", **{"class": "worker"})
    assert "A file now defines this" not in owner.client.get(till).text
    (world.folder / "files" / "till.yaml").write_text(component("till"))
    read(world.database, world.tools, world.source)
    assert "A file now defines this" in owner.client.get(till).text
    data, _ = owner.open(f"{till}/take-over")
    assert owner.send(f"{till}/take-over", data, keep=keep).status_code == 303
    assert owner.client.get(till).status_code == 404
    assert world.list(Work.topic)
    read(world.database, world.tools, world.source)
    ref = "component:default/till"
    found = world.entity(ref)
    assert found.source == "files"
    assert (found.type, found.tier) == (("worker", 1) if keep else ("service", None))
    with world.database.unit(write=False) as session:
        overlays = select(EntityOverlay.pointer).where(EntityOverlay.ref == ref)
        assert sorted(session.scalars(overlays)) == (
            ["/metadata/annotations/plumbline.dev~1tier", "/spec/type"] if keep else []
        )


def test_names_are_offered_as_one_types(world, owner):
    text = owner.client.get("/catalog/offers?kind=group&kind=user&default=group&q=CRE").text
    assert 'value="crew"' in text
    assert "others" not in text
    assert 'value="component:shop"' in owner.client.get("/catalog/offers?kind=component").text
