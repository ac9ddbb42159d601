"""Writes the words of entities, which every process reads into its own search index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from portal.catalog.models import Entity, EntityWords
from portal.infra.db import insert_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.words import Words


def index_words(session: Session, words: Mapping[str, Words]) -> dict[str, int]:
    """Keep the words of entities, or replace them; returns their ids by reference.

    They are already flushed.
    """
    rows = session.execute(select(Entity.id, Entity.ref).where(Entity.ref.in_(list(words)))).all()
    forget_words(session, [row.id for row in rows])
    insert_rows(
        session,
        EntityWords,
        [
            {
                "entity_id": row.id,
                "name": " ".join(words[row.ref].name),
                "strong": " ".join(words[row.ref].strong),
                "weak": " ".join(words[row.ref].weak),
            }
            for row in rows
        ],
    )
    return {row.ref: row.id for row in rows}


def forget_words(session: Session, ids: Sequence[int]) -> None:
    """Forget the words of entities."""
    if ids:
        session.execute(delete(EntityWords).where(EntityWords.entity_id.in_(ids)))
