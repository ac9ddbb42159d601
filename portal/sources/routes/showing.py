"""The page of one source: how it is, what is declared, what is wrong, runs, repositories."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.infra.clock import utc_now
from portal.sources.core.declarations import COMMAND, HOSTS, WEBHOOKS, Declaration
from portal.sources.core.state import FAILING, FRESH, HELD, WAITING
from portal.sources.forms import SourceQuery
from portal.sources.queries import pages
from portal.sources.queries.sources import Totals, count_totals_of, get_source, list_runs
from portal.sources.routes import presenting as say
from portal.sources.routes.blueprint import blueprint, get_setup
from portal.sources.service.permissions import WRITE
from portal.web.cursor import decode_cursor, encode_cursor
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import may

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portal.sources.models import Source, SourceRun

PROBLEMS, RUNS, REPOSITORIES = 25, 10, 25
CHOICES = (
    ("", "Any"),
    (FRESH, "Fresh"),
    (FAILING, "Failing"),
    (HELD, "Removals held"),
    (WAITING, "Not read yet"),
)


@blueprint.get("/sources/<int:source_id>")
@requires("catalog:source:read")
def show(source_id: int) -> str:
    """Show one source; htmx asks for its moving part while a run is under way."""
    session, now = get_session(), utc_now()
    query = parse_arguments(SourceQuery, request.args)
    source = get_source(session, source_id)
    top = source if source.parent_id is None else get_source(session, source.parent_id)
    totals = count_totals_of(session, source_id)
    going = pages.find_going(session, top.id, now=now)
    good = pages.find_last_good(session, source_id)
    return render(
        "sources/show.html",
        "live",
        source=_present(source, top, totals, good, now),
        going=going,
        is_moving=going is not None and going.state != pages.LATER,
        here=url_for("sources.show", source_id=source_id),
        problems=_list_problems(session, source, query),
        runs=_list_runs(session, source, query, is_going=going is not None),
        repositories=_list_repositories(session, source, query, now)
        if source.kind in HOSTS
        else None,
        query=query,
        choices=CHOICES,
    )


def _present(
    source: Source, top: Source, totals: Totals, good: SourceRun | None, now: datetime
) -> SimpleNamespace:
    declaration = Declaration.read(source.declaration)
    is_child = source.parent_id is not None
    next_at = None if top.is_paused else top.next_run_at
    return SimpleNamespace(
        id=source.id,
        name=source.name,
        row=source,
        kind=source.kind,
        kind_words=say.say_kind(source.kind),
        top=SimpleNamespace(name=top.name, url=url_for("sources.show", source_id=top.id)),
        is_child=is_child,
        is_command=source.kind == COMMAND,
        is_managed=source.kind != COMMAND and not is_child,
        state=say.present_state(source, totals, now=now),
        is_being_removed=say.is_being_removed(top, now=now),
        totals=totals,
        held=totals.held or source.held,
        declaration=declaration,
        every=say.say_every(declaration.every_minutes),
        policy=say.say_policy(declaration),
        discovery=say.say_discovery(declaration) if declaration.is_host else [],
        next_run=say.say_until(next_at, now),
        next_run_at=next_at,
        ends=say.say_until(top.expires_at, now),
        expires_at=top.expires_at,
        good_at=good.finished_at if good else None,
        took=say.say_seconds(good),
        budget=say.present_budget(good),
        webhook=_present_webhook(top) if may(WRITE) and source.kind != COMMAND else None,
        entities_url=url_for("catalog.index", source=source.name, view="everything"),
        audit_url=url_for("audit.index", subject=f"source:{source.name}"),
    )


def _present_webhook(source: Source) -> SimpleNamespace:
    path = url_for("sources_api.receive", source_id=source.id)
    return SimpleNamespace(
        url=get_setup().public_url.rstrip("/") + path,
        host=WEBHOOKS.get(source.kind, "generic" if source.kind != "git" else ""),
        kept="webhook" in pages.list_kept_secrets(get_session(), source.id),
    )


def _list_problems(session: Session, source: Source, query: SourceQuery) -> SimpleNamespace:
    scope = f"source-problems:{source.id}"
    after = None if query.problems is None else decode_cursor(scope, query.problems)
    found = pages.list_source_problems(
        session, source.id, after=after and (str(after[0]), int(after[1])), limit=PROBLEMS + 1
    )
    items = [
        SimpleNamespace(
            severity=row.severity,
            message=row.message,
            fix=row.fix,
            source=name,
            file=row.file,
            line=row.line,
            document=row.document_number,
            url=say.make_file_link(file_url, row.file, row.line),
        )
        for row, name, file_url in found[:PROBLEMS]
    ]
    last = found[PROBLEMS - 1][0] if len(found) > PROBLEMS else None
    return _page(items, "problems", scope, last and (last.severity, last.id), query)


def _list_runs(
    session: Session, source: Source, query: SourceQuery, *, is_going: bool
) -> SimpleNamespace:
    scope = f"source-page-runs:{source.id}"
    after = None if query.runs is None else decode_cursor(scope, query.runs)
    found = list_runs(
        session, source.id, before=None if after is None else int(after[0]), limit=RUNS + 1
    )
    items = [say.present_run(run, is_going=is_going) for run in found[:RUNS]]
    last = found[RUNS - 1] if len(found) > RUNS else None
    return _page(items, "runs", scope, None if last is None else (last.id,), query)


def _list_repositories(
    session: Session, source: Source, query: SourceQuery, now: datetime
) -> SimpleNamespace:
    scope = f"source-page-children:{source.id}:{query.q}:{query.state}"
    after = None if query.repositories is None else decode_cursor(scope, query.repositories)
    found = pages.search_repositories(
        session,
        source.id,
        q=query.q,
        state=query.state,
        after=after and (str(after[0]), int(after[1])),
        limit=REPOSITORIES + 1,
    )
    shown = found[:REPOSITORIES]
    counts = pages.count_entities(session, [each.name for each in shown])
    items = [_present_repository(each, counts, now) for each in shown]
    last = shown[-1] if len(found) > REPOSITORIES else None
    return _page(
        items, "repositories", scope, None if last is None else (last.name, last.id), query
    )


def _present_repository(source: Source, counts: dict[str, int], now: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        label=Declaration.read(source.declaration).address,
        url=url_for("sources.show", source_id=source.id),
        state=say.present_state(source, Totals(held=source.held), now=now),
        failure=source.failure,
        entities=counts.get(source.name, 0),
        checked_at=source.checked_at,
        held=source.held,
    )


def _page(
    items: Sequence[Any], name: str, scope: str, key: tuple[Any, ...] | None, query: SourceQuery
) -> SimpleNamespace:
    """Return a part of the page with the addresses of its next and its first page."""
    kept: dict[str, Any] = query.model_dump(exclude={name}, exclude_defaults=True)
    kept.update(request.view_args or {}, _anchor=name)
    cursor = None if key is None else encode_cursor(scope, key)
    return SimpleNamespace(
        items=items,
        next_url=cursor and url_for("sources.show", **{**kept, name: cursor}),
        first_url=url_for("sources.show", **kept) if getattr(query, name) else None,
    )
