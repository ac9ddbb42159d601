"""The repositories of an organisation as sources of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from portal.auth.core import Actor, authorise
from portal.catalog.service.entities import rename_source
from portal.catalog.service.revisions import bump_revision
from portal.infra.db import BATCH_ROWS
from portal.sources.core.declarations import REPOSITORY, Declaration
from portal.sources.models import Source, SourceLeftOut
from portal.sources.queries.sources import find_source, list_children
from portal.sources.service.permissions import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.sources.core.hosts import FoundRepository

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Matched:
    """What a discovery found beside what was known: to read, and gone, by number of the source."""

    present: tuple[tuple[int, FoundRepository], ...]
    gone: tuple[int, ...]
    new: int


def match_repositories(
    session: Session,
    actor: Actor,
    parent: Source,
    *,
    found: Sequence[FoundRepository],
    now: datetime,
) -> Matched:
    """Make a source of each repository that is new, and let renamed ones keep what they have."""
    authorise(actor, RUN)
    children = list_children(session, parent.id)
    known = {child.external_id: child for child in children if child.external_id}
    declaration = Declaration.read(parent.declaration)
    present: list[tuple[Source, FoundRepository]] = []
    new = 0
    for each in found:
        name = f"{parent.name}/{each.path}"[:LONGEST_NAME]
        child = known.get(each.id)
        if child is not None and child.name != name:
            _follow(session, actor, child, name)
        if child is None:
            child = Source(name=name, kind=REPOSITORY, parent_id=parent.id, created_at=now)
            child.external_id = each.id
            session.add(child)
            new += 1
        elif child.file_url != each.file_url[:600]:
            bump_revision(session)  # entities are served with the address of their file
        child.file_url = each.file_url[:600]
        child.declaration = declaration.for_repository(each.path, each.branch).as_json()
        present.append((child, each))
    session.flush()
    kept = {child.id for child, _ in present}
    gone = tuple(child.id for child in children if child.id not in kept)
    return Matched(tuple((child.id, each) for child, each in present), gone, new)


def _follow(session: Session, actor: Actor, child: Source, name: str) -> None:
    """Give a repository its new name; one that has just got that name from another waits."""
    if find_source(session, name) is None:
        rename_source(session, actor, child.name, name)
        child.name = name
        session.flush()


def note_stamp(session: Session, actor: Actor, source_id: int, stamp: str) -> None:
    """Note what the host said of the last push, once what it announced was read."""
    authorise(actor, RUN)
    session.get_one(Source, source_id).stamp = stamp[:200]
    session.flush()


def note_left_out(
    session: Session, actor: Actor, source_id: int, *, reasons: Mapping[str, str]
) -> None:
    """Note which repositories a discovery left out and why; only what changed is written."""
    authorise(actor, RUN)
    rows = session.execute(
        select(SourceLeftOut.path, SourceLeftOut.reason).where(SourceLeftOut.source_id == source_id)
    )
    held = {row.path: row.reason for row in rows}
    gone = sorted(path for path, reason in held.items() if reasons.get(path) != reason)
    new = [
        {"source_id": source_id, "path": path, "reason": reason}
        for path, reason in reasons.items()
        if held.get(path) != reason
    ]
    for start in range(0, len(gone), BATCH_ROWS):
        paths = gone[start : start + BATCH_ROWS]
        session.execute(
            delete(SourceLeftOut).where(
                SourceLeftOut.source_id == source_id, SourceLeftOut.path.in_(paths)
            )
        )
    for start in range(0, len(new), BATCH_ROWS):
        session.execute(insert(SourceLeftOut), new[start : start + BATCH_ROWS])
