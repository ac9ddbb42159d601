"""A small world to explain things in: a few sources of every kind, as the portal knows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from portal.sources.core.declarations import Declaration
from portal.sources.core.known import (
    Known,
    KnownEntity,
    KnownFile,
    KnownProblem,
    KnownRemoval,
    KnownSource,
)
from portal.sources.core.policies import SCANNED

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READ = NOW - timedelta(minutes=10)
COMMIT = "c0ffee" + "0" * 34
GITHUB = Declaration("github", "https://api.github.com", organisation="acme", policy=SCANNED)
GITLAB = Declaration("gitlab", "https://gitlab.example.com", organisation="platform")
BILLING = "component:default/billing"


def make_source(number, name, declaration, **facts):
    usual = {"checked_at": READ, "read_at": READ, "next_run_at": NOW + timedelta(minutes=5)}
    return KnownSource(number, name, declaration, **{**usual, **facts})


ACME = make_source(1, "acme", GITHUB)
BILLING_REPOSITORY = make_source(
    2,
    "acme/acme/billing",
    GITHUB.for_repository("acme/billing", "main"),
    parent_id=1,
    file_url="https://github.com/acme/billing/blob/main/",
    version=f"{COMMIT}:salt",
    next_run_at=None,
)
TOOLS = make_source(
    3,
    "tools",
    Declaration("git", "git@git.example.com:team/tools.git", branch="stable"),
    version=f"{COMMIT}:salt",
)
LAB = make_source(4, "lab", GITLAB)
EDGE = make_source(
    5,
    "lab/platform/infra/edge",
    GITLAB.for_repository("platform/infra/edge", "release/2"),
    parent_id=4,
    file_url="https://gitlab.example.com/platform/infra/edge/-/blob/release/2/",
    version=f"{COMMIT}:salt",
    next_run_at=None,
)
PAGE = make_source(6, "page", Declaration("url", "https://files.example.com/cat/all.yaml"))
MONO = make_source(
    7,
    "mono",
    Declaration("folder", "/srv/mono", patterns=("services/**/catalog-info.yaml",)),
)
BY_HAND = make_source(8, "by-hand", Declaration.read(None), next_run_at=None)
TOP = (ACME, TOOLS, LAB, PAGE, MONO, BY_HAND)


def make_file(source, path, *documents):
    """Make a file; a document is its ref, or (ref, reason) where there is more to say."""
    rows = [row if isinstance(row, tuple) else (row, "") for row in documents]
    listed = [[n, 1 + 10 * (n - 1), ref, why, ""] for n, (ref, why) in enumerate(rows, 1)]
    return KnownFile(source, path, tuple(map(tuple, listed)))


def make_entity(ref, source, file, **facts):
    usual = {"document": 1, "line": 1, "read_at": READ, "created_at": NOW - timedelta(days=40)}
    return KnownEntity(ref, source, file, **{**usual, **facts})


def make_problem(source, file, rule, **facts):
    usual = {"document": 1, "line": 1, "ref": None, "about": None, "severity": "error"}
    usual |= {"message": f"It breaks {rule}.", "fix": f"Mend {rule}."}
    return KnownProblem(source, file, rule, **{**usual, **facts})


def make_removal(ref, source, file, **facts):
    usual = {"line": 1, "removed_at": NOW - timedelta(hours=2), "run_id": 17}
    return KnownRemoval(ref, source, file, **{**usual, **facts})


CATALOG_INFO = make_file(BILLING_REPOSITORY.name, "catalog-info.yaml", BILLING)
BILLING_ENTITY = make_entity(BILLING, BILLING_REPOSITORY.name, "catalog-info.yaml")
WORLD = Known(
    sources=(*TOP, BILLING_REPOSITORY, EDGE),
    files=(CATALOG_INFO,),
    entities=(BILLING_ENTITY,),
    now=NOW,
    undo=timedelta(hours=72),
)


def change(world=WORLD, **facts):
    """Return the world with some facts replaced; `source` replaces the one of the same number."""
    changed = facts.pop("source", ())
    changed = changed if isinstance(changed, tuple) else (changed,)
    by_number = {source.id: source for source in (*world.sources, *changed)}
    return replace(world, sources=tuple(by_number.values()), **facts)


def alter(source, **facts):
    return replace(source, **facts)


def declare(source, **facts):
    return replace(source, declaration=replace(source.declaration, **facts))


HUB = "https://github.com/acme/billing"
FILE = f"{HUB}/blob/main/catalog-info.yaml"
REPOSITORY = BILLING_REPOSITORY.name
AGO = NOW - timedelta(hours=3)
LOST = Known(now=NOW, undo=timedelta(hours=72))


class Case(NamedTuple):
    """`stage` is where it stops, empty where nothing does; `says` are parts of what is said."""

    name: str
    text: str
    known: Known
    answer: str
    stage: str
    says: tuple[str, ...]


def with_file(*documents, **facts):
    """Return the world with other documents in the repository's one file."""
    file = make_file(REPOSITORY, "catalog-info.yaml", *documents)
    return change(files=(file,), **facts)


def problem(rule, **facts):
    return make_problem(REPOSITORY, "catalog-info.yaml", rule, **facts)


EMPTY_REPOSITORY = {"files": (), "entities": ()}
