"""What tests of the pages of sources look with, and an organisation to look at."""

from __future__ import annotations

import re
from html import unescape

from portal.catalog.models import CatalogProblem
from portal.infra.clock import utc_now
from portal.sources.core.declarations import GITHUB, Declaration
from portal.sources.models import Source, SourceRun
from tests.unit.managed import component, declare
from tests.unit.test_sign_in import token_of


def post(client, url, **data):
    return client.post(url, data={"csrf_token": token_of(client, "/sources"), **data})


def press(client, source_id, act):
    return post(client, f"/sources/{source_id}/{act}")


def words_of(page):
    """Return what a page says, without its marks."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text)))


def get_source(database, source_id):
    with database.unit(write=False) as session:
        return session.get(Source, source_id)


def write(folder, *names):
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for name in names:
        (folder / f"{name}.yaml").write_text(component(name))


def declare_org(database, repositories, tmp_path):
    """An organisation whose repositories were read; every third one fails."""
    number = declare(database, "larkmoor", Declaration(GITHUB, "https://hub.example.com"))
    with database.unit(write=True) as session:
        for n in range(repositories):
            name = f"larkmoor/r{n:04}"
            child = Source(
                name=name,
                kind="repository",
                parent_id=number,
                external_id=str(n),
                created_at=utc_now(),
                checked_at=utc_now(),
                file_url=f"https://hub.example.com/{name}/blob/main/",
                declaration=Declaration("repository", name).as_json(),
                failing_since=None if n % 3 else utc_now(),
                failure="" if n % 3 else "It is out of order.",
            )
            session.add(child)
            session.add(
                CatalogProblem(
                    severity="warning",
                    rule="test",
                    source=name,
                    file="docs/a b.yaml",
                    document_number=1,
                    line=7,
                    path="spec",
                    message=f"Problem {n}.",
                    fix="",
                )
            )
        counts = {
            "repositories": repositories,
            "read": repositories,
            "created": 0,
            "calls": 12,
            "calls_not_modified": 9,
            "calls_left": 4_988,
            "calls_most": 5_000,
            "calls_reset_at": 1_800_000_000,
        }
        run = SourceRun(source_id=number, started_at=utc_now(), finished_at=utc_now())
        run.outcome, run.counts, run.reason = "done", counts, "schedule"
        session.add(run)
    return number
