"""Declares own fields, changes, orders and deletes them; documents stay as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.core.own_rules import check_declaration
from portal.catalog.models import OwnFieldRow
from portal.catalog.queries.declared import IN_ORDER, make_field
from portal.catalog.queries.own_fields import get_field_row
from portal.catalog.service.own_values import ask_reading
from portal.catalog.service.permissions import FIELDS
from portal.catalog.service.revisions import bump_revision, hold_revision
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.own_fields import OwnField


def declare_field(
    session: Session, actor: Actor, declared: OwnField, *, now: datetime
) -> OwnFieldRow:
    """Declare an own field, the last in order, and have it read from all entities.

    Raises InvalidInput for one that breaks a rule.
    """
    authorise(actor, FIELDS)
    hold_revision(session)
    rows = session.scalars(IN_ORDER).all()
    declared = replace(declared, position=len(rows) + 1, version=1)
    _check(session, declared, [make_field(row) for row in rows])
    row = OwnFieldRow(
        key=declared.key, created_by=actor.name, created_at=now, updated_by=actor.name
    )
    _fill(row, declared, actor, now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        message = f"An own field `{declared.key}` exists."
        problem = Problem("key", "unique", message, "Change that one, or choose another key.")
        raise InvalidInput(message, (problem,)) from None
    bump_revision(session)
    ask_reading(session, now=now)
    _record(session, actor, declared.key, "declare", after=declared.as_json(), now=now)
    return row


def change_field(
    session: Session, actor: Actor, declared: OwnField, *, was: int, now: datetime
) -> OwnFieldRow:
    """Change the own field with the key of `declared`; its place in the order stays.

    Raises Conflict when it is not in the version `was` any more, InvalidInput for what breaks a
    rule. Entities are read again only where another value may follow.
    """
    authorise(actor, FIELDS)
    row, before = _take(session, declared.key, was)
    declared = replace(declared, position=row.position, version=row.version + 1)
    others = [make_field(each) for each in session.scalars(IN_ORDER) if each.id != row.id]
    _check(session, declared, others)
    if before == replace(declared, version=row.version):
        return row
    _fill(row, declared, actor, now)
    session.flush()
    bump_revision(session)
    if before.reading != declared.reading:
        ask_reading(session, now=now)
    changes = (before.as_json(), declared.as_json())
    _record(session, actor, row.key, "change", before=changes[0], after=changes[1], now=now)
    return row


def delete_field(session: Session, actor: Actor, key: str, *, was: int, now: datetime) -> None:
    """Delete an own field; what stands in documents stays there. Raises Conflict, NotFound."""
    authorise(actor, FIELDS)
    row, before = _take(session, key, was)
    session.delete(row)
    session.flush()
    _number(session.scalars(IN_ORDER).all())
    session.flush()
    bump_revision(session)
    ask_reading(session, now=now)
    _record(session, actor, key, "delete", before=before.as_json(), now=now)


def move_field(session: Session, actor: Actor, key: str, position: int, *, now: datetime) -> None:
    """Give an own field another place in the order, 1 for the first; raises NotFound."""
    authorise(actor, FIELDS)
    hold_revision(session)
    row = get_field_row(session, key)
    others = [each for each in session.scalars(IN_ORDER) if each.id != row.id]
    place = min(max(position, 1), len(others) + 1)
    if place == row.position:
        return
    before = row.position
    _number([*others[: place - 1], row, *others[place - 1 :]])
    session.flush()
    bump_revision(session)
    _record(
        session,
        actor,
        key,
        "move",
        before={"position": before},
        after={"position": place},
        now=now,
    )


def _take(session: Session, key: str, was: int) -> tuple[OwnFieldRow, OwnField]:
    hold_revision(session)
    row = get_field_row(session, key)
    if row.version != was:
        raise Conflict(
            f"Somebody else changed the own field {key} meanwhile.",
            fix="Look at it again, then change it.",
        )
    return row, make_field(row)


def _number(rows: Sequence[OwnFieldRow]) -> None:
    for position, row in enumerate(rows, 1):
        row.position = position


def _check(session: Session, declared: OwnField, others: Sequence[OwnField]) -> None:
    problems = check_declaration(declared, others, get_contributions(session).mark_names)
    if problems:
        raise InvalidInput("The own field cannot be kept.", tuple(problems))


def _fill(row: OwnFieldRow, declared: OwnField, actor: Actor, now: datetime) -> None:
    written = declared.as_json()
    for name in ("type", "choices", "location", "path", "kinds", "classes", "required_for"):
        setattr(row, name, written[name])
    row.title, row.help = declared.title.strip(), declared.help.strip()
    row.is_facet, row.is_column = declared.is_facet, declared.is_column
    row.position, row.version = declared.position, declared.version
    row.updated_by, row.updated_at = actor.name, now


def _record(  # noqa: PLR0913 one line of the trail
    session: Session,
    actor: Actor,
    key: str,
    act: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    record_act(
        session,
        actor.name,
        f"field:{key}",
        action=f"field.{act}",
        before=before,
        after=after,
        now=now,
    )
