"""References spelt almost like one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from portal.catalog.queries.columns import get_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST, MOST_TRIED = 5, 30
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
