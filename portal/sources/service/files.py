"""What one batch of files of a source wrote, and what was found beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from portal.auth.core import Actor, authorise
from portal.catalog.service.entities import Applied, apply_records
from portal.catalog.service.overlays import make_record
from portal.catalog.service.problems import replace_problems, replace_rule
from portal.sources.core.batches import ReadyFile, list_documents, list_problems
from portal.sources.core.readmes import RULE as README_RULE
from portal.sources.core.readmes import describe_unreadable
from portal.sources.core.suggestions import ODD, SUGGESTED, describe_odd, describe_suggestion
from portal.sources.models import SourceFile, SourceReadme
from portal.sources.queries.files import map_owners
from portal.sources.service.permissions import RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.sources.core.codeowners import CodeOwners
    from portal.sources.core.readmes import Readme, UnreadableReadme
    from portal.sources.core.suggestions import Suggestion
    from portal.sources.models import Source


def apply_files(
    session: Session, actor: Actor, source: Source, *, files: Sequence[ReadyFile], now: datetime
) -> Applied:
    """Write one batch of files: their entities, problems and what they were read as."""
    authorise(actor, RUN)
    records = [
        make_record(session, entity, place) for file in files for entity, place in file.entities
    ]
    applied = apply_records(session, actor, records, now=now)
    problems = [
        row
        for file in files
        for row in list_problems(source.name, file, applied.claimed, applied.unfit, applied.retired)
    ]
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
            is_settled=file.is_settled and not applied.left_out & set(file.refs),
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
