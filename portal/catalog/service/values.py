"""Writes what stands at each path of entities, for filters over any path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from portal.catalog.core.values import list_values
from portal.catalog.models import EntityValue
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.records import Record


def replace_values(session: Session, ids: Mapping[str, int], records: Sequence[Record]) -> None:
    """Write the values of entities anew; `ids` are theirs by reference."""
    forget_values(session, list(ids.values()))
    rows = [
        {
            "entity_id": ids[record.ref],
            "number": number,
            "path": found.path,
            "value": found.value,
            "original": None if found.original == found.value else found.original,
        }
        for record in records
        for number, found in enumerate(list_values(record.columns["document"]))
    ]
    # In the order of the table, which is then written from one end to the other.
    rows.sort(key=lambda row: (row["path"], row["entity_id"]))
    insert_rows(session, EntityValue, rows)


def forget_values(session: Session, ids: Sequence[int]) -> None:
    """Take the values of entities away."""
    if ids:
        session.execute(delete(EntityValue).where(EntityValue.entity_id.in_(ids)))
