"""The trail as pages: all of it with filters, as files, and beside an entity."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request, url_for

from portal.audit.core.changes import OUTCOMES, find_outcome, list_changes
from portal.audit.flows import read_entries
from portal.audit.forms import AuditExportQuery, AuditQuery
from portal.audit.queries.entries import (
    FIELDS,
    count_entries,
    list_entries,
    list_names,
    list_of_subjects,
)
from portal.audit.service import record_act
from portal.infra.clock import utc_now
from portal.web.exports import answer_file
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_database, get_session, survive
from portal.web.visitor import check_whole, get_actor_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response

    from portal.audit.models import AuditEntry
    from portal.infra.contributions import PanelSubject
    from portal.web.unit import Session

READ = "audit:entry:read"
MOST_BESIDE_ENTITY = 50
blueprint = Blueprint("audit", __name__)


@blueprint.get("/admin/audit")
@requires(READ)
def index() -> str:
    """Show the trail, newest first."""
    check_whole(READ)
    session = get_session()
    query = parse_arguments(AuditQuery, request.args)
    found = list_entries(session, query.choose(session), before=query.before, limit=query.limit + 1)
    shown, cursor = query.cut(found)
    given = query.list_given()
    return render(
        "audit/index.html",
        entries=present_entries(session, shown),
        given=given,
        outcomes=[("", "Any"), *((word, word.capitalize()) for word in OUTCOMES)],
        next_url=url_for("audit.index", **given, cursor=cursor) if cursor else None,
        first_url=url_for("audit.index", **given) if query.cursor else None,
        export_urls={k: url_for("audit.export", **given, format=k) for k in ("csv", "json")},
    )


@blueprint.get("/admin/audit/export")
@requires(READ)
def export() -> Response:
    """Hand out everything the page's filters choose."""
    check_whole(READ)
    session = get_session()
    query = parse_arguments(AuditExportQuery, request.args)
    wanted = query.choose(session)
    filters = query.list_given()
    for name, persons in (("actor", wanted.actors), ("subject", wanted.subjects)):
        if name in filters:  # the trail keeps who was asked for, not by which name
            filters[name] = list(persons[1:] or persons)
    after = {"format": query.format, "rows": count_entries(session, wanted), "filters": filters}
    survive(_record(get_actor_name(), after))
    return answer_file("audit", query.format, FIELDS, read_entries(get_database(), wanted))


def _record(actor: str, after: Mapping[str, Any]) -> Callable[[Session], None]:
    def record(session: Session) -> None:
        record_act(session, actor, "audit", action="audit.export", after=dict(after), now=utc_now())

    return record


def present_entries(session: Session, entries: Any) -> list[SimpleNamespace]:
    """Return entries as pages show them."""
    names = list_names(session, entries)
    return [_present(entry, names) for entry in entries]


def _present(entry: AuditEntry, names: Mapping[str, str]) -> SimpleNamespace:
    return SimpleNamespace(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        actor_name=names.get(entry.actor),
        action=entry.action,
        outcome=find_outcome(entry.action),
        subject=entry.subject,
        subject_name=names.get(entry.subject),
        changes=list_changes(entry.before, entry.after),
        request_id=entry.request_id,
        address=entry.address,
        position=entry.position,
    )


def badge_panel(session: Session, subject: PanelSubject) -> str | None:
    """Return nothing beside the tab for who may read the trail, None for everyone else."""
    del session
    return "" if subject.may(READ) else None


def render_panel(session: Session, subject: PanelSubject) -> str:
    """Return the newest acts on an entity and on the source it is read from."""
    found = list_of_subjects(
        session, (subject.ref, f"source:{subject.source}"), limit=MOST_BESIDE_ENTITY
    )
    return render_template(
        "audit/_panel.html",
        entries=present_entries(session, found),
        source=subject.source,
        all_url=url_for("audit.index", subject=f"source:{subject.source}"),
    )
