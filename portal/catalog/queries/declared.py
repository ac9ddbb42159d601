"""The own fields that are declared, kept by a process until the catalog changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.catalog.core.own_fields import Choice, OwnField, Required
from portal.catalog.models import OwnFieldRow
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

IN_ORDER = select(OwnFieldRow).order_by(OwnFieldRow.position, OwnFieldRow.id)


@dataclass(frozen=True, slots=True)
class Declared:
    """The own fields in order, as of a revision of the catalog."""

    revision: int
    fields: tuple[OwnField, ...]


def read_fields(session: Session) -> tuple[OwnField, ...]:
    """Return the own fields in order, as this unit sees them."""
    return tuple(make_field(row) for row in session.scalars(IN_ORDER))


def renew_fields(session: Session, revision: int) -> tuple[OwnField, ...]:
    """Return the own fields in order; one query where the catalog changed, else none."""

    def renew(held: Declared | None) -> Declared:
        # A unit that began before another process's change finds newer ones, which serve it.
        if held is not None and held.revision >= revision:
            return held
        return Declared(revision, read_fields(session))

    return get_cache(session).renew("catalog.own_fields", Declared, renew).fields


def make_field(row: OwnFieldRow) -> OwnField:
    """Return an own field as declared by a row."""
    asked = row.required_for
    return OwnField(
        key=row.key,
        title=row.title,
        help=row.help,
        type=row.type,
        location=row.location,
        path=row.path,
        choices=tuple(Choice(each["value"], each["label"]) for each in row.choices),
        kinds=tuple(row.kinds),
        classes=tuple(row.classes),
        required=None
        if asked is None
        else Required(tuple(asked["kinds"]), tuple(asked["classes"]), tuple(asked["tiers"])),
        is_facet=row.is_facet,
        is_column=row.is_column,
        position=row.position,
        version=row.version,
    )
