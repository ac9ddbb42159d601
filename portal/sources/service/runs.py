"""Runs of sources: begun, ended well, ended badly, and what follows once the catalog changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.service.permissions import PEOPLE_CHANGED
from portal.catalog.service.problems import refresh_dangling
from portal.catalog.service.revisions import bump_revision
from portal.infra import work
from portal.sources.core.declarations import COMMAND, Declaration
from portal.sources.core.names import check_name
from portal.sources.models import Source, SourceRun
from portal.sources.queries.sources import find_source
from portal.sources.service.permissions import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.sources.core.trees import SourceDown

DONE, FAILED, CUT_SHORT = "done", "failed", "cut_short"


def begin_run(
    session: Session, actor: Actor, name: str, *, reason: str, version: str, now: datetime
) -> tuple[Source, SourceRun]:
    """Open a run of the source called `name`; one read by command is made on its first run."""
    authorise(actor, RUN)
    source = find_source(session, name)
    if source is None:
        check_name(name)
        source = Source(name=name, kind=COMMAND, created_at=now)
        session.add(source)
        session.flush()
    run = SourceRun(source_id=source.id, started_at=now, reason=reason, version=version)
    session.add(run)
    session.flush()
    return source, run


def finish_run(
    session: Session,
    actor: Actor,
    source_id: int,
    *,
    run_id: int,
    counts: Mapping[str, Any],
    now: datetime,
) -> bool:
    """Close a run; returns whether references have to be looked at again."""
    authorise(actor, RUN)
    run = session.get_one(SourceRun, run_id)
    source = session.get_one(Source, source_id)
    cut_short = session.execute(
        update(SourceRun)
        .where(
            SourceRun.source_id == source_id,
            SourceRun.finished_at.is_(None),
            SourceRun.id < run_id,
        )
        .values(finished_at=now, outcome=CUT_SHORT)
        .returning(SourceRun.id)
    ).all()
    run.finished_at, run.outcome, run.counts = now, DONE, dict(counts)
    source.checked_at = now
    source.held, source.held_because = counts["held"], counts["held_because"]
    source.failing_since, source.failure, source.failure_fix = None, "", ""
    changed = any(counts[word] for word in ("created", "updated", "removed", "renamed"))
    if changed:
        record_act(
            session,
            actor.name,
            f"source:{source.name}",
            action="source.ingest",
            after=dict(counts),
            now=now,
        )
    session.flush()
    return bool(changed or cut_short)


def settle(session: Session, actor: Actor, *, now: datetime) -> None:
    """Look all references up again, and who is in which team, after runs that changed something."""
    authorise(actor, RUN)
    refresh_dangling(session, actor)
    work.publish(session, PEOPLE_CHANGED, "all", due_at=now)


def fail_run(
    session: Session,
    actor: Actor,
    source_id: int,
    *,
    error: SourceDown,
    reason: str,
    now: datetime,
) -> None:
    """Note that a source could not be read; the catalog stays as it was.

    A source that goes on failing with the same words keeps one run of it, the latest.
    """
    authorise(actor, RUN)
    source = session.get_one(Source, source_id)
    last = session.scalar(
        select(SourceRun)
        .where(SourceRun.source_id == source_id)
        .order_by(SourceRun.id.desc())
        .limit(1)
    )
    if last is None or last.outcome != FAILED or last.failure != error.detail:
        last = SourceRun(source_id=source_id, started_at=now, outcome=FAILED)
        session.add(last)
    last.finished_at, last.reason = now, reason
    last.failure, last.failure_fix = error.detail, error.fix
    if source.failing_since is None:
        source.failing_since = now
        record_act(
            session,
            actor.name,
            f"source:{source.name}",
            action="source.fail",
            after={"failure": error.detail},
            now=now,
        )
    source.failure, source.failure_fix, source.checked_at = error.detail, error.fix, now
    session.flush()


def note_unchanged(
    session: Session, actor: Actor, source_id: int, *, version: str, now: datetime
) -> None:
    """Note that a source was asked and holds what it held."""
    authorise(actor, RUN)
    source = session.get_one(Source, source_id)
    source.version, source.checked_at = version, now
    if source.parent_id is None:
        renew_lifetime(source, Declaration.read(source.declaration), now=now)
    source.failing_since, source.failure, source.failure_fix = None, "", ""
    session.flush()


def note_read(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    source_id: int,
    *,
    version: str,
    served: int,
    file_url: str | None,
    now: datetime,
) -> None:
    """Note at which version a source was read; requests up to `served` are met by that."""
    authorise(actor, RUN)
    source = session.get_one(Source, source_id)
    declaration = Declaration.read(source.declaration)
    source.version, source.served = version, max(source.served, served)
    source.confirmed_removals = None
    if file_url is not None and source.file_url != file_url[:600]:
        source.file_url = file_url[:600]
        bump_revision(session)  # entities are served with the address of their file
    if source.parent_id is None:
        renew_lifetime(source, declaration, now=now)
    session.flush()


def renew_lifetime(source: Source, declaration: Declaration, *, now: datetime) -> None:
    """Set when an ephemeral source ends: its lifetime from now."""
    hours = declaration.lifetime_hours
    source.expires_at = None if hours is None else now + timedelta(hours=hours)
