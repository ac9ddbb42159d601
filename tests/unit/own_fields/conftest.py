"""A catalog of four components, who looks after its own fields, and the job that reads them."""

from __future__ import annotations

import pytest

from portal.auth.core import CLI
from portal.catalog.core.own_fields import Choice, OwnField, Required
from portal.catalog.jobs import read_own_fields
from portal.catalog.service.own_fields import declare_field
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.test_sign_in import add, make_token, sign_in

LEVEL = OwnField(
    "level",
    "Level",
    "choice",
    "annotation",
    "acme.example/level",
    help="How much it matters.",
    choices=(Choice("Low", "Low risk"), Choice("high", "High risk")),
    kinds=("component",),
    required=Required(classes=("service",)),
    is_column=True,
)
COST = OwnField("cost", "Cost centre", path="costCentre")
AREAS = OwnField(
    "areas", "Areas", "choices", path="own.areas", choices=(Choice("EU"), Choice("US"))
)
OWN = {
    "cart": {"level": "high", "spec": "costCentre: Team A\n  own: {areas: [EU, us]}"},
    "ledger": {"level": "LOW", "spec": "costCentre: 4711\n  own: {areas: us}"},
    "parcels": {"level": "huge"},
    "search": {},
}


def compose(name, level="", spec="", kind="service"):
    note = f", annotations: {{acme.example/level: {level}}}" if level else ""
    return (
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: {name}{note}}}\n"
        f"spec:\n  type: {kind}\n  lifecycle: production\n  owner: crew\n  {spec}\n"
    )


class World:
    """A folder with one file for each component, and the catalog that was read from it."""

    def __init__(self, database, folder) -> None:
        self.database, self.folder = database, folder

    def write(self, name, **parts):
        (self.folder / f"{name}.yaml").write_text(compose(name, **parts))

    def ingest(self):
        return Ingest(self.database, CLI, "s", remove=True).run([Folder.open(str(self.folder))])

    def declare(self, *fields):
        with self.database.unit(write=True) as session:
            for field in fields:
                declare_field(session, CLI, field, now=utc_now())
        self.work()

    def work(self):
        read_own_fields(self.database, "all", utc_now())


@pytest.fixture
def world(database, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    found = World(database, folder)
    for name, parts in OWN.items():
        found.write(name, **parts)
    found.ingest()
    return found


@pytest.fixture
def declared(world):
    world.declare(LEVEL, COST, AREAS)
    return world


@pytest.fixture
def admin(app, database):
    add(database, "root", "admin")
    client = app.test_client()
    sign_in(client, "root")
    return client


@pytest.fixture
def api(app, database):
    add(database, "robot", "admin")
    headers = make_token(database, "robot", "catalog:read", "catalog:write")
    client = app.test_client()

    def call(method, path, body=None, **more):
        return client.open(f"/api/v1{path}", method=method, json=body, headers=headers, **more)

    return call
