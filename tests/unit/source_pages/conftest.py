"""Who looks at the pages of sources, and a source that was read."""

from __future__ import annotations

import pytest

from portal.factory.application import create_app
from portal.infra import work
from tests.unit.managed import declare_folder, make_tools, read
from tests.unit.source_looks import write
from tests.unit.test_sign_in import add, sign_in


@pytest.fixture
def app(settings, database, tmp_path):
    changed = {"source_folders": str(tmp_path), "base_url": "http://localhost:8900"}
    return create_app(settings.model_copy(update=changed), database)


@pytest.fixture
def tools(tmp_path):
    return make_tools(tmp_path)


@pytest.fixture
def admin(app, database):
    add(database, "root", "admin")
    client = app.test_client()
    sign_in(client, "root")
    return client


@pytest.fixture
def member(app, database):
    add(database)
    client = app.test_client()
    sign_in(client)
    return client


@pytest.fixture
def shop(database, tools, tmp_path):
    """A folder source of four components that was read once."""
    write(tmp_path / "shop", "cart", "ledger", "parcels", "search")
    number = declare_folder(database, tmp_path / "shop", "shop")
    read(database, tools, number)
    with database.unit(write=True) as session:
        session.query(work.Work).delete()
    return number
