"""Measures what five own fields cost an ingest, reading them again, and lists; asserts nothing.

`python bench/own_fields.py 10000 100000`, on SQLite in one process. It is the time of that process,
so that whatever else runs on the machine does not count.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from portal.auth.core import CLI
from portal.catalog.core.own_fields import Choice, OwnField, Required
from portal.catalog.jobs import read_own_fields
from portal.catalog.queries.columns import get_columns
from portal.catalog.service.own_fields import change_field, declare_field
from portal.demo.core import generate
from portal.factory.application import create_app
from portal.factory.contributions import gather_contributions
from portal.infra import migrate
from portal.infra.clock import utc_now
from portal.infra.db import Database
from portal.settings import Settings
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEVELS = ("public", "internal", "confidential", "restricted")
REGIONS = ("eu", "us", "ap")
FIELDS = (
    OwnField(
        "level",
        "Level",
        "choice",
        "annotation",
        "bench.example/level",
        choices=tuple(map(Choice, LEVELS)),
        required=Required(kinds=("component",)),
        is_column=True,
    ),
    OwnField("cost", "Cost centre", path="costCentre"),
    OwnField("seats", "Seats", "number", path="own.seats"),
    OwnField("tested", "Tested", "date", path="own.tested"),
    OwnField(
        "regions", "Regions", "choices", path="own.regions", choices=tuple(map(Choice, REGIONS))
    ),
)
REQUESTS = (
    "/api/v1/entities?kind=component",
    "/api/v1/entities?field.level=restricted&field.level=public",
    "/api/v1/entities?field.level=-&field.regions=eu&sort=-field.seats",
    "/api/v1/facets?field.level=restricted&facet=field.level&facet=field.regions",
    "/api/v1/facets?field.regions=eu",
    "/catalog?view=everything",
    "/catalog?view=everything&field.level=restricted&sort=field.tested",
)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def with_own(entities: int) -> Iterator[dict[str, Any]]:
    """Yield an invented company most of which has values of the five fields."""
    for number, entity in enumerate(generate(entities, 1)):
        if number % 5:
            notes = entity["metadata"].setdefault("annotations", {})
            notes["bench.example/level"] = LEVELS[number % 4]
            entity["spec"]["costCentre"] = f"CC-{number % 400}"
            tested = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
            regions = list(REGIONS[: number % 3 + 1])
            entity["spec"]["own"] = {"seats": number % 900, "tested": tested, "regions": regions}
        yield entity


def write_files(folder: Path, entities: int) -> None:
    """Write the company, a hundred to a file."""
    batch: list[dict[str, Any]] = []
    for entity in with_own(entities):
        batch.append(entity)
        if len(batch) == 100:  # noqa: PLR2004 the number says it best here
            dump(folder, batch)
            batch = []
    if batch:
        dump(folder, batch)


def dump(folder: Path, batch: list[dict[str, Any]]) -> None:
    """Write one file."""
    path = folder / f"{len(list(folder.iterdir())):05}.yaml"
    with path.open("w", encoding="utf-8") as file:
        yaml.dump_all(batch, file, Dumper=Dumper, sort_keys=False)


def took(act: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    began = time.process_time()
    act()
    return time.process_time() - began


def bench_size(size: int, folder: Path) -> None:
    """Measure one size."""
    files = folder / f"files-{size}"
    files.mkdir()
    write_files(files, size)
    for name, fields in (("none", ()), ("five", FIELDS)):
        settings = Settings(
            data_dir=folder,
            database_url=f"sqlite:///{folder / name}-{size}.db",
            log_level="error",
            secret_key="bench" * 8,
            anonymous_read=True,
            requests_per_minute=100_000_000,
        )
        database = Database(settings.resolved_database_url, gather_contributions(settings))
        migrate.upgrade(database)
        with database.unit(write=True) as session:
            for field in fields:
                declare_field(session, CLI, field, now=utc_now())
        read_own_fields(database, "all", utc_now())
        seconds = took(lambda db=database: Ingest(db, CLI, "b").run([Folder.open(str(files))]))
        print(f"{size:>7,} ingest with {name} of own fields: {seconds:.1f} s")
        measure(size, settings, database)
        if fields:
            change(size, database)
        database.dispose()


def measure(size: int, settings: Settings, database: Database) -> None:
    """Measure lists and facets."""

    def load() -> None:
        with database.unit(write=False) as session:
            get_columns(session)

    print(f"{size:>7,} columns of a new process: {took(load):.2f} s")
    client = create_app(settings, database).test_client()
    for url in REQUESTS:
        answer = client.get(url)
        if answer.status_code != 200:  # noqa: PLR2004 the number says it best here
            continue
        times = sorted(took(lambda address=url: client.get(address)) * 1000 for _ in range(100))
        print(f"{size:>7,} {url}: p50 {statistics.median(times):.1f} ms, p95 {times[94]:.1f} ms")


def change(size: int, database: Database) -> None:
    """Measure reading all again after a change, and bringing the columns in memory up to it."""
    with database.unit(write=True) as session:
        cut = replace(FIELDS[0], choices=FIELDS[0].choices[:3])
        change_field(session, CLI, cut, was=1, now=utc_now())
    seconds = took(lambda: read_own_fields(database, "all", utc_now()))
    print(f"{size:>7,} read again, a fifth changes: {seconds:.1f} s")
    with database.unit(write=False) as session:
        print(f"{size:>7,} columns after it: {took(lambda: get_columns(session)):.2f} s")


def main() -> None:
    """Measure the sizes that were asked for."""
    with tempfile.TemporaryDirectory() as folder:
        for size in [int(size) for size in sys.argv[1:]] or [10_000]:
            bench_size(size, Path(folder))


if __name__ == "__main__":
    main()
