"""What of the catalog waits for whoever answers for some teams."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import func, select

from portal.catalog.core.columns import ABSENT
from portal.catalog.core.facets import (
    select_bare,
    select_personal,
    select_required,
    select_running,
)
from portal.catalog.core.filters import NOT_SET
from portal.catalog.core.own_fields import Required
from portal.catalog.models import CatalogProblem
from portal.catalog.queries.columns import get_columns
from portal.infra.contributions import Need

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Columns, Mask
    from portal.catalog.core.own_fields import OwnField

MOST_LACKING = 3


def list_open(session: Session, ref: str) -> list[Need]:
    """Return what is open about one entity: the problems of its file."""
    count = session.scalar(select(func.count(CatalogProblem.id)).where(CatalogProblem.ref == ref))
    if not count:
        return []
    kind, _, rest = ref.partition(":")
    text = f"{count} {'problem' if count == 1 else 'problems'} with its descriptor"
    return [Need(40, text, f"/catalog/{kind}/{rest}")]


def list_needs(session: Session, teams: Collection[str], now: datetime) -> list[Need]:
    """Return the problems and the missing tiers of what some teams own."""
    del now
    columns = get_columns(session)
    owned = select_personal(columns, teams, None)
    if owned is None or not owned.any():
        return []
    flawed = int(np.count_nonzero(owned & (columns.problems > 0)))
    bare = owned & select_running(columns) & (columns.codes["tier"] == ABSENT)
    untiered = int(np.count_nonzero(bare))
    found = []
    if flawed:
        words = "entry of yours has" if flawed == 1 else "entries of yours have"
        text = f"{flawed:,} {words} problems in their descriptors"
        found.append(Need(40, text, "/catalog?mine=yes&problems=yes&view=everything"))
    if untiered:
        words = "service of yours has" if untiered == 1 else "services of yours have"
        text = f"{untiered:,} {words} no tier"
        found.append(Need(60, text, "/catalog?mine=yes&tier=-", "Say how much each one matters."))
    return [*found, *_list_lacking(columns, owned)]


def _list_lacking(columns: Columns, owned: Mask) -> list[Need]:
    """Return the own fields that most of what is owned lacks, though it must have them."""
    lacking = []
    for column in columns.fields.values():
        bare = owned & select_required(columns, column.declared) & select_bare(columns, column)
        count = int(np.count_nonzero(bare))
        if count:
            runs = not (bare & ~select_running(columns)).any()
            lacking.append((count, column.declared, runs))
    lacking.sort(key=lambda each: -each[0])
    return [_say_lacking(*each) for each in lacking[:MOST_LACKING]]


def _say_lacking(count: int, declared: OwnField, runs: bool) -> Need:  # noqa: FBT001 it comes in a tuple
    nouns = ("service", "services") if runs else ("entry", "entries")
    noun, verb = (nouns[0], "lacks") if count == 1 else (nouns[1], "lack")
    asked = declared.required or Required()
    query = [("mine", "yes"), ("view", "everything"), (declared.name, NOT_SET)]
    query += [("kind", kind) for kind in asked.kinds]
    query += [("class", each) for each in asked.classes]
    query += [("tier", str(tier)) for tier in asked.tiers]
    text = f"{count:,} {noun} of yours {verb} {declared.title}"
    return Need(50, text, f"/catalog?{urlencode(query)}", declared.help)
