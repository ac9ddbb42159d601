"""Writes what is wrong with the catalog's files and references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, exists, func, insert, literal, select, true
from sqlalchemy.orm import aliased

from portal.auth.core import Actor, authorise
from portal.catalog.core.changes import REMOVED, RETIRED
from portal.catalog.core.own_fields import RULE
from portal.catalog.models import (
    CatalogProblem,
    Entity,
    EntityRelation,
    EntityRename,
    EntityRevision,
    RetiredEntity,
)
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.revisions import bump_revision
from portal.infra.db import BATCH_ROWS, insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

DANGLING, OWNER_GONE = "dangling", "owner-gone"
REFERENCE_RULES = (DANGLING, OWNER_GONE)
DANGLING_FIX = "Correct the reference, or describe what it names in a file of its own."
GONE_FIX = "Hand it to the team that answers for it now."


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
    gone = session.execute(
        delete(CatalogProblem)
        .where(
            CatalogProblem.source == source,
            CatalogProblem.file.in_(files),
            CatalogProblem.rule.not_in((*REFERENCE_RULES, RULE)),
        )
        .returning(CatalogProblem.id)
    ).all()
    insert_rows(session, CatalogProblem, problems)
    if problems or gone:
        bump_revision(session)


def replace_rule(
    session: Session, actor: Actor, source: str, *, rule: str, problems: Sequence[dict[str, Any]]
) -> None:
    """Replace what one rule says of `source`, all files of it; the same again changes nothing."""
    authorise(actor, WRITE)
    condition = (CatalogProblem.source == source, CatalogProblem.rule == rule)
    columns = (CatalogProblem.file, CatalogProblem.line, CatalogProblem.ref, CatalogProblem.message)
    held = {tuple(row) for row in session.execute(select(*columns).where(*condition))}
    if held == {(p["file"], p["line"], p["ref"], p["message"]) for p in problems}:
        return
    session.execute(delete(CatalogProblem).where(*condition))
    for start in range(0, len(problems), BATCH_ROWS):
        insert_rows(session, CatalogProblem, problems[start : start + BATCH_ROWS])
    bump_revision(session)


def refresh_dangling(session: Session, actor: Actor) -> None:
    """List every relation whose other end does not exist, at the entity that declares it."""
    authorise(actor, WRITE)
    session.execute(delete(CatalogProblem).where(CatalogProblem.rule.in_(REFERENCE_RULES)))
    _list_dangling(session, true())
    bump_revision(session)


def refresh_near(session: Session, refs: Sequence[str]) -> None:
    """Look again at what entities declare and what is declared about them.

    Whoever changed them was allowed to, and may not be allowed to write problems.
    """
    relation = EntityRelation
    declarers = set(refs)
    for end in (relation.source, relation.target):
        declarers |= set(session.scalars(select(relation.declared_by).where(end.in_(refs))))
    for start in range(0, len(declarers), BATCH_ROWS):
        batch = sorted(declarers)[start : start + BATCH_ROWS]
        stale = delete(CatalogProblem).where(
            CatalogProblem.rule.in_(REFERENCE_RULES), CatalogProblem.ref.in_(batch)
        )
        session.execute(stale)
        _list_dangling(session, EntityRelation.declared_by.in_(batch))
    bump_revision(session)


def _is_owner_gone(end: Any) -> ColumnElement[bool]:
    """Whether a relation's missing end is an owner that was there once, and has no other name.

    The relation is joined with the rename of that end, if there is one.
    """
    was_removed = exists().where(
        EntityRevision.ref == end, EntityRevision.change.in_((REMOVED, RETIRED))
    )
    is_nameless = EntityRename.new_ref.is_(None)
    return and_(EntityRelation.type == "ownedBy", was_removed, is_nameless)


def _list_dangling(session: Session, declared: ColumnElement[bool]) -> None:
    relation, retired = EntityRelation, RetiredEntity
    declarer, found = aliased(Entity), aliased(Entity)
    following = literal(" It was renamed to `") + EntityRename.new_ref + literal("`.")
    renamed = func.coalesce(following, "")
    for end in (relation.target, relation.source):
        is_gone = _is_owner_gone(end)
        missing = (
            select(
                literal("warning"),
                case((is_gone, OWNER_GONE), else_=DANGLING),
                declarer.ref,
                declarer.source,
                declarer.file,
                declarer.document_number,
                declarer.line,
                relation.type,
                case(
                    (is_gone, literal("Its owner `") + end + literal("` is gone.")),
                    (retired.ref.is_not(None), literal("`") + end + literal("` was retired.")),
                    else_=literal("Nothing is called `") + end + literal("`.") + renamed,
                ),
                case((is_gone, GONE_FIX), else_=DANGLING_FIX),
            )
            .join(declarer, declarer.ref == relation.declared_by)
            .outerjoin(retired, retired.ref == end)
            .outerjoin(EntityRename, EntityRename.old_ref == end)
            .where(~exists().where(found.ref == end), declared)
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
