"""Writes of sources: runs begun and ended, batches of files, removals, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.models import Entity, RemovedEntity
from portal.catalog.service.entities import Applied, apply_records, make_record, restore_removed
from portal.catalog.service.problems import refresh_dangling, replace_problems, replace_rule
from portal.errors import NotFound
from portal.infra import work
from portal.sources.core.batches import ReadyFile, list_documents, list_problems
from portal.sources.core.readmes import RULE as README_RULE
from portal.sources.core.readmes import describe_unreadable
from portal.sources.core.suggestions import ODD, SUGGESTED, describe_odd, describe_suggestion
from portal.sources.models import Source, SourceFile, SourceReadme, SourceRun
from portal.sources.queries import find_source, map_owners

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.sources.core.codeowners import CodeOwners
    from portal.sources.core.readmes import Readme, UnreadableReadme
    from portal.sources.core.suggestions import Suggestion

RUN = "sources:run:write"
PEOPLE_CHANGED = "sources.people_changed"


def begin_run(
    session: Session, actor: Actor, name: str, *, people: bool, remove: bool, now: datetime
) -> tuple[Source, SourceRun]:
    """Open a run of the source called `name`, which is made on its first one."""
    authorise(actor, RUN)
    source = find_source(session, name)
    if source is None:
        source = Source(name=name, created_at=now)
        session.add(source)
        session.flush()
    if people:
        set_trust(session, actor, source, people=True, now=now)
    if remove:
        source.holds_removals = False
    run = SourceRun(source_id=source.id, started_at=now)
    session.add(run)
    session.flush()
    return source, run


def set_trust(
    session: Session, actor: Actor, source: Source, *, people: bool, now: datetime
) -> bool:
    """Trust a source for who is in which team, or no more; returns whether anything changed."""
    authorise(actor, RUN)
    if source.is_people_authority == people:
        return False
    source.is_people_authority = people
    session.flush()
    work.publish(session, PEOPLE_CHANGED, "all", due_at=now)
    record_act(
        session,
        actor.name,
        f"source:{source.name}",
        action="source.trust_for_people" if people else "source.distrust_for_people",
        before={"people": not people},
        after={"people": people},
        now=now,
    )
    return True


def apply_files(
    session: Session, actor: Actor, source: Source, *, files: Sequence[ReadyFile], now: datetime
) -> Applied:
    """Write one batch of files: their entities, problems and what they were read as."""
    authorise(actor, RUN)
    records = [
        make_record(session, entity, place) for file in files for entity, place in file.entities
    ]
    applied = apply_records(session, actor, records, now=now)
    problems = [row for file in files for row in list_problems(source.name, file, applied.claimed)]
    paths = [file.path for file in files]
    replace_problems(session, actor, source.name, files=paths, problems=problems)
    session.execute(
        delete(SourceFile).where(SourceFile.source_id == source.id, SourceFile.path.in_(paths))
    )
    session.add_all(
        SourceFile(
            source_id=source.id,
            path=file.path,
            digest=file.digest,
            documents=list_documents(file),
            is_settled=file.is_settled and not applied.claimed.keys() & set(file.refs),
        )
        for file in files
    )
    session.flush()
    return applied


def forget_files(session: Session, actor: Actor, source: Source, *, paths: Sequence[str]) -> None:
    """Forget files that are gone, and what was wrong with them."""
    authorise(actor, RUN)
    replace_problems(session, actor, source.name, files=paths, problems=())
    session.execute(
        delete(SourceFile).where(SourceFile.source_id == source.id, SourceFile.path.in_(paths))
    )


def replace_readmes(
    session: Session,
    actor: Actor,
    source: Source,
    *,
    readmes: Sequence[Readme],
    gone: Sequence[str],
    now: datetime,
) -> None:
    """Write READMEs that are new or changed, and forget those of the folders in `gone`."""
    authorise(actor, RUN)
    folders = [readme.folder for readme in readmes]
    session.execute(
        delete(SourceReadme).where(
            SourceReadme.source_id == source.id, SourceReadme.folder.in_([*folders, *gone])
        )
    )
    session.add_all(
        SourceReadme(
            source_id=source.id,
            folder=readme.folder,
            path=readme.path,
            digest=readme.digest,
            text=readme.text,
            read_at=now,
        )
        for readme in readmes
    )
    session.flush()


def report_readmes(
    session: Session, actor: Actor, source: Source, *, unreadable: Sequence[UnreadableReadme]
) -> None:
    """List the READMEs of a source that cannot be read among its problems."""
    authorise(actor, RUN)
    problems = [describe_unreadable(source.name, readme) for readme in unreadable]
    replace_rule(session, actor, source.name, rule=README_RULE, problems=problems)


def report_suggestions(
    session: Session,
    actor: Actor,
    source: Source,
    *,
    suggestions: Sequence[Suggestion],
    files: Mapping[str, CodeOwners],
) -> None:
    """List who CODEOWNERS suggests as owners, and what is odd about those files."""
    authorise(actor, RUN)
    known = map_owners(session, (owner for each in suggestions for owner in each.owners))
    rows = [describe_suggestion(source.name, each, known) for each in suggestions]
    odd = [row for path, owners in files.items() for row in describe_odd(source.name, path, owners)]
    found = [row for row in rows if row is not None]
    replace_rule(session, actor, source.name, rule=SUGGESTED, problems=found)
    replace_rule(session, actor, source.name, rule=ODD, problems=odd)


def list_vanished(session: Session, source: Source, present: set[str]) -> list[str]:
    """Return refs the source still holds in the catalog though none of its files defines them."""
    held = session.scalars(select(Entity.ref).where(Entity.source == source.name))
    return sorted(ref for ref in held if ref not in present)


def finish_run(
    session: Session,
    actor: Actor,
    source: Source,
    *,
    run_id: int,
    counts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Close a run: references are looked up again when anything changed, the act is audited."""
    authorise(actor, RUN)
    run = session.get_one(SourceRun, run_id)
    cut_short = session.scalar(
        select(SourceRun.id)
        .where(
            SourceRun.source_id == source.id, SourceRun.finished_at.is_(None), SourceRun.id < run_id
        )
        .limit(1)
    )
    run.finished_at, run.counts = now, dict(counts)
    if counts["created"] or counts["updated"] or counts["removed"] or cut_short:
        session.execute(
            update(SourceRun)
            .where(SourceRun.source_id == source.id, SourceRun.finished_at.is_(None))
            .values(finished_at=now)
        )
        refresh_dangling(session, actor)
        work.publish(session, PEOPLE_CHANGED, "all", due_at=now)
        record_act(
            session,
            actor.name,
            f"source:{source.name}",
            action="source.ingest",
            after=dict(counts),
            now=now,
        )
    session.flush()


def undo_removals(session: Session, actor: Actor, name: str | None, *, now: datetime) -> list[str]:
    """Bring back what the last run that removed anything took, and hold removals from then on."""
    authorise(actor, RUN)
    query = select(RemovedEntity).order_by(RemovedEntity.run_id.desc()).limit(1)
    if name is not None:
        query = query.where(RemovedEntity.source == name)
    last = session.scalar(query)
    if last is None:
        raise NotFound(
            "There is nothing to bring back.",
            fix="Removed entities are kept for PORTAL_UNDO_HOURS.",
        )
    removed = session.scalars(
        select(RemovedEntity).where(
            RemovedEntity.run_id == last.run_id, RemovedEntity.source == last.source
        )
    ).all()
    refs = restore_removed(session, actor, removed, now=now)
    source = find_source(session, last.source)
    if source is not None:
        source.holds_removals = True
    refresh_dangling(session, actor)
    work.publish(session, PEOPLE_CHANGED, "all", due_at=now)
    record_act(
        session,
        actor.name,
        f"source:{last.source}",
        action="source.undo_removals",
        after={"restored": len(refs)},
        now=now,
    )
    return refs
