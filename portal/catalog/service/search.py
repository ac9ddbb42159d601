"""Writes the words of entities, which every process reads into its own search index.

SQLite keeps them as FTS5, PostgreSQL as tsvector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, text

from portal.catalog.models import Entity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.words import Words

FORGET = {
    "sqlite": text("DELETE FROM search_index WHERE rowid IN :ids").bindparams(
        bindparam("ids", expanding=True)
    ),
    "postgresql": text("DELETE FROM search_index WHERE entity_id IN :ids").bindparams(
        bindparam("ids", expanding=True)
    ),
}
INSERT = {
    "sqlite": text(
        "INSERT INTO search_index (rowid, name, strong, weak) VALUES (:id, :name, :strong, :weak)"
    ),
    "postgresql": text(
        "INSERT INTO search_index (entity_id, name, strong, weak) VALUES (:id, "
        "array_to_tsvector(:name), array_to_tsvector(:strong), array_to_tsvector(:weak))"
    ),
}


def index_words(session: Session, words: Mapping[str, Words]) -> dict[str, int]:
    """Put entities into the index, or replace them there; returns their ids by reference.

    They are already flushed.
    """
    dialect = session.get_bind().dialect.name
    rows = session.execute(select(Entity.id, Entity.ref).where(Entity.ref.in_(list(words)))).all()
    forget_words(session, [row.id for row in rows])

    def shape(found: tuple[str, ...]) -> Any:
        return list(found) if dialect == "postgresql" else " ".join(found)

    session.execute(
        INSERT[dialect],
        [
            {
                "id": row.id,
                "name": shape(words[row.ref].name),
                "strong": shape(words[row.ref].strong),
                "weak": shape(words[row.ref].weak),
            }
            for row in rows
        ],
    )
    return {row.ref: row.id for row in rows}


def forget_words(session: Session, ids: Sequence[int]) -> None:
    """Take entities out of the index."""
    if ids:
        session.execute(FORGET[session.get_bind().dialect.name], {"ids": list(ids)})
