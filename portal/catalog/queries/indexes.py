"""Loads the search index once per process, then reads only the words of what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.matching import SearchIndex, gather_index, merge_index
from portal.catalog.core.postings import RowWords
from portal.catalog.models import Entity, EntityWords
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns

# More than this is read as a whole: it costs no more then.
MOST_MERGED = 2000
BATCH = 5000
WORDS = select(EntityWords.entity_id, EntityWords.name, EntityWords.strong, EntityWords.weak)


def get_search_index(session: Session, columns: Columns) -> SearchIndex:
    """Return the index that belongs to `columns`."""
    return get_cache(session).renew(
        "catalog.search",
        SearchIndex,
        lambda held: (
            held if held and held.revision == columns.revision else _refresh(session, held, columns)
        ),
    )


def _refresh(session: Session, held: SearchIndex | None, columns: Columns) -> SearchIndex:
    if held is None:
        return gather_index(columns, _read_words(session, columns, None))
    query = select(Entity.id).where(Entity.revision > held.revision)
    changed = session.scalars(query.limit(MOST_MERGED + 1)).all()
    if len(changed) > MOST_MERGED:
        return gather_index(columns, _read_words(session, columns, None))
    if not changed and columns.ids is held.ids:
        return replace(held, revision=columns.revision)
    rows = [row for row in columns.find_rows(changed).tolist() if row != ABSENT]
    return merge_index(held, columns, rows, _read_words(session, columns, changed))


def _read_words(
    session: Session, columns: Columns, ids: Sequence[int] | None
) -> Iterator[RowWords]:
    query = WORDS if ids is None else WORDS.where(EntityWords.entity_id.in_(ids))
    found = session.execute(query.execution_options(yield_per=BATCH))
    for batch in found.partitions():
        places = columns.find_rows([row[0] for row in batch]).tolist()
        for place, (_, name, strong, weak) in zip(places, batch, strict=True):
            if place != ABSENT:
                yield RowWords(place, _tell_apart(name, strong, weak))


def _tell_apart(name: str, strong: str, weak: str) -> tuple[set[str], ...]:
    """Return the words of each level without those of the one before, which it holds."""
    named, telling, said = ({*words.split()} for words in (name, strong, weak))
    return named, telling - named, said - telling
