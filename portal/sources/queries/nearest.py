"""Files that are almost where one is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from sqlalchemy import or_, select

from portal.sources.models import Source, SourceFile

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST, MOST_PATHS = 5, 500


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
