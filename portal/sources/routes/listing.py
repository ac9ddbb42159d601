"""All sources on one page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import request, url_for

from portal.infra.clock import utc_now
from portal.sources.forms import SourceListQuery
from portal.sources.queries.pages import list_going
from portal.sources.queries.sources import Totals, count_totals, find_last_runs, list_top
from portal.sources.routes.blueprint import blueprint
from portal.sources.routes.presenting import (
    present_state,
    say_kind,
    say_place,
    say_seconds,
    say_until,
)
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from datetime import datetime

    from portal.sources.models import Source, SourceRun


@blueprint.get("/sources")
@requires("catalog:source:read")
def index() -> str:
    """List all sources but the repositories of organisations, which stand under theirs."""
    parse_arguments(SourceListQuery, request.args)
    session, now = get_session(), utc_now()
    top = list_top(session)
    totals, going = count_totals(session), list_going(session, now=now)
    runs = find_last_runs(session, [source.id for source in top])
    rows = [
        _present(each, totals.get(each.id, Totals()), runs.get(each.id), going, now) for each in top
    ]
    return render("sources/index.html", "list", rows=rows, is_going=any(r.is_going for r in rows))


def _present(
    source: Source, totals: Totals, run: SourceRun | None, going: set[int], now: datetime
) -> SimpleNamespace:
    return SimpleNamespace(
        name=source.name,
        url=url_for("sources.show", source_id=source.id),
        kind=say_kind(source.kind),
        place=say_place(source),
        state=present_state(source, totals, now=now),
        failure=source.failure,
        totals=totals,
        entities_url=url_for("catalog.index", source=source.name, view="everything"),
        problems_url=url_for("catalog.problems", source=source.name),
        checked_at=source.checked_at,
        took=say_seconds(run),
        next_run="" if source.is_paused else say_until(source.next_run_at, now),
        is_going=source.id in going,
    )
