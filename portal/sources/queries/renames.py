"""Reads of entities that may be the same under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.catalog.models import Entity
from portal.infra.db import BATCH_ROWS
from portal.sources.core.renames import Known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def list_known(session: Session, refs: Sequence[str]) -> list[Known]:
    """Return where entities stand and what their files say, without what is ephemeral."""
    found: list[Known] = []
    for start in range(0, len(refs), BATCH_ROWS):
        rows = session.execute(
            select(
                Entity.ref,
                Entity.kind,
                Entity.file,
                Entity.document_number,
                Entity.document,
                Entity.base,
            ).where(Entity.ref.in_(refs[start : start + BATCH_ROWS]), ~Entity.is_ephemeral)
        )
        found += [
            Known(
                row.ref,
                row.kind,
                row.file,
                row.document_number,
                row.document if row.base is None else row.base,
            )
            for row in rows
        ]
    return found
