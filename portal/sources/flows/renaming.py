"""Recognises entities that a run found under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra.clock import utc_now
from portal.infra.db import BATCH_ROWS
from portal.sources.core.renames import match_renames
from portal.sources.queries.renames import list_known
from portal.sources.service.renames import rename_found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.auth.core import Actor
    from portal.infra.db import Database
    from portal.sources.models import SourceFile


def follow_renames(
    database: Database,
    actor: Actor,
    *,
    gone: Sequence[str],
    fresh: Sequence[str],
    files: Mapping[str, SourceFile],
) -> set[str]:
    """Rename what vanished and is there anew; returns the old names. `files` are as before."""
    if not gone or not fresh:
        return set()
    with database.unit(write=False) as session:
        before, after = list_known(session, gone), list_known(session, fresh)

    def find_stood(path: str, number: int) -> str | None:
        file = files.get(path)
        documents = [] if file is None else file.documents
        return next((ref for place, _, ref, *_ in documents if place == number), None)

    pairs = sorted(match_renames(before, after, find_stood).items())
    for start in range(0, len(pairs), BATCH_ROWS):
        with database.unit(write=True) as session:
            rename_found(session, actor, pairs[start : start + BATCH_ROWS], now=utc_now())
    return {old for old, _ in pairs}
