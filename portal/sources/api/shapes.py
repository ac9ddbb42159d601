"""Sources and runs as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from portal.sources.core.declarations import Declaration
from portal.sources.core.state import find_state

if TYPE_CHECKING:
    from portal.sources.models import Source, SourceRun
    from portal.sources.queries.sources import Totals


class RunItem(BaseModel):
    """One run: `outcome` is done, failed, cut_short or empty while it runs; counts by name."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    reason: str
    outcome: str
    version: str
    failure: str
    fix: str
    counts: dict[str, Any] | None


class RunPage(BaseModel):
    """Runs of a source, the latest first."""

    items: list[RunItem]
    next_cursor: str | None


class SourceTotals(BaseModel):
    """Counts over a source and its repositories."""

    repositories: int
    failing: int
    held: int
    entities: int
    files: int
    errors: int
    warnings: int


class SourceItem(BaseModel):
    """A source: what is declared, how it is, when it was read and is read next. No secrets."""

    id: int
    name: str
    kind: str
    parent_id: int | None
    state: str
    declaration: dict[str, Any] | None
    revision: int
    trusted_for_people: bool
    paused: bool
    version: str
    created_at: datetime
    checked_at: datetime | None
    next_run_at: datetime | None
    failing_since: datetime | None
    failure: str
    fix: str
    held: int
    held_because: str
    expires_at: datetime | None
    totals: SourceTotals | None = None
    last_run: RunItem | None = None


class SourceList(BaseModel):
    """All sources by name."""

    items: list[SourceItem]


class SourcePage(BaseModel):
    """One page of the repositories of an organisation."""

    items: list[SourceItem]
    next_cursor: str | None


class Accepted(BaseModel):
    """What was asked for, and the source whose page shows how it goes."""

    source: str
    status: str


class HeldAnswer(BaseModel):
    """How many removals may go in the next run."""

    source: str
    removals: int


def write_source(
    source: Source, *, totals: Totals | None = None, last_run: SourceRun | None = None
) -> SourceItem:
    """Return a source as JSON."""
    declared = source.declaration and Declaration.read(source.declaration).as_json()
    return SourceItem(
        id=source.id,
        name=source.name,
        kind=source.kind,
        parent_id=source.parent_id,
        state=find_state(source),
        declaration=declared or None,
        revision=source.revision,
        trusted_for_people=source.is_people_authority,
        paused=source.is_paused,
        version=source.version.partition(":")[0],
        created_at=source.created_at,
        checked_at=source.checked_at,
        next_run_at=source.next_run_at,
        failing_since=source.failing_since,
        failure=source.failure,
        fix=source.failure_fix,
        held=source.held,
        held_because=source.held_because,
        expires_at=source.expires_at,
        totals=None if totals is None else SourceTotals(**totals.as_json()),
        last_run=None if last_run is None else write_run(last_run),
    )


def write_run(run: SourceRun) -> RunItem:
    """Return a run as JSON."""
    ended = run.finished_at
    return RunItem(
        id=run.id,
        started_at=run.started_at,
        finished_at=ended,
        seconds=None if ended is None else (ended - run.started_at).total_seconds(),
        reason=run.reason,
        outcome=run.outcome,
        version=run.version,
        failure=run.failure,
        fix=run.failure_fix,
        counts=run.counts,
    )
