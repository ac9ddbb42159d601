"""How near the top the golden queries find what they should: the mean reciprocal rank."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from portal.auth.core import CLI
from portal.catalog.core.filters import EntityFilter
from portal.catalog.queries.lists import cut_page, select_entities
from portal.demo.flows import COMPANY
from portal.infra import migrate
from portal.infra.clock import utc_now
from portal.infra.db import Database
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

CASES = Path(__file__).parents[1] / "tests" / "cases" / "search.json"
DEPTH = 10


def bench_relevance() -> None:
    """Print the mean reciprocal rank over the demo company, and every query below the top."""
    cases = json.loads(CASES.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/golden.db")
        migrate.upgrade(database)
        Ingest(database, CLI, "demo").run([Folder.open(str(COMPANY))])
        ranks = [_rank(database, case) for case in cases]
        database.dispose()
    for case, rank in zip(cases, ranks, strict=True):
        if rank != 1:
            print(f"golden query “{case['query']}”: rank {rank or f'below {DEPTH}'}")
    mean = sum(1 / rank for rank in ranks if rank) / len(ranks)
    print(f"golden queries: mean reciprocal rank {mean:.3f} over {len(ranks)}")


def _rank(database: Database, case: dict[str, list[str]]) -> int:
    """Return the place of the first expected hit, 0 when it is not among the first ten."""
    with database.unit(write=False) as session:
        wanted = EntityFilter(q=str(case["query"]))
        selection = select_entities(session, wanted, sort=None, now=utc_now())
        page = cut_page(session, selection, after=None, limit=DEPTH)
    places = [place for place, row in enumerate(page.items, 1) if row.ref in case["expect"]]
    return places[0] if places else 0
