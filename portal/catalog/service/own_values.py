"""Writes what entities have in own fields, drawn from their documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from portal.catalog.core.own_fields import RULE
from portal.catalog.core.own_values import read_value
from portal.catalog.models import CatalogProblem, Entity, OwnFieldReading, OwnFieldValue
from portal.catalog.queries.declared import read_fields
from portal.catalog.service.revisions import bump_revision, hold_revision
from portal.infra import work
from portal.infra.db import BATCH_ROWS, insert_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.own_fields import OwnField
    from portal.catalog.core.records import Record

READ_AGAIN = "catalog.read_own_fields"
READING_ID = 1
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Subject:
    """An entity that own fields are read from, and where its document stands."""

    id: int
    ref: str
    kind: str
    entity_class: str | None
    document: Mapping[str, Any]
    source: str
    file: str
    document_number: int
    line: int


def replace_own_values(session: Session, ids: Mapping[str, int], records: Sequence[Record]) -> None:
    """Write what own fields say of entities anew; `ids` are theirs by reference.

    The catalog's revision is bumped before, so no declaration changes until this unit ends. Where
    nothing is declared any more, reading again takes away what is left.
    """
    fields = read_fields(session)
    if not fields:
        return
    subjects = [
        Subject(
            ids[record.ref],
            record.ref,
            record.columns["kind"],
            record.columns["entity_class"],
            record.columns["document"],
            record.place.source,
            record.place.file,
            record.place.document_number,
            record.place.line,
        )
        for record in records
    ]
    values, problems = draw_values(fields, subjects)
    _write(session, subjects, values, problems)


def draw_values(fields: Sequence[OwnField], subjects: Sequence[Subject]) -> tuple[Rows, Rows]:
    """Return the rows of values and of problems that follow from documents."""
    values: Rows = []
    problems: Rows = []
    for each in subjects:
        for field in fields:
            if not field.applies(each.kind, each.entity_class):
                continue
            found = read_value(field, each.document)
            for number, text in enumerate(found.values):
                folded = text.lower()
                original = None if folded == text else text
                values.append(
                    {
                        "key": field.key,
                        "entity_id": each.id,
                        "number": number,
                        "value": folded,
                        "original": original,
                    }
                )
            if found.finding is not None:
                problems.append(
                    {
                        "severity": "warning",
                        "rule": RULE,
                        "ref": each.ref,
                        "source": each.source,
                        "file": each.file,
                        "document_number": each.document_number,
                        "line": each.line,
                        "path": found.finding.path,
                        "message": found.finding.message,
                        "fix": found.finding.fix,
                    }
                )
    return values, problems


def forget_own_values(session: Session, ids: Sequence[int]) -> None:
    """Take the values of own fields of entities away."""
    if ids:
        session.execute(delete(OwnFieldValue).where(OwnFieldValue.entity_id.in_(ids)))


def _write(session: Session, subjects: Sequence[Subject], values: Rows, problems: Rows) -> None:
    forget_own_values(session, [each.id for each in subjects])
    session.execute(
        delete(CatalogProblem).where(
            CatalogProblem.rule == RULE, CatalogProblem.ref.in_([each.ref for each in subjects])
        )
    )
    # In the order of the table, which is then written from one end to the other.
    values.sort(key=lambda row: (row["entity_id"], row["key"], row["number"]))
    insert_rows(session, OwnFieldValue, values)
    insert_rows(session, CatalogProblem, problems)


def ask_reading(session: Session, *, now: datetime) -> None:
    """Have all entities read again, from the first on, because a declaration changed."""
    total = session.scalar(select(func.count()).select_from(Entity)) or 0
    values = {"after_id": 0, "done": 0, "total": total, "started_at": now, "finished_at": None}
    asked = session.execute(
        update(OwnFieldReading)
        .where(OwnFieldReading.id == READING_ID)
        .values(values)
        .returning(OwnFieldReading.id)
    ).one_or_none()
    if asked is None:
        session.add(OwnFieldReading(id=READING_ID, **values))
        session.flush()
    work.publish(session, READ_AGAIN, "all", due_at=now)


def read_batch(session: Session, *, now: datetime) -> bool:
    """Read the next batch of entities again; False when none is left.

    How far it is stands in the same unit, so a worker that is killed loses nothing, and a
    declaration that changes meanwhile has it begin anew.
    """
    hold_revision(session)
    state = session.get(OwnFieldReading, READING_ID)
    if state is None or state.finished_at is not None:
        return False
    subjects = _list_subjects(session, state.after_id)
    fields = read_fields(session)
    values, problems = draw_values(fields, subjects)
    changed = _find_changed(session, subjects, values, problems)
    if changed:
        ids = {each.id for each in changed}
        refs = {each.ref for each in changed}
        _write(
            session,
            changed,
            [row for row in values if row["entity_id"] in ids],
            [row for row in problems if row["ref"] in refs],
        )
        revision = bump_revision(session)
        session.execute(update(Entity).where(Entity.id.in_(ids)).values(revision=revision))
    state.done += len(subjects)
    if len(subjects) == BATCH_ROWS:
        state.after_id = subjects[-1].id
    else:
        state.finished_at = now
    session.flush()
    return state.finished_at is None


def _list_subjects(session: Session, after_id: int) -> list[Subject]:
    query = (
        select(
            Entity.id,
            Entity.ref,
            Entity.kind,
            Entity.entity_class,
            Entity.document,
            Entity.source,
            Entity.file,
            Entity.document_number,
            Entity.line,
        )
        .where(Entity.id > after_id)
        .order_by(Entity.id)
        .limit(BATCH_ROWS)
    )
    return [Subject(*row) for row in session.execute(query)]


def _find_changed(
    session: Session, subjects: Sequence[Subject], values: Rows, problems: Rows
) -> list[Subject]:
    """Return those entities of which something else is kept than what follows now."""
    held: dict[int, set[tuple[Any, ...]]] = {}
    columns = (
        OwnFieldValue.entity_id,
        OwnFieldValue.key,
        OwnFieldValue.number,
        OwnFieldValue.value,
        OwnFieldValue.original,
    )
    ids = [each.id for each in subjects]
    for row in session.execute(select(*columns).where(OwnFieldValue.entity_id.in_(ids))):
        held.setdefault(row[0], set()).add(tuple(row[1:]))
    names = ("key", "number", "value", "original")
    wanted: dict[int, set[tuple[Any, ...]]] = {}
    for value in values:
        wanted.setdefault(value["entity_id"], set()).add(tuple(value[name] for name in names))
    said = _find_problems(session, [each.ref for each in subjects])
    says = {(row["ref"], row["path"], row["message"]) for row in problems}
    differing = {ref for ref, _, _ in said ^ says}
    return [
        each
        for each in subjects
        if held.get(each.id) != wanted.get(each.id) or each.ref in differing
    ]


def _find_problems(session: Session, refs: Sequence[str]) -> set[tuple[str | None, str, str]]:
    query = select(CatalogProblem.ref, CatalogProblem.path, CatalogProblem.message).where(
        CatalogProblem.rule == RULE, CatalogProblem.ref.in_(refs)
    )
    return {(row[0], row[1], row[2]) for row in session.execute(query)}
