"""Declared sources against real servers: what is pushed arrives, what breaks harms nothing."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.models import CatalogProblem, Entity, RemovedEntity
from portal.catalog.queries.setup import read_progress
from portal.infra.clock import utc_now
from portal.infra.outbound import Limits
from portal.ownership.queries import get_teams
from portal.settings.outbound import parse_allow_list
from portal.sources.core.declarations import GIT, URL, Declaration
from portal.sources.core.policies import SCANNED
from portal.sources.jobs import expire
from portal.sources.models import Source, SourceRun
from portal.sources.providers.git import GitRepository
from portal.sources.service.declaring import confirm_removals
from tests.standins.faults import MODES, FaultProxy
from tests.standins.git_server import GitHttpServer, make_repository
from tests.unit.managed import component, declare, make_tools, read

FILE = "catalog-info.yaml"
SHORT = Limits(total_seconds=3.0, connect_seconds=1.0, read_seconds=0.7, body_bytes=250_000)


@pytest.fixture
def tools(tmp_path):
    return make_tools(tmp_path, allow=parse_allow_list("127.0.0.1"))


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "git"
    root.mkdir()
    files = {FILE: component("ledger"), "jobs/report.yaml": component("report")}
    return make_repository(root, "ledger", files)


@pytest.fixture
def server(tmp_path, repository):
    with GitHttpServer(tmp_path / "git", ("reader", "s3cret")) as found:
        yield found


def declare_git(database, address, **more):
    declaration = Declaration(GIT, address, user="reader", every_minutes=10, policy=SCANNED, **more)
    return declare(database, "ledger", declaration, password="s3cret")


def names(database):
    with database.unit(write=False) as session:
        return set(session.scalars(select(Entity.name)))


def everything(database):
    with database.unit(write=False) as session:
        return sorted(map(str, session.execute(select(Entity.ref, Entity.document))))


def test_what_is_pushed_arrives_and_what_did_not_move_costs_one_listing(
    database, tools, server, repository
):
    number = declare_git(database, f"{server.url}/ledger")
    source = read(database, tools, number)
    assert (source.failure, names(database)) == ("", {"ledger", "report"})
    repository.push({FILE: component("ledger", system="books"), "new.yaml": component("new")})
    assert read(database, tools, number).version.startswith(repository.head())
    assert names(database) == {"ledger", "report", "new"}
    with database.unit(write=False) as session:
        ledger = session.scalar(select(Entity).where(Entity.name == "ledger"))
        assert ledger.system == "system:default/books"
    before = len(server.requests)
    read(database, tools, number)
    assert all("info/refs" in one.path or one.sent < 1000 for one in server.requests[before:])


def test_a_repository_that_empties_itself_is_held_until_somebody_agrees(
    database, tools, server, repository
):
    number = declare_git(database, f"{server.url}/ledger")
    read(database, tools, number)
    repository.push({"README.md": "# nothing\n"}, delete=(FILE, "jobs/report.yaml"))
    source = read(database, tools, number)
    assert (source.held, names(database)) == (2, {"ledger", "report"})
    assert "none would be left" in source.held_because
    assert read(database, tools, number).held == 2
    with database.unit(write=True) as session:
        held = session.get_one(Source, number)
        assert confirm_removals(session, CLI, held, now=utc_now()) == 2
    assert (read(database, tools, number).held, names(database)) == (0, set())
    with database.unit(write=False) as session:
        assert len(session.scalars(select(RemovedEntity.ref)).all()) == 2


def test_what_was_agreed_to_covers_no_more_than_that(database, tools, server, repository):
    number = declare_git(database, f"{server.url}/ledger")
    read(database, tools, number)
    repository.push({f"{n}.yaml": component(f"n{n}") for n in range(4)})
    read(database, tools, number)
    repository.push({}, delete=tuple(f"{n}.yaml" for n in range(4)))
    assert read(database, tools, number).held == 4
    with database.unit(write=True) as session:
        confirm_removals(session, CLI, session.get_one(Source, number), now=utc_now())
    repository.push({"README.md": "x"}, delete=(FILE, "jobs/report.yaml"))
    assert read(database, tools, number).held == 6
    assert len(names(database)) == 6


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "pass"])
def test_a_failing_server_leaves_the_catalog_as_it_was(
    database, tools, server, repository, mode, monkeypatch
):
    parts = urlsplit(server.url)
    with FaultProxy((parts.hostname, parts.port)) as proxy:
        number = declare_git(database, f"http://127.0.0.1:{proxy.port}/ledger")
        assert read(database, tools, number).failure == ""
        before = everything(database)
        repository.push({FILE: component("changed")})
        proxy.mode = mode
        with monkeypatch.context() as impatient:
            impatient.setattr(GitRepository, "list_limits", SHORT)
            impatient.setattr(GitRepository, "fetch_limits", SHORT)
            source = read(database, tools, number)
            again = read(database, tools, number)
        assert source.failure, mode
        assert source.failure_fix
        assert source.failing_since is not None
        assert again.failing_since == source.failing_since
        assert "s3cret" not in source.failure + source.failure_fix
        assert everything(database) == before
        proxy.mode = "pass"
        source = read(database, tools, number)
        assert (source.failure, source.failing_since) == ("", None)
        assert names(database) == {"changed", "report"}
    with database.unit(write=False) as session:
        outcomes = session.scalars(select(SourceRun.outcome).order_by(SourceRun.id)).all()
    assert (outcomes[0], set(outcomes[1:-1]), outcomes[-1]) == ("done", {"failed"}, "done")


def test_an_ephemeral_source_counts_nowhere_and_ends(database, tools, server, repository, client):
    number = declare_git(database, f"{server.url}/ledger", lifetime_hours=1)
    source = read(database, tools, number)
    assert source.expires_at is not None
    assert client.get("/api/v1/entities").get_json()["total"] == 0
    assert client.get("/api/v1/entities?ephemeral=yes").get_json()["total"] == 2
    assert client.get("/api/v1/entities/component/default/ledger").status_code == 200
    with database.unit(write=False) as session:
        assert not any(get_teams(session).owned.values())
        assert read_progress(session).components == 0
    repository.push({"README.md": "x"}, delete=(FILE,))
    assert (read(database, tools, number).held, names(database)) == (0, {"report"})
    with database.unit(write=True) as session:
        session.get_one(Source, number).expires_at = utc_now()
    expire(database, "", utc_now())
    assert names(database) == set()
    with database.unit(write=False) as session:
        assert session.get(Source, number) is None


def test_what_lasts_takes_a_name_from_what_is_ephemeral(database, tools, server, tmp_path):
    number = declare_git(database, f"{server.url}/ledger", lifetime_hours=1)
    read(database, tools, number)
    declaration = Declaration(GIT, f"{server.url}/ledger", user="reader", policy=SCANNED)
    lasting = declare(database, "lasting", declaration, password="s3cret")
    read(database, tools, lasting)
    with database.unit(write=False) as session:
        rows = session.execute(select(Entity.source, Entity.is_ephemeral).distinct()).all()
    assert [tuple(row) for row in rows] == [("lasting", False)]
    assert read(database, tools, number).held == 0
    assert names(database) == {"ledger", "report"}


@pytest.fixture
def web(tmp_path):
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    found = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield folder, f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    found.server_close()
    thread.join(5)


def test_an_address_is_read_and_what_lies_beside_it(database, tools, web):
    folder, address = web
    (folder / FILE).write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\n"
        "spec:\n  targets: [./a.yaml, ./b.yaml]\n"
    )
    (folder / "a.yaml").write_text(component("a"))
    declaration = Declaration(URL, f"{address}/{FILE}", every_minutes=5, policy=SCANNED)
    number = declare(database, "page", declaration)
    assert read(database, tools, number).failure == ""
    with database.unit(write=False) as session:
        messages = session.scalars(select(CatalogProblem.message)).all()
    assert names(database) == {"a"}
    assert any("b.yaml" in message for message in messages)
    (folder / "b.yaml").write_text(component("b"))
    (folder / "a.yaml").write_text(component("a", system="x"))
    read(database, tools, number)
    assert names(database) == {"a", "b", "all"}
    (folder / FILE).unlink()
    source = read(database, tools, number)
    assert "404" in source.failure
    assert names(database) == {"a", "b", "all"}
