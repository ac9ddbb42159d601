"""How far a portal has been filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.core.columns import ABSENT, Mask
from portal.catalog.queries.columns import get_columns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NOWHERE = -2


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts that tell which steps of setting up are done."""

    entities: int
    teams: int
    people: int
    owned: int
    tiered: int
    components: int
    with_problems: int


def read_progress(session: Session) -> Progress:
    """Count what is there and lasts; components are what can be owned and tiered."""
    columns = get_columns(session)
    codes = columns.codes
    lasting = np.ones(len(columns), np.bool_) if columns.lasting is None else columns.lasting

    def have(kind: str) -> Mask:
        number = columns.texts["kind"].find(kind)
        found: Mask = lasting & (codes["kind"] == (NOWHERE if number is None else number))
        return found

    components = have("component")
    return Progress(
        int(np.count_nonzero(lasting)),
        int(np.count_nonzero(have("group"))),
        int(np.count_nonzero(have("user"))),
        int(np.count_nonzero(components & (codes["owner"] != ABSENT))),
        int(np.count_nonzero(components & (codes["tier"] != ABSENT))),
        int(np.count_nonzero(components)),
        int(np.count_nonzero(lasting & (columns.problems > 0))),
    )
