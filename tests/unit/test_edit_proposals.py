"""From the form of an entity, and from what was set over a file, to a change of the file."""

from __future__ import annotations

import json

import pytest

from portal.catalog.models import EntityOverlay
from portal.factory.application import create_app
from tests.unit.edit_pages import SHOP_PAGE, Person, World

EDIT, PROPOSE = f"{SHOP_PAGE}/edit", f"{SHOP_PAGE}/propose"


@pytest.fixture
def world(database, tmp_path):
    return World(database, tmp_path)


@pytest.fixture
def app(settings, world, tmp_path):
    changed = settings.model_copy(update={"source_folders": str(tmp_path)})
    return create_app(changed, world.database)


@pytest.fixture
def owner(app, database):
    return Person(app, database, "olga", "group:default/crew")


def test_what_a_form_changes_is_proposed_to_the_file(world, owner):
    data, page = owner.open(EDIT)
    assert "Propose a change to the file" in page
    answer = owner.send(EDIT, data, lifecycle="deprecated", owner="others", act="propose")
    assert answer.status_code == 200
    listed = owner.open_text(answer.text)
    assert [c["pointer"] for c in json.loads(dict(listed)["changes"])] == [
        "/spec/lifecycle",
        "/spec/owner",
    ]
    shown = owner.send(PROPOSE, listed)
    assert shown.status_code == 200
    for told in ("-  lifecycle: production", "+  lifecycle: deprecated", "shop.yaml"):
        assert told in shown.text
    assert world.list(EntityOverlay.pointer) == []
    kept = owner.send(PROPOSE, owner.open_text(shown.text))
    assert kept.status_code == 303
    assert "lifecycle: deprecated" in owner.client.get(kept.location).text


def test_what_was_set_over_a_file_is_proposed_to_it(app, database, owner):
    data, _ = owner.open(EDIT)
    # What stands over the file hides the change, and is said so; it can be proposed as it is.
    owner.send(EDIT, data, lifecycle="experimental")
    data, _ = owner.open(EDIT)
    answer = owner.send(EDIT, data, lifecycle="deprecated", act="propose")
    shown = owner.send(PROPOSE, owner.open_text(answer.text))
    assert "so it stays on top:</b> Lifecycle" in shown.text
    overlaid, page = owner.open(f"{SHOP_PAGE}?tab=fields")
    assert "Propose to the file" in page
    shown = owner.send(PROPOSE, overlaid)
    assert "+  lifecycle: experimental" in shown.text
    wrong = owner.send(PROPOSE, overlaid, changes='[{"pointer": "/spec/owner"}]')
    assert wrong.status_code == 422
    made_here = owner.send("/catalog/group/default/crew/propose", overlaid)
    assert made_here.status_code == 403
    admin = Person(app, database, "ada", role="admin")
    overlaid, _ = admin.open(f"{SHOP_PAGE}?tab=fields")
    refused = admin.send("/catalog/group/default/crew/propose", overlaid)
    assert refused.status_code == 422
    assert "made in the portal" in refused.text
    assert "Propose a change" not in admin.client.get("/catalog/group/default/crew/edit").text
