"""Tokens narrowed to some things, from outside: the label opens the door, the service decides."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.auth.core import CLI, Actor, Subject, authorise
from portal.auth.queries.accounts import find_account
from portal.auth.service import tokens
from portal.catalog.models import Entity
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.web.markers import requires
from portal.web.visitor import get_actor
from tests.unit.test_access import CHECKOUT, OWNER


@pytest.fixture
def writing(settings, database, demo_people):
    app = create_app(settings, database)

    def touch(name):
        with database.unit(write=False) as session:
            entity = session.scalars(select(Entity).where(Entity.name == name)).one()
        about = Subject(entity.ref, entity.owner, entity.system)
        authorise(get_actor(Actor), "catalog:entity:write", about)
        return {"touched": name}

    def touch_all():
        return {"touched": "all"}

    by_object = requires("catalog:entity:write", by_object=True)(touch)
    app.add_url_rule("/api/v1/touch/<string:name>", "touch", by_object, methods=["POST"])
    whole = requires("catalog:entity:write")(touch_all)
    app.add_url_rule("/api/v1/touch", "touch_all", whole, methods=["POST"])
    return app


@pytest.mark.parametrize(
    ("name", "scope", "expected"),
    [
        ("demo-admin", "catalog:write", (200, 200, 200)),
        ("demo-admin", f"catalog:write@owner={OWNER}", (200, 403, 403)),
        ("demo-admin", f"catalog:write@entity={CHECKOUT}", (200, 403, 403)),
        ("demo-admin", "catalog:write@system=system:default/ordering", (200, 403, 403)),
        ("demo-owner", "catalog:write", (200, 403, 403)),
        ("demo-owner", f"catalog:write@entity={CHECKOUT}", (200, 403, 403)),
        ("demo-member", f"catalog:write@owner={OWNER}", (403, 403, 403)),
        ("demo-viewer", "catalog:write", (403, 403, 403)),
        ("demo-admin", "catalog:read", (403, 403, 403)),
    ],
)
def test_narrowed_writes_hold_in_views_and_services(writing, database, name, scope, expected):
    with database.unit(write=True) as session:
        if "system" in scope:
            query = select(Entity.system).where(Entity.ref == CHECKOUT)
            scope = f"catalog:write@system={session.scalar(query)}"
        key, _ = tokens.create_token(
            session, CLI, find_account(session, name), name="t", scopes=[scope], now=utc_now()
        )
    client, bearer = writing.test_client(), {"Authorization": f"Bearer {key}"}
    asked = ("/checkout-service", "/identity-service", "")
    found = [client.post(f"/api/v1/touch{end}", headers=bearer).status_code for end in asked]
    assert tuple(found) == expected


def test_a_narrowed_token_reads_nothing(writing, database):
    with database.unit(write=True) as session:
        account = find_account(session, "demo-admin")
        scopes = [f"catalog:write@owner={OWNER}"]
        key, _ = tokens.create_token(session, CLI, account, name="t", scopes=scopes, now=utc_now())
    bearer = {"Authorization": f"Bearer {key}"}
    assert writing.test_client().get("/api/v1/entities", headers=bearer).status_code == 403
