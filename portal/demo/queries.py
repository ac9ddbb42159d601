"""Whether the demo company is in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portal.catalog.queries.columns import get_columns
from portal.infra.contributions import NoticeLine

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SOURCE = "demo"
NOTICE = NoticeLine(
    "Demo data: Larkmoor is an invented company. This takes all of it away:", "portal demo remove"
)


def read_notice(session: Session) -> NoticeLine | None:
    """Return the line that marks every page while anything of the demo is there."""
    columns = get_columns(session)
    number = columns.texts["source"].find(SOURCE)
    is_there = number is not None and bool(np.any(columns.codes["source"] == number))
    return NOTICE if is_there else None
