"""Reads of entries: chosen ones newest first, those of an entity, and sealed ones as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, not_, or_, select

from portal.audit.core.changes import DONE, FAILED, REFUSED, find_outcome
from portal.audit.models import AuditEntry
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from portal.audit.core.filters import EntryFilter

PERSON = "person:"
FIELDS = (
    "id",
    "at",
    "actor",
    "actor_name",
    "action",
    "outcome",
    "subject",
    "subject_name",
    "before",
    "after",
    "request_id",
    "address",
    "position",
    "seal",
)


def list_entries(
    session: Session,
    wanted: EntryFilter | None = None,
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return chosen entries, the newest first, from the one below the id `before` on."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if wanted is not None:
        query = query.where(*_conditions(wanted))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))


def count_entries(session: Session, wanted: EntryFilter) -> int:
    """Return how many entries are chosen."""
    query = select(func.count()).select_from(AuditEntry).where(*_conditions(wanted))
    return session.scalar(query) or 0


def list_sealed_after(session: Session, entry_id: int, *, limit: int) -> list[AuditEntry] | None:
    """Return sealed entries in the order of the chain, behind the one with the id given; 0: all.

    An entry that has no seal yet has none behind it. None when there is no such entry. Ids would
    not do as the order: on PostgreSQL a lower one may be committed later.
    """
    place = 0
    if entry_id:
        row = session.execute(
            select(AuditEntry.position).where(AuditEntry.id == entry_id)
        ).one_or_none()
        if row is None:
            return None
        if row.position is None:
            return []
        place = row.position
    return list(
        session.scalars(
            select(AuditEntry)
            .where(AuditEntry.position > place)
            .order_by(AuditEntry.position)
            .limit(limit)
        )
    )


def list_of_subjects(
    session: Session, subjects: Sequence[str], *, limit: int = 50
) -> list[AuditEntry]:
    """Return the newest entries about any of `subjects`."""
    return list(
        session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject.in_(subjects))
            .order_by(AuditEntry.id.desc())
            .limit(limit)
        )
    )


def list_names(session: Session, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Return the names of the persons in `entries`, as far as somebody still knows them."""
    asked = {text for e in entries for text in (e.actor, e.subject) if text.startswith(PERSON)}
    found: dict[str, str] = {}
    for naming in get_contributions(session).naming:
        found.update(naming.list_names(session, sorted(asked)))
    return found


def find_actors(session: Session, text: str) -> tuple[str, ...]:
    """Return the actors a text stands for: one of that name, else persons whose name holds it."""
    exact = find_subjects(session, text)
    if len(exact) > 1 or text.startswith(PERSON):
        return exact
    found = [
        p
        for naming in get_contributions(session).naming
        for p in naming.find_persons(session, text)
    ]
    return (text, *found)


def find_subjects(session: Session, text: str) -> tuple[str, ...]:
    """Return a subject as it is written, and the person with an account of that name."""
    if text.startswith(PERSON):
        return (text,)
    asked = (naming.find_person(session, text) for naming in get_contributions(session).naming)
    return (text, *(person for person in asked if person is not None))


def describe_entry(entry: AuditEntry, names: Mapping[str, str]) -> dict[str, Any]:
    """Return an entry as plain values, in the order they are written out."""
    found = {name: getattr(entry, name, None) for name in FIELDS}
    return {
        **found,
        "at": entry.at.isoformat(),
        "actor_name": names.get(entry.actor),
        "outcome": find_outcome(entry.action),
        "subject_name": names.get(entry.subject),
    }


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actors:
        found.append(AuditEntry.actor.in_(wanted.actors))
    if wanted.action:
        found.append(AuditEntry.action.startswith(wanted.action, autoescape=True))
    if wanted.subjects:
        found.append(or_(*(_is_about(subject) for subject in wanted.subjects)))
    if wanted.since is not None:
        found.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        found.append(AuditEntry.at < wanted.until)
    if wanted.outcome == DONE:
        found += [not_(_ends_as(REFUSED)), not_(_ends_as(FAILED))]
    elif wanted.outcome:
        found.append(_ends_as(wanted.outcome))
    return found


def _is_about(subject: str) -> ColumnElement[bool]:
    if subject.endswith("*"):
        return AuditEntry.subject.startswith(subject[:-1], autoescape=True)
    return AuditEntry.subject == subject


def _ends_as(outcome: str) -> ColumnElement[bool]:
    return AuditEntry.action.like(f"%.{outcome}%")
