"""The history of entities as JSON: changes, states, what is gone, and new names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from portal.auth.core import Actor
from portal.catalog.api.history_shapes import (
    ChangeDetail,
    ChangeItem,
    ChangeList,
    HistoryList,
    NamedEntity,
    RemovedItem,
    RemovedList,
    StateDiff,
    write_change,
    write_fields,
    write_group,
)
from portal.catalog.core.changes import RENAMED
from portal.catalog.forms import make_ref
from portal.catalog.forms.history import (
    ChangesQuery,
    DiffQuery,
    HistoryQuery,
    RemovedQuery,
    RenameBody,
)
from portal.catalog.queries.changes import find_changes, find_owners
from portal.catalog.queries.history import (
    check_known,
    list_old_names,
    list_revisions,
    name_people,
    read_after,
    read_change,
    read_present,
)
from portal.catalog.queries.removed import list_removed
from portal.catalog.service.renames import rename_made
from portal.catalog.service.restoring import restore_entity
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments, parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor, get_extension

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

blueprint = Blueprint("catalog_history_api", __name__, url_prefix="/api/v1")
NAMED_OF_RUN = 20


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), mimetype="application/json")


def _known(session: Session, rows: Sequence[Any]) -> tuple[dict[str, str], dict[int, str]]:
    """Return the names of who made changes, and what was renamed by them."""
    names = name_people(session, (row.actor for row in rows))
    return names, list_old_names(session, [row.id for row in rows if row.change == RENAMED])


def _write(session: Session, rows: Sequence[Any]) -> list[ChangeItem]:
    names, old = _known(session, rows)
    return [write_change(row, names, old) for row in rows]


def _find_ref(session: Session, kind: str, namespace: str, name: str) -> str:
    """Return the reference of whoever is or was called so; raises NotFound, or leads on."""
    ref = make_ref(kind, namespace, name)
    check_known(session, ref)
    return ref


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/history")
@requires("catalog:entity:read")
@declare(query=HistoryQuery, answer=HistoryList)
def list_history(kind: str, namespace: str, name: str) -> Response:
    """List the changes of an entity under all its names, there or removed."""
    session = get_session()
    query = parse_arguments(HistoryQuery, request.args)
    ref = _find_ref(session, kind, namespace, name)
    rows = list_revisions(session, ref, before=query.before, limit=query.limit + 1)
    shown = rows[: query.limit]
    return _json(
        HistoryList(
            ref=ref,
            in_catalog=read_present(session, ref) is not None,
            items=_write(session, shown),
            next_cursor=query.next_cursor(shown[-1].id) if len(rows) > len(shown) else None,
        )
    )


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/history/<int:revision>")
@requires("catalog:entity:read")
@declare(answer=ChangeDetail)
def show_change(kind: str, namespace: str, name: str, revision: int) -> Response:
    """Show one change: the document before and after, and the fields that differ."""
    session = get_session()
    ref = _find_ref(session, kind, namespace, name)
    row, before, after = read_change(session, ref, revision)
    return _json(
        ChangeDetail(
            change=_write(session, [row])[0],
            fields=write_fields(before, after),
            before=before,
            after=after,
        )
    )


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/diff")
@requires("catalog:entity:read")
@declare(query=DiffQuery, answer=StateDiff)
def show_diff(kind: str, namespace: str, name: str) -> Response:
    """Compare what an entity was after two of its changes, or with what it is now."""
    session = get_session()
    query = parse_arguments(DiffQuery, request.args)
    ref = _find_ref(session, kind, namespace, name)
    before = read_after(session, ref, query.from_)
    after = read_after(session, ref, query.end)
    fields = write_fields(before, after)
    return _json(StateDiff(ref=ref, fields=fields, before=before, after=after))


@blueprint.get("/changes")
@requires("catalog:entity:read")
@declare(query=ChangesQuery, answer=ChangeList)
def list_all_changes() -> Response:
    """List what changed in the catalog; what one run did is one line, unless `each` is asked."""
    session, actor = get_session(), get_actor(Actor)
    query = parse_arguments(ChangesQuery, request.args)
    owners = find_owners(session, query.team, actor.teams if query.mine else None)
    groups, last = find_changes(
        session,
        query.make_filter(owners),
        is_each=bool(query.each),
        before=query.before,
        limit=query.limit,
    )
    names, old = _known(session, [row for group in groups for row in group.rows[:NAMED_OF_RUN]])
    items = [write_group(group, names, old, most=NAMED_OF_RUN) for group in groups]
    return _json(ChangeList(items=items, next_cursor=query.next_cursor(last)))


@blueprint.get("/removed")
@requires("catalog:entity:read")
@declare(query=RemovedQuery, answer=RemovedList)
def list_all_removed() -> Response:
    """List what was removed and can still be brought back."""
    session = get_session()
    query = parse_arguments(RemovedQuery, request.args)
    page = list_removed(session, before=query.before, limit=query.limit)
    kept = get_extension("undo_time", timedelta)
    return _json(
        RemovedList(
            items=[
                RemovedItem(
                    ref=row.ref,
                    source=row.source,
                    file=row.file,
                    line=row.line,
                    owner=row.owner,
                    removed_at=row.removed_at.isoformat(),
                    until=(row.removed_at + kept).isoformat(),
                )
                for row in page.items
            ],
            total=page.total,
            next_cursor=query.next_cursor(page.next_key[0] if page.next_key else None),
        )
    )


@blueprint.post("/entities/<string:kind>/<string:namespace>/<string:name>/restore")
@requires("catalog:entity:write", by_object=True)
@declare(answer=NamedEntity)
def restore(kind: str, namespace: str, name: str) -> Response:
    """Bring a removed entity back; its owner before may, and admins."""
    ref = make_ref(kind, namespace, name)
    return _json(
        NamedEntity(ref=restore_entity(get_session(), get_actor(Actor), ref, now=utc_now()))
    )


@blueprint.post("/entities/<string:kind>/<string:namespace>/<string:name>/rename")
@requires("catalog:entity:write", by_object=True)
@declare(answer=NamedEntity)
def rename(kind: str, namespace: str, name: str) -> Response:
    """Call an entity that was made in the portal otherwise; old addresses lead to the new one."""
    body = parse_document(RenameBody, request)
    new = rename_made(
        get_session(),
        get_actor(Actor),
        make_ref(kind, namespace, name),
        body.name,
        version=body.version,
        now=utc_now(),
    )
    return _json(NamedEntity(ref=new))
