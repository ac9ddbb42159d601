"""What is spelt almost like something that is not there: references, and paths of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process
from sqlalchemy import or_, select

from portal.catalog.queries.columns import get_columns
from portal.sources.models import Source, SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST, MOST_TRIED, MOST_PATHS = 5, 30, 500
ALIKE = 66


def find_nearest(session: Session, refs: Sequence[str]) -> tuple[str, ...]:
    """Return up to 5 references spelt most alike, those of the kind that is asked for first."""
    if not refs:
        return ()
    kinds = {ref.partition(":")[0] for ref in refs}
    wanted = refs[0].rpartition("/")[2]
    columns = get_columns(session)
    found = process.extract(
        wanted,
        columns.names,
        scorer=fuzz.ratio,
        processor=str.lower,
        limit=MOST_TRIED,
        score_cutoff=ALIKE,
    )
    ranked = []
    for _, score, row in found:
        kind, space = (
            columns.texts[name].texts[int(columns.codes[name][row])]
            for name in ("kind", "namespace")
        )
        ref = f"{kind}:{space}/{columns.names[row]}".lower()
        ranked.append((len(kinds) == 1 and kind not in kinds, -score, ref))
    return tuple(ref for *_, ref in sorted(ranked)[:MOST])


def find_similar(session: Session, source_id: int | None, path: str) -> tuple[tuple[str, str], ...]:
    """Return up to 5 files in the same folder or of the same name, as (source, path)."""
    folder, _, name = path.rpartition("/")
    query = select(Source.name, SourceFile.path).join(Source, Source.id == SourceFile.source_id)
    same = or_(SourceFile.path == name, SourceFile.path.endswith(f"/{name}", autoescape=True))
    if source_id is not None:
        inside = f"{folder}/" if folder else ""
        near = SourceFile.path.startswith(inside, autoescape=True) if inside else None
        query = query.where(SourceFile.source_id == source_id)
        if near is not None:
            query = query.where(or_(near, same))
    else:
        query = query.where(same)
    rows = session.execute(query.order_by(SourceFile.path).limit(MOST_PATHS)).all()
    ranked = sorted(rows, key=lambda row: (-fuzz.ratio(path, row.path), row.path))
    return tuple((row.name, row.path) for row in ranked[:MOST])
