"""Managing sources over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from portal.auth.core import Actor
from portal.infra.clock import utc_now
from portal.sources.api.blueprint import blueprint, get_setup
from portal.sources.api.shapes import (
    Accepted,
    HeldAnswer,
    RunPage,
    SourceItem,
    SourceList,
    SourcePage,
    write_run,
    write_source,
)
from portal.sources.forms import (
    ChangedSourceBody,
    NewSourceBody,
    RepositoryListQuery,
    RunListQuery,
)
from portal.sources.queries.sources import (
    count_totals,
    count_totals_of,
    find_last_runs,
    get_source,
    list_repositories,
    list_runs,
    list_top,
)
from portal.sources.service.declaring import (
    change_source,
    confirm_removals,
    declare_source,
    pause_source,
    remove_source,
)
from portal.sources.service.requests import refresh_source
from portal.sources.service.trust import set_trust
from portal.web.cursor import encode_cursor
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_actor, get_box


def _json(model: Any, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")


@blueprint.get("/sources")
@requires("catalog:source:read")
@declare(answer=SourceList)
def list_sources() -> Response:
    """List all sources but the repositories of organisations, with counts and their last runs."""
    session = get_session()
    top = list_top(session)
    totals, runs = count_totals(session), find_last_runs(session, [source.id for source in top])
    return _json(
        SourceList(
            items=[
                write_source(each, totals=totals.get(each.id), last_run=runs.get(each.id))
                for each in top
            ]
        )
    )


@blueprint.post("/sources")
@requires("sources:source:write")
@declare(answer=SourceItem)
def add_source() -> Response:
    """Declare a source; it is read as soon as a worker is free."""
    body = parse_document(NewSourceBody, request)
    source = declare_source(
        get_session(),
        get_actor(Actor),
        body.name,
        declaration=body.make_declaration(get_setup().folders),
        box=get_box(),
        secrets=body.list_secrets(),
        now=utc_now(),
    )
    answer = _json(write_source(source), 201)
    answer.headers["Location"] = url_for("sources_api.show_source", source_id=source.id)
    return answer


@blueprint.get("/sources/<int:source_id>")
@requires("catalog:source:read")
@declare(answer=SourceItem)
def show_source(source_id: int) -> Response:
    """Show a source."""
    session = get_session()
    source = get_source(session, source_id)
    run = find_last_runs(session, [source_id]).get(source_id)
    return _json(write_source(source, totals=count_totals_of(session, source_id), last_run=run))


@blueprint.put("/sources/<int:source_id>")
@requires("sources:source:write")
@declare(answer=SourceItem)
def put_source(source_id: int) -> Response:
    """Change a source; `revision` is the one that was looked at."""
    body = parse_document(ChangedSourceBody, request)
    session = get_session()
    source = get_source(session, source_id)
    change_source(
        session,
        get_actor(Actor),
        source,
        declaration=body.make_declaration(get_setup().folders),
        box=get_box(),
        secrets=body.list_secrets(),
        was=body.revision,
        now=utc_now(),
    )
    return _json(write_source(source))


@blueprint.delete("/sources/<int:source_id>")
@requires("sources:source:write")
@declare(answer=Accepted)
def delete_source(source_id: int) -> Response:
    """Remove a source and everything it brought, in the background."""
    session = get_session()
    source = get_source(session, source_id)
    remove_source(session, get_actor(Actor), source, now=utc_now())
    return _json(Accepted(source=source.name, status="being_removed"), 202)


@blueprint.post("/sources/<int:source_id>/refresh")
@requires("sources:run:write")
@declare(answer=Accepted)
def refresh(source_id: int) -> Response:
    """Have a source read now; the answer does not wait for it."""
    source = refresh_source(get_session(), get_actor(Actor), source_id, now=utc_now())
    return _json(Accepted(source=source.name, status="requested"), 202)


@blueprint.post("/sources/<int:source_id>/pause")
@requires("sources:source:write")
@declare(answer=SourceItem)
def pause(source_id: int) -> Response:
    """Stop reading a source."""
    return _set_paused(source_id, paused=True)


@blueprint.post("/sources/<int:source_id>/resume")
@requires("sources:source:write")
@declare(answer=SourceItem)
def resume(source_id: int) -> Response:
    """Go on reading a source."""
    return _set_paused(source_id, paused=False)


def _set_paused(source_id: int, *, paused: bool) -> Response:
    session = get_session()
    source = get_source(session, source_id)
    pause_source(session, get_actor(Actor), source, paused=paused, now=utc_now())
    return _json(write_source(source))


@blueprint.post("/sources/<int:source_id>/confirm-removals")
@requires("sources:source:write")
@declare(answer=HeldAnswer)
def confirm(source_id: int) -> Response:
    """Agree to the removals a source holds."""
    session = get_session()
    source = get_source(session, source_id)
    removals = confirm_removals(session, get_actor(Actor), source, now=utc_now())
    return _json(HeldAnswer(source=source.name, removals=removals), 202)


@blueprint.post("/sources/<int:source_id>/trust")
@requires("sources:source:write", recent=True)
@declare(answer=SourceItem)
def trust(source_id: int) -> Response:
    """Believe a source about who is in which team."""
    return _set_trust(source_id, people=True)


@blueprint.post("/sources/<int:source_id>/distrust")
@requires("sources:source:write")
@declare(answer=SourceItem)
def distrust(source_id: int) -> Response:
    """Believe a source about people no more."""
    return _set_trust(source_id, people=False)


def _set_trust(source_id: int, *, people: bool) -> Response:
    session = get_session()
    source = get_source(session, source_id)
    set_trust(session, get_actor(Actor), source, people=people, now=utc_now())
    return _json(write_source(source))


@blueprint.get("/sources/<int:source_id>/runs")
@requires("catalog:source:read")
@declare(query=RunListQuery, answer=RunPage)
def runs(source_id: int) -> Response:
    """List the runs of a source, the latest first."""
    query = parse_arguments(RunListQuery, request.args)
    session = get_session()
    get_source(session, source_id)
    before = query.after[0] if query.after else None
    found = list_runs(session, source_id, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    more = len(found) > query.limit
    cursor = encode_cursor("source-runs", (shown[-1].id,)) if more else None
    return _json(RunPage(items=[write_run(run) for run in shown], next_cursor=cursor))


@blueprint.get("/sources/<int:source_id>/repositories")
@requires("catalog:source:read")
@declare(query=RepositoryListQuery, answer=SourcePage)
def repositories(source_id: int) -> Response:
    """List the repositories of an organisation by name."""
    query = parse_arguments(RepositoryListQuery, request.args)
    session = get_session()
    get_source(session, source_id)
    after = (str(query.after[0]), int(query.after[1])) if query.after else None
    found = list_repositories(session, source_id, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = len(found) > query.limit
    cursor = encode_cursor("source-children", (shown[-1].name, shown[-1].id)) if more else None
    return _json(SourcePage(items=[write_source(each) for each in shown], next_cursor=cursor))
