"""The history of an entity, there or gone: its changes, one of them, any two states compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.catalog.core.changes import say_field
from portal.catalog.core.diffs import compare_fields, compare_lines, say_value
from portal.catalog.forms import make_ref
from portal.catalog.forms.history import NOW, DiffQuery, HistoryQuery
from portal.catalog.queries import entities
from portal.catalog.queries.history import (
    check_known,
    list_revisions,
    read_after,
    read_change,
    read_present,
)
from portal.catalog.routes.block_yaml import write_blocks
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.presenting import entity_url
from portal.catalog.routes.telling import history_url, present_changes, split_ref
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session

if TYPE_CHECKING:
    from portal.catalog.core.diffs import FieldChange

SHOWN = 50


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/history")
@requires("catalog:entity:read")
def history(kind: str, namespace: str, name: str) -> str:
    """Show what happened to an entity, whether it is there or not."""
    session = get_session()
    query = parse_arguments(HistoryQuery, request.args)
    ref = _find_name(session, kind, namespace, name)
    return render(
        "catalog/history.html",
        history=present_history(session, ref, query),
        ref=ref,
        head=_present_head(session, ref),
    )


def present_history(session: Session, ref: str, query: HistoryQuery) -> SimpleNamespace:
    """Return one page of what happened to an entity, the latest first."""
    rows = list_revisions(session, ref, before=query.before, limit=query.limit + 1)
    shown = rows[: query.limit]
    cursor = query.next_cursor(shown[-1].id) if len(rows) > len(shown) else None
    limit = query.limit if query.limit != SHOWN else None
    return SimpleNamespace(
        items=present_changes(session, shown, ref=ref),
        next_url=history_url(ref, cursor=cursor, limit=limit) if cursor else None,
        first_url=history_url(ref, limit=limit) if query.cursor else None,
        compare_url=url_for("catalog.diff", **split_ref(ref)),
        past_url=entity_url(**split_ref(ref)),
        is_present=read_present(session, ref) is not None,
    )


def _present_head(session: Session, ref: str) -> SimpleNamespace:
    parts = split_ref(ref)
    label = entities.list_labels(session, [ref]).get(ref)
    return SimpleNamespace(
        label=(label.title or label.name) if label else parts["name"],
        url=entity_url(**parts) if label else None,
        history_url=history_url(ref),
    )


@blueprint.get(
    "/catalog/<string:kind>/<string:namespace>/<string:name>/history/<int:revision>",
    endpoint="change",
)
@requires("catalog:entity:read")
def change(kind: str, namespace: str, name: str, revision: int) -> str:
    """Show one change: what it made of which fields."""
    session = get_session()
    ref = _find_name(session, kind, namespace, name)
    row, before, after = read_change(session, ref, revision)
    return render(
        "catalog/change.html",
        ref=ref,
        head=_present_head(session, ref),
        change=present_changes(session, [row], ref=ref)[0],
        title="One change",
        **_compare(before, after),
    )


@blueprint.get(
    "/catalog/<string:kind>/<string:namespace>/<string:name>/history/diff", endpoint="diff"
)
@requires("catalog:entity:read")
def compare(kind: str, namespace: str, name: str) -> str:
    """Compare what an entity was after two of its changes, or with what it is now."""
    session = get_session()
    query = parse_arguments(DiffQuery, request.args)
    ref = _find_name(session, kind, namespace, name)
    before = read_after(session, ref, query.from_)
    after = read_after(session, ref, query.end)
    return render(
        "catalog/change.html",
        ref=ref,
        head=_present_head(session, ref),
        change=None,
        title=f"After change {query.from_}, and {say_end(query.to)}",
        **_compare(before, after),
    )


def say_end(to: str) -> str:
    """Return the second state of a comparison in words."""
    return "now" if to == NOW else f"after change {to}"


def _find_name(session: Session, kind: str, namespace: str, name: str) -> str:
    """Return the reference of whoever is or was called so; raises NotFound, or leads on."""
    ref = make_ref(kind, namespace, name)
    check_known(session, ref)
    return ref


def _compare(before: Any, after: Any) -> dict[str, Any]:
    lines = compare_lines(write_blocks(before), write_blocks(after))
    return {
        "fields": [_present_field(field) for field in compare_fields(before, after)],
        "lines": lines,
        "is_first": before is None,
        "is_gone": after is None,
    }


def _present_field(field: FieldChange) -> SimpleNamespace:
    return SimpleNamespace(
        name=say_field(field.pointer),
        before=say_value(field.before) if field.was_there else None,
        after=say_value(field.after) if field.is_there else None,
    )
