"""Explanations of what was really read: an organisation, its repositories, a second source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from portal.auth.core import CLI
from portal.factory.tools import create_secret_box
from portal.infra.clock import utc_now
from portal.sources.core.declarations import Declaration
from portal.sources.core.hosts import Budget, FoundRepository
from portal.sources.core.policies import SCANNED
from portal.sources.core.trees import ListedTree, SourceDown
from portal.sources.flows import organisations
from portal.sources.flows.ingesting import Ingest
from portal.sources.flows.opening import Tools
from portal.sources.models import Source, SourceLeftOut
from portal.sources.queries.explaining import explain_text
from portal.sources.queries.sources import find_source, read_plan

UNDO = timedelta(hours=72)
HUB = "https://github.com/acme"


def write(name, kind="Component", extra=""):
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"spec:\n  type: service\n  lifecycle: production\n  owner: team-a\n{extra}"
    )


@dataclass
class Hub:
    """A host held in memory, in place of one on the wire."""

    repositories: list[FoundRepository] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    is_down: bool = False
    budget: Budget = field(default_factory=Budget)

    def add(self, name, files, **facts):
        file_url = f"{HUB}/{name}/blob/main/"
        found = FoundRepository(name, f"acme/{name}", "main", "1", file_url, **facts)
        self.repositories = [r for r in self.repositories if r.id != name] + [found]
        self.files[f"acme/{name}"] = files

    def discover(self):
        if self.is_down:
            raise SourceDown("The token was refused.", fix="Give another token.")
        return self.repositories

    def find_version(self, repository):
        return hashlib.sha1(str(self.files[repository.path]).encode()).hexdigest()  # noqa: S324 as Git does

    def open(self, repository, version, patterns):
        del version
        files = self.files[repository.path]
        return ListedTree(
            repository.path,
            {path: path for path in files},
            lambda path: files[path].encode(),
            patterns=patterns,
        )


@pytest.fixture
def hub(monkeypatch):
    found = Hub()
    found.add("billing", {"catalog-info.yaml": write("billing"), "README.md": "hello"})
    found.add("orders", {"a/catalog-info.yaml": write("orders") + "---\n" + write("Bad Name")})
    found.add("old", {"catalog-info.yaml": write("old")}, is_archived=True)
    for number in range(4):
        found.add(f"more-{number}", {"catalog-info.yaml": write(f"more-{number}")})
    monkeypatch.setattr(organisations, "open_host", lambda *_, **__: found)
    return found


@pytest.fixture
def read(database, settings, hub):
    """Return what reads the organisation once more, after `stamp` says something was pushed."""
    declaration = Declaration(
        "github", "https://api.github.com", organisation="acme", policy=SCANNED
    )
    with database.unit(write=True) as session:
        session.add(
            Source(
                name="acme",
                kind="github",
                declaration=declaration.as_json(),
                created_at=utc_now(),
                next_run_at=utc_now() + timedelta(minutes=15),
            )
        )
    tools = Tools(None, create_secret_box(settings), settings.data_dir)

    def run():
        hub.repositories = [replace(r, stamp=r.stamp + "1") for r in hub.repositories]
        with database.unit(write=False) as session:
            plan = replace(read_plan(find_source(session, "acme")), requests=1)
        organisations.OrganisationRun(database, tools, plan, pause=lambda: None).run()

    run()
    return run


def ask(database, text):
    with database.unit(write=False) as session:
        return explain_text(session, text, now=utc_now(), undo=UNDO)


def list_stops(found):
    return [step.stage for step in found.steps if step.status == "stopped"]


def test_a_file_a_repository_and_a_reference_are_here(database, read):
    for text in (
        f"{HUB}/billing/blob/main/catalog-info.yaml",
        f"{HUB}/Billing",
        "git@github.com:acme/billing.git",
        "acme/acme/billing/catalog-info.yaml",
        "Component: billing",
        "billing",
    ):
        found = ask(database, text)
        assert (found.answer, list_stops(found)) == ("here", []), found.headline


def test_an_error_is_named_with_its_line(database, read):
    found = ask(database, f"{HUB}/orders/blob/main/a/catalog-info.yaml")
    assert (found.answer, list_stops(found)) == ("partly", ["document"])
    step = next(step for step in found.steps if step.status == "stopped")
    assert step.line == 13
    assert step.url == f"{HUB}/orders/blob/main/a/catalog-info.yaml#L13"
    assert "Bad Name" in step.words
    assert step.fix


def test_left_out_is_kept_while_it_is_so(database, hub, read):
    found = ask(database, f"{HUB}/old/blob/main/catalog-info.yaml")
    assert list_stops(found) == ["repository"]
    assert "it is archived" in found.headline
    hub.repositories = [replace(r, is_archived=False) for r in hub.repositories]
    read()
    assert ask(database, f"{HUB}/old/blob/main/catalog-info.yaml").answer == "here"
    with database.unit(write=False) as session:
        assert session.scalars(select(SourceLeftOut)).all() == []


def test_another_name_for_the_file(database, read):
    found = ask(database, f"{HUB}/orders/blob/main/a/catalog.yaml")
    assert list_stops(found) == ["file"]
    assert "`a/catalog-info.yaml`" in found.headline
    assert list_stops(ask(database, f"{HUB}/billing/blob/main/README.md")) == ["path"]
    assert list_stops(ask(database, f"{HUB}/billing/blob/dev/catalog-info.yaml")) == ["branch"]


def test_a_policy_is_named(database, hub, read):
    hub.add("people", {"users.yaml": write("jo", "User").replace("owner: team-a", "memberOf: []")})
    read()
    for text in (f"{HUB}/people/blob/main/users.yaml", "user:default/jo"):
        found = ask(database, text)
        assert (found.answer, list_stops(found)) == ("not_here", ["document"])
        assert "may not define user entities" in found.headline


def test_a_conflict_names_who_holds_it(database, read):
    tree = ListedTree("x", {"c.yaml": "c"}, lambda _: write("billing").encode(), patterns=["**"])
    Ingest(database, CLI, "by-hand").run([tree])
    found = ask(database, "by-hand/c.yaml")
    assert (found.answer, list_stops(found)) == ("not_here", ["document"])
    assert "`acme/acme/billing`" in found.headline
    named = ask(database, "component:default/billing")
    assert named.answer == "here"
    assert any("`by-hand`" in step.words for step in named.steps)


def test_what_was_removed_can_be_brought_back_until(database, hub, read):
    hub.files["acme/more-1"] = {}
    read()
    for text in ("component:default/more-1", f"{HUB}/more-1/blob/main/catalog-info.yaml"):
        found = ask(database, text)
        assert found.answer == "not_here"
        said = " ".join(step.words for step in found.steps)
        assert "was removed" in said
        assert "can be brought back until" in said


def test_what_is_held_is_still_here(database, hub, read):
    for name in ("billing", "orders", "more-0", "more-1", "more-2"):
        hub.files[f"acme/{name}"] = {}
    read()
    held = [ask(database, f"component:default/{n}") for n in ("more-0", "more-1", "more-2")]
    assert "partly" in {each.answer for each in held}
    said = " ".join(step.words for each in held for step in each.steps)
    assert "its removal is held: of 6 entities" in said


def test_a_host_that_is_down_is_said_and_hides_nothing(database, hub, read):
    hub.is_down = True
    read()
    found = ask(database, f"{HUB}/new/blob/main/catalog-info.yaml")
    assert list_stops(found) == ["read"]
    assert "The token was refused." in found.headline
    assert ask(database, f"{HUB}/billing").answer == "here"


def test_near_misses_name_the_kind_first(database, read):
    found = ask(database, "component:default/biling")
    assert found.nearest[0] == "component:default/billing"
    assert len(ask(database, "more").nearest) == 4
    assert "billing" in ask(database, "biling").headline


def test_titles_are_names_too(database, hub, read):
    hub.add(
        "named", {"c.yaml": write("n-1").replace("name: n-1", "name: n-1\n  title: The Ledger")}
    )
    read()
    assert ask(database, "the ledger").answer == "here"


@pytest.mark.parametrize(
    "text",
    [
        f"{HUB}/billing/blob/main/catalog-info.yaml",
        f"{HUB}/old",
        "component:default/billing",
        "component:default/nothing-like-it",
        "catalog-info.yaml",
        "x/catalog-info.yaml",
    ],
)
def test_queries_do_not_grow(database, hub, read, text):
    def count():
        seen = []
        event.listen(database.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
        ask(database, text)
        return len(seen)

    ask(database, text)
    few = count()
    for number in range(30):
        hub.add(f"x-{number}", {"catalog-info.yaml": write(f"x-{number}")}, is_fork=number % 3 == 0)
    read()
    ask(database, text)
    assert count() <= few <= 16
