"""Search: names in memory, aliases and words in the database, ranked together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import literal, select, text, union_all

from portal.catalog.core import matching
from portal.catalog.core.aliases import CERTAIN
from portal.catalog.core.columns import ABSENT, Columns
from portal.catalog.core.matching import MOST_ROWS, Found, NameIndex, build_name_index, rank_rows
from portal.catalog.core.pasted import choose_nearest, list_refs, list_steps, looks_pasted
from portal.catalog.core.words import split_query, squash
from portal.catalog.models import Entity, EntityAlias
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

ENOUGH = 5
NEAR, FAR = 3, 4  # after whole names with one or two letters wrong
COLUMNS = {matching.NAME_WORDS: "name", matching.STRONG: "strong", matching.WEAK: "weak"}
SQL = {
    ("sqlite", column): text(
        f"SELECT rowid FROM search_index WHERE {column} MATCH :words LIMIT {MOST_ROWS}"  # noqa: S608 both are ours
    )
    for column in COLUMNS.values()
} | {
    ("postgresql", column): text(
        f"SELECT entity_id FROM search_index WHERE {column} @@ CAST(:words AS tsquery) "  # noqa: S608 both are ours
        f"LIMIT {MOST_ROWS}"
    )
    for column in COLUMNS.values()
}


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows of the columns, the best first; `is_complete` unless there are more than 1,000."""

    rows: tuple[int, ...]
    is_complete: bool


def search_rows(session: Session, columns: Columns, question: str) -> Hits:
    """Return what a question finds: exact names, aliases, beginnings, words, then misspellings."""
    names = get_cache(session).renew(
        "catalog.names",
        NameIndex,
        lambda held: (
            held if held and held.revision == columns.revision else build_name_index(columns)
        ),
    )
    aliases, is_wide = _find_aliases(session, columns, question)
    if aliases and looks_pasted(question) and not is_wide:
        # The words of an address are those of many: its neighbours are not asked for.
        return Hits(tuple(rank_rows(columns, {matching.PASTED: aliases})), len(aliases) < MOST_ROWS)
    stages: dict[int, Found] = _find_names(names, squash(question))
    is_pasted = looks_pasted(question) or bool(list_refs(question))
    stages[matching.PASTED if is_pasted else matching.ALIAS] = aliases
    words = split_query(question)
    if words:
        for stage, column in COLUMNS.items():
            stages[stage] = _find_words(session, columns, column, words)
    if sum(len(rows) for rows in stages.values()) < ENOUGH:
        stages[matching.FUZZY] = _find_misspelt(session, columns, names, question)
    is_complete = all(len(rows) < MOST_ROWS for rows in stages.values())
    return Hits(tuple(rank_rows(columns, stages)[:MOST_ROWS]), is_complete)


def _find_names(names: NameIndex, key: str) -> dict[int, Found]:
    if not key:
        return {}
    exact, longer = names.find_beginning(key)
    part = names.find_part(key) if len(key) >= matching.SHORTEST_PART else []
    return {
        matching.EXACT: dict.fromkeys(exact, 0),
        matching.PREFIX: dict.fromkeys(longer, 0),
        matching.PART: dict.fromkeys(part, 0),
    }


def _find_aliases(session: Session, columns: Columns, question: str) -> tuple[Found, bool]:
    """Return what a pasted text names, and whether that is only its host or organisation."""
    values = {value for step in list_steps(question) for value in step.values}
    aliases = (
        select(EntityAlias.value, EntityAlias.confidence, Entity.id)
        .join(Entity, Entity.ref == EntityAlias.ref)
        .where(EntityAlias.value.in_(values))
        .limit(MOST_ROWS)
    )
    named = select(Entity.ref, literal(CERTAIN), Entity.id).where(
        Entity.ref.in_(list_refs(question))
    )
    found = session.execute(union_all(named, select(aliases.subquery()))).all()
    nearest, is_wide = choose_nearest(
        question, [(value, confidence == CERTAIN, row) for value, confidence, row in found]
    )
    rows = columns.find_rows(list(nearest)).tolist()
    return {
        row: distance for row, distance in zip(rows, nearest.values(), strict=True) if row != ABSENT
    }, is_wide


def _find_words(session: Session, columns: Columns, column: str, words: Sequence[str]) -> Found:
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        asked = " & ".join(f"'{word}':*" for word in words)
    else:
        asked = " AND ".join(f'"{word}"*' for word in words)
    return _to_rows(columns, session.scalars(SQL[dialect, column], {"words": asked}))


def _find_misspelt(session: Session, columns: Columns, names: NameIndex, question: str) -> Found:
    key = squash(question)
    if len(key) < matching.SHORTEST_FUZZY:
        return {}
    alike = names.find_alike(key)
    corrected = [_correct(names, word) for word in split_query(question)]
    if corrected:
        for column in ("name", "strong"):
            for row in _find_words(session, columns, column, corrected):
                alike.setdefault(row, FAR if column == "strong" else NEAR)
    return alike


def _correct(names: NameIndex, word: str) -> str:
    nearest = names.correct(word) if len(word) >= matching.SHORTEST_FUZZY else []
    return nearest[0] if nearest else word


def _to_rows(columns: Columns, ids: Iterable[int]) -> Found:
    rows = columns.find_rows(list(ids)).tolist()
    return {row: 0 for row in rows if row != ABSENT}
