"""Reads a managed source: asks what changed and reads that; one that is down changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.auth.core import Actor
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.sources.core.declarations import COMMAND, FOLDER, GIT, URL
from portal.sources.core.file_urls import make_file_url
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.hosts import Remembered
from portal.sources.core.removals import RemovalGuard
from portal.sources.core.trees import SourceDown
from portal.sources.flows.ingesting import Ingest
from portal.sources.flows.opening import Tools, open_repository, read_secrets
from portal.sources.flows.terms import Terms, make_salt
from portal.sources.queries.sources import (
    Plan,
    count_files,
    count_lasting,
    get_source,
    read_memory,
    read_plan,
)
from portal.sources.service.declaring import forget_source, remember
from portal.sources.service.permissions import RUN, WRITE
from portal.sources.service.runs import fail_run, note_read, note_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.infra.db import Database
    from portal.sources.core.repositories import Repository
    from portal.sources.models import Source

log = get_logger("sources")
JOB = Actor("job", frozenset({RUN, WRITE, "catalog:*:write"}), label="Background work")
SCHEDULE, REQUEST = "schedule", "request"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source is read with; `pause` is asked at each file and may raise to end the run."""

    plan: Plan
    guard: RemovalGuard | None
    reason: str
    pause: Callable[[], None]
    settles: bool = True


def refresh_single(
    database: Database, tools: Tools, plan: Plan, *, pause: Callable[[], None]
) -> None:
    """Read a folder, repository or address; what fails is noted at the source."""
    with database.unit(write=False) as session:
        secrets = read_secrets(session, tools.box, plan.id)
        remembered = Remembered(read_memory(session, plan.id))
        guard = RemovalGuard(count_lasting(session, plan.id), plan.confirmed_removals)
        reads_beside = plan.declaration.kind == URL and count_files(session, plan.id) > 1
    reason = REQUEST if plan.is_requested or not plan.version else SCHEDULE
    reading = Reading(plan, guard, reason, pause)
    try:
        repository = open_repository(
            tools, plan.declaration, plan.id, secrets=secrets, remembered=remembered
        )
        read_if_changed(database, repository, reading, is_certain=not reads_beside)
    except SourceDown as error:
        report_down(database, plan, error, reason)
        return
    with database.unit(write=True) as session:
        remember(session, plan.id, remembered.list_used())


def read_if_changed(
    database: Database, repository: Repository, reading: Reading, *, is_certain: bool = True
) -> Ingest | None:
    """Read a repository unless it is where it was; returns the run, None without one.

    `is_certain` says that the same version always means the same files.
    """
    plan = reading.plan
    version, branch = repository.find_version()
    stamped = stamp_version(database, plan, version)
    is_same = bool(version) and is_certain and stamped == plan.version
    if is_same and not plan.is_requested:
        with database.unit(write=True) as session:
            note_unchanged(session, JOB, plan.id, version=stamped, now=utc_now())
        return None
    # A repository without a commit has no version and holds nothing; a folder never has one.
    is_there = bool(version) or plan.declaration.kind == FOLDER
    trees = [repository.open(version, plan.declaration.patterns)] if is_there else []
    ingest = Ingest(
        database,
        JOB,
        plan.name,
        terms=make_terms(reading, version),
        on_file=lambda _: reading.pause(),
    )
    ingest.run(trees)
    with database.unit(write=True) as session:
        note_read(
            session,
            JOB,
            plan.id,
            version=stamped if version else "",
            served=plan.requests,
            file_url=_find_file_url(plan, branch),
            now=utc_now(),
        )
    return ingest


def make_terms(reading: Reading, version: str) -> Terms:
    """Return on what terms a source is read."""
    declaration = reading.plan.declaration
    return Terms(
        policy=declaration.policy,
        is_ephemeral=declaration.is_ephemeral,
        removes=declaration.is_ephemeral,
        guard=reading.guard,
        settles=reading.settles,
        reason=reading.reason,
        version=version,
    )


def stamp_version(database: Database, plan: Plan, version: str) -> str:
    """Return a version together with what its files are read as."""
    salt = make_salt(database, plan.declaration.policy) + repr(plan.declaration.patterns).encode()
    return f"{version[:120]}:{hashlib.blake2b(salt, digest_size=8).hexdigest()}"


def report_down(database: Database, plan: Plan, error: SourceDown, reason: str) -> None:
    """Note that a source could not be read; the catalog stays as it was."""
    log.warning("source_down", source=plan.name, reason=error.detail)
    with database.unit(write=True) as session:
        fail_run(session, JOB, plan.id, error=error, reason=reason, now=utc_now())


def remove_all(database: Database, plan: Plan, terms: Terms) -> bool:
    """Remove everything a source holds, and the source; False when its removals are held."""
    ingest = Ingest(database, JOB, plan.name, terms=terms)
    if ingest.run([]).held:
        return False
    with database.unit(write=True) as session:
        forget_source(session, JOB, get_source(session, plan.id))
    return True


def find_plan(source: Source | None) -> Plan | None:
    """Return the plan of a source that is read by itself, None where it is not (any more)."""
    if source is None or source.kind == COMMAND or source.is_paused:
        return None
    return read_plan(source)


def _find_file_url(plan: Plan, branch: str) -> str | None:
    """Return what paths of a source are appended to; None leaves it as it is."""
    declaration = plan.declaration
    if declaration.kind == URL:
        return declaration.address.partition("?")[0].rpartition("/")[0] + "/"
    if declaration.kind == GIT:
        return make_file_url(parse_git_address(declaration.address), branch)
    return None
