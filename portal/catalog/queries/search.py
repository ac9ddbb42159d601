"""Search: names and words in memory, aliases in the database, ranked together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import bindparam, literal, select

from portal.catalog.core import matching
from portal.catalog.core.aliases import CERTAIN
from portal.catalog.core.columns import ABSENT, Columns, Ints
from portal.catalog.core.matching import MOST_ROWS, Found, SearchIndex, rank_rows
from portal.catalog.core.names import MOST_PARTS, correct
from portal.catalog.core.pasted import choose_nearest, list_refs, list_steps, looks_pasted
from portal.catalog.core.postings import NAME, STRONG, WEAK, match_words
from portal.catalog.core.words import split_query, squash
from portal.catalog.models import Entity, EntityAlias
from portal.catalog.queries.indexes import get_search_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

ENOUGH = 5
SHORTEST_FUZZY = 4
SHORTEST_PART = 3
NEAR, FAR = 3, 4  # after whole names with one or two letters wrong
STAGES = {NAME: matching.NAME_WORDS, STRONG: matching.STRONG, WEAK: matching.WEAK}
NAMED = select(Entity.ref, literal(CERTAIN), Entity.id).where(
    Entity.ref.in_(bindparam("refs", expanding=True))
)
ALIASES = (
    select(EntityAlias.value, EntityAlias.confidence, Entity.id)
    .join(Entity, Entity.ref == EntityAlias.ref)
    .where(EntityAlias.value.in_(bindparam("values", expanding=True)))
    .limit(MOST_ROWS)
)


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows of the columns, the best first; `is_complete` unless there are more than 1,000."""

    rows: Ints
    is_complete: bool


def search_rows(session: Session, columns: Columns, question: str) -> Hits:
    """Return what a question finds: exact names, aliases, beginnings, words, then misspellings."""
    index = get_search_index(session, columns)
    aliases, is_wide, has_all_aliases = _find_aliases(session, columns, question)
    if len(aliases.rows) and looks_pasted(question) and not is_wide:
        # The words of an address are those of many: its neighbours are not asked for.
        rows, is_complete = rank_rows(columns, index.weights, {matching.PASTED: aliases})
        return Hits(rows, is_complete and has_all_aliases)
    stages = {**_find_names(index, squash(question)), **_find_words(index, split_query(question))}
    is_pasted = looks_pasted(question) or bool(list_refs(question))
    stages[matching.PASTED if is_pasted else matching.ALIAS] = aliases
    if _count_finds(stages) < ENOUGH:
        stages[matching.FUZZY] = _find_misspelt(index, question)
    rows, is_complete = rank_rows(columns, index.weights, stages)
    parts = stages.get(matching.PART)
    has_all_parts = parts is None or len(parts.rows) < MOST_PARTS
    return Hits(rows, is_complete and has_all_parts and has_all_aliases)


def _count_finds(stages: Mapping[int, Found]) -> int:
    """Count how often anything was found: what the name's words say, all words say too."""
    repeated = {matching.NAME_WORDS: 3, matching.STRONG: 2}
    return sum(len(found.rows) * repeated.get(stage, 1) for stage, found in stages.items())


def _find_names(index: SearchIndex, key: str) -> dict[int, Found]:
    if not key:
        return {}
    exact, longer = index.names.find_beginning(key)
    found = {matching.EXACT: Found(exact), matching.PREFIX: Found(longer)}
    if len(key) >= SHORTEST_PART:
        found[matching.PART] = Found(index.names.find_part(key))
    return found


def _find_words(index: SearchIndex, words: Sequence[str]) -> dict[int, Found]:
    if not words:
        return {}
    levels = match_words(index.postings, words, len(index.ids))
    return {stage: Found(np.flatnonzero(levels == level)) for level, stage in STAGES.items()}


def _find_aliases(session: Session, columns: Columns, question: str) -> tuple[Found, bool, bool]:
    """Return what a pasted text names, whether that is only a host, and whether it is all."""
    values = list(dict.fromkeys(value for step in list_steps(question) for value in step.values))
    found = [*session.execute(ALIASES, {"values": values})]
    has_all = len(found) < MOST_ROWS
    refs = list_refs(question)
    if refs:
        found += session.execute(NAMED, {"refs": refs})
    nearest, is_wide = choose_nearest(
        question, [(value, confidence == CERTAIN, row) for value, confidence, row in found]
    )
    rows = columns.find_rows(list(nearest))
    here = rows != ABSENT
    distances = np.array([*nearest.values()], np.int64)[here]
    return Found(rows[here], distances), is_wide, has_all


def _find_misspelt(index: SearchIndex, question: str) -> Found:
    key = squash(question)
    if len(key) < SHORTEST_FUZZY:
        return Found(np.empty(0, np.int64))
    alike = index.names.find_alike(key)
    corrected = [correct(word, index.vocabulary) for word in split_query(question)]
    if corrected:
        levels = match_words(index.postings, corrected, len(index.ids))
        for level, distance in ((NAME, NEAR), (STRONG, FAR)):
            for row in np.flatnonzero(levels == level).tolist():
                alike.setdefault(row, distance)
    return Found(np.array([*alike], np.int64), np.array([*alike.values()], np.int64))
