"""What was removed: the list of what can be brought back, the page of one, and the button."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, make_response, redirect, request, url_for

from portal.auth.core import Actor, Subject, decide
from portal.catalog.core.records import PORTAL
from portal.catalog.forms import make_ref
from portal.catalog.forms.history import BringBackForm, RemovedQuery
from portal.catalog.queries import entities
from portal.catalog.queries.history import PERSON, find_last_revision, name_people
from portal.catalog.queries.removed import find_removed, list_removed
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.telling import history_url, present_changes, split_ref
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.restoring import read_removed, restore_entity
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor, get_extension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response as Made
    from werkzeug.wrappers import Response

GONE = 404


@blueprint.get("/catalog/removed", endpoint="removed")
@requires("catalog:entity:read")
def removed_page() -> str:
    """List what was removed and can still be brought back."""
    session, actor = get_session(), get_actor(Actor)
    query = parse_arguments(RemovedQuery, request.args)
    page = list_removed(session, before=query.before, limit=query.limit)
    names = name_people(session, (row.actor or "" for row in page.items))
    labels = entities.list_labels(session, (row.owner for row in page.items if row.owner))
    cursor = query.next_cursor(page.next_key[0]) if page.next_key else None
    return render(
        "catalog/removed.html",
        items=[_present(actor, row, names, labels) for row in page.items],
        total=page.total,
        kept_hours=_keep_time() // timedelta(hours=1),
        next_url=url_for("catalog.removed", cursor=cursor) if cursor else None,
        first_url=url_for("catalog.removed") if query.cursor else None,
    )


def _keep_time() -> timedelta:
    return get_extension("undo_time", timedelta)


def _present(
    actor: Actor, row: Any, names: Mapping[str, str], labels: Mapping[str, Any]
) -> SimpleNamespace:
    parts = split_ref(row.ref)
    by_person = row.source == PORTAL or (row.actor or "").startswith(PERSON)
    return SimpleNamespace(
        ref=row.ref,
        label=parts["name"],
        kind=parts["kind"],
        url=presenting.entity_url(**parts),
        owner=presenting.make_link(row.owner, labels),
        removed_at=row.removed_at,
        until=row.removed_at + _keep_time(),
        by_person=by_person,
        actor=row.actor or "",
        actor_name=names.get(row.actor or ""),
        source=row.source,
        file=row.file,
        line=row.line,
        back_url=url_for("catalog.restore", **parts),
        may_bring_back=decide(actor, WRITE, Subject(row.ref, row.owner)).allowed,
    )


def show_removed(session: Session, actor: Actor, ref: str) -> Made | None:
    """Return the page of an entity that is not there any more, None when there never was one."""
    last = find_last_revision(session, ref)
    if last is None:
        return None
    kept = find_removed(session, ref)
    may = False
    if kept is not None:
        columns = read_kept(session, kept)
        may = decide(actor, WRITE, Subject(ref, columns["owner"], columns["system"])).allowed
    parts = split_ref(ref)
    page = render(
        "catalog/gone.html",
        ref=ref,
        label=parts["name"],
        change=present_changes(session, [last], ref=ref)[0],
        until=kept.removed_at + _keep_time() if kept else None,
        may_bring_back=may,
        back_url=url_for("catalog.restore", **parts),
        history_url=history_url(ref),
    )
    return make_response(page, GONE)


def read_kept(session: Session, kept: Any) -> Mapping[str, Any]:
    """Return the columns of a removed entity as it would be again."""
    return read_removed(session, kept).columns


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/restore")
@requires("catalog:entity:write", by_object=True)
def restore(kind: str, namespace: str, name: str) -> Response:
    """Bring a removed entity back."""
    parse_arguments(BringBackForm, request.form)
    ref = make_ref(kind, namespace, name)
    restore_entity(get_session(), get_actor(Actor), ref, now=utc_now())
    flash(f"{split_ref(ref)['name']} is back.")
    return redirect(presenting.entity_url(**split_ref(ref)), 303)
