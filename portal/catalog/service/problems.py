"""Writes what is wrong with the catalog's files and references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, literal, select
from sqlalchemy.orm import aliased

from portal.auth.core import Actor, authorise
from portal.catalog.models import CatalogProblem, Entity, EntityRelation
from portal.catalog.service.entities import WRITE
from portal.catalog.service.revisions import bump_revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

DANGLING = "dangling"
DANGLING_FIX = "Correct the reference, or describe what it names in a file of its own."


def replace_problems(
    session: Session,
    actor: Actor,
    source: str,
    *,
    files: Sequence[str],
    problems: Sequence[dict[str, Any]],
) -> None:
    """Replace everything known to be wrong with `files` of `source`."""
    authorise(actor, WRITE)
    session.execute(
        delete(CatalogProblem).where(
            CatalogProblem.source == source,
            CatalogProblem.file.in_(files),
            CatalogProblem.rule != DANGLING,
        )
    )
    if problems:
        session.execute(insert(CatalogProblem), list(problems))
        bump_revision(session)


def refresh_dangling(session: Session, actor: Actor) -> None:
    """List every relation whose other end does not exist, at the entity that declares it."""
    authorise(actor, WRITE)
    session.execute(delete(CatalogProblem).where(CatalogProblem.rule == DANGLING))
    relation, declarer, found = aliased(EntityRelation), aliased(Entity), aliased(Entity)
    for end in (relation.target, relation.source):
        missing = (
            select(
                literal("warning"),
                literal(DANGLING),
                declarer.ref,
                declarer.source,
                declarer.file,
                declarer.document_number,
                declarer.line,
                relation.type,
                literal("Nothing is called `") + end + literal("`."),
                literal(DANGLING_FIX),
            )
            .join(declarer, declarer.ref == relation.declared_by)
            .where(~exists().where(found.ref == end))
        )
        session.execute(
            insert(CatalogProblem).from_select(
                [
                    "severity",
                    "rule",
                    "ref",
                    "source",
                    "file",
                    "document_number",
                    "line",
                    "path",
                    "message",
                    "fix",
                ],
                missing,
            )
        )
    bump_revision(session)
