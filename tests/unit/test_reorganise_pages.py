"""A team renamed on its pages: previewed, done, put back but for what changed."""

from __future__ import annotations

import re

from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.models import Entity, EntityOverlay, EntityRename
from portal.catalog.service.editing import edit_entity
from portal.infra.clock import utc_now
from portal.ownership.service import refresh_all
from tests.unit.test_ownership import CART, CONFIRM, company, owner_of, post, sign_in

__all__ = ["company"]  # a fixture

WISH = {"kind": "rename", "teams": "checkout", "target": "purchasing", "title": "Purchasing"}


def read_seal(page):
    return re.search(r'name="seal" value="([^"]+)"', page)[1]


def read_all(database):
    with database.unit(write=False) as session:
        entities = session.execute(select(Entity.ref, Entity.document, Entity.base)).all()
        laid = session.execute(select(EntityOverlay.ref, EntityOverlay.value)).all()
        names = session.execute(select(EntityRename.old_ref, EntityRename.new_ref)).all()
    return sorted(map(repr, entities)), sorted(map(repr, laid)), sorted(map(repr, names))


def test_a_team_is_renamed_as_previewed_and_put_back(app, company):
    owner, admin = sign_in(app, "demo-owner"), sign_in(app, "demo-admin")
    before = read_all(company)
    assert post(owner, "/admin/reorganise/preview", **WISH).status_code == 403
    page = post(admin, "/admin/reorganise/preview", **WISH)
    assert page.status_code == 200
    assert "Rename checkout to purchasing" in page.text
    assert "all who answer for these entries" in page.text
    assert "still defines" in page.text
    assert read_all(company) == before
    confirm_all(owner)
    assert post(admin, "/admin/reorganise", **WISH, seal="old").status_code == 409
    done = post(admin, "/admin/reorganise", **WISH, seal=read_seal(page.text))
    assert done.status_code == 303
    assert owner_of(company) == "group:default/purchasing"
    use_as_owner(company, owner)
    shown = admin.get(done.location)
    assert "applied" in shown.text
    assert post(admin, f"{done.location}/undo").status_code == 303
    after = admin.get(done.location).text
    assert "it was changed since" in after
    assert post(admin, f"{done.location}/undo").status_code == 409
    with company.unit(write=True) as session:
        change = Change("/spec/owner", "checkout")
        edit_entity(session, CLI, CART, changes=[change], version=None, now=utc_now())
    assert read_all(company) == before


def confirm_all(owner):
    items = owner.get("/api/v1/teams/default/checkout/confirmations?which=all").get_json()["items"]
    seen = [f"{item['seal']}:{item['ref']}" for item in items]
    assert post(owner, CONFIRM, entry=seen).status_code == 303


def use_as_owner(company, owner):
    """Go on as before under the new name, then let somebody else change one owner."""
    with company.unit(write=True) as session:
        refresh_all(session, "", utc_now())
    assert owner.get("/teams/default/purchasing/confirm").status_code == 200
    assert owner.get("/catalog/component/default/cart-service/hand-over").status_code == 200
    assert "Nothing waits" in owner.get("/teams/default/purchasing/confirm").text
    change = Change("/spec/owner", "payments")
    with company.unit(write=True) as session:
        edit_entity(session, CLI, CART, changes=[change], version=None, now=utc_now())
