"""The form of an entity: shown, saved, and merged with what somebody else saved meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.core.document_fields import (
    MISSING,
    Blocked,
    Change,
    apply_changes,
    is_within,
    read_field,
)
from portal.catalog.core.edits import describe_findings
from portal.catalog.core.form_text import write_changes
from portal.catalog.core.merging import BOTH, THEIRS, merge_all
from portal.catalog.core.records import PORTAL
from portal.catalog.core.specs import check_entity
from portal.catalog.forms import make_ref
from portal.catalog.forms.editing import (
    MORE,
    PROPOSE,
    EditForm,
    OfferQuery,
    read_edit_form,
    write_changes_json,
)
from portal.catalog.queries.references import list_offered, resolve_references
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.filling import (
    MORE_ROWS,
    Filled,
    find_name,
    find_proposals,
    list_offers,
    list_proposed,
    present_offers,
)
from portal.catalog.service.edit_rights import get_for_edit
from portal.catalog.service.editing import Changed, edit_entity
from portal.errors import Forbidden, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from portal.catalog.core.merging import Merged
    from portal.catalog.models import Entity


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/edit")
@requires("catalog:entity:write", by_object=True)
def edit(kind: str, namespace: str, name: str) -> str:
    """Show the form of an entity."""
    session = get_session()
    entity = get_for_edit(session, get_actor(Actor), make_ref(kind, namespace, name))
    return _show(Filled(session, entity))


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/edit")
@requires("catalog:entity:write", by_object=True)
def save(kind: str, namespace: str, name: str) -> Response | str | tuple[str, int]:
    """Save what differs from what was opened; show what somebody else changed meanwhile."""
    session = get_session()
    entity = get_for_edit(session, get_actor(Actor), make_ref(kind, namespace, name))
    filled = Filled(session, entity)
    form = read_edit_form(filled.fields, request.form)
    if form.act == MORE:
        return _show_again(filled, form, spare=MORE_ROWS)
    typed = {**filled.present, **form.typed, **{n: filled.present.get(n, "") for n in form.take}}
    merged = merge_all(typed, filled.present, form.seen)
    taken = {name: each for name, each in merged.items() if name not in form.take}
    if form.version != entity.revision and _is_overtaken(taken):
        return _show_merged(filled, form, taken), 409
    return _judge(filled, typed, form)


def _judge(
    filled: Filled, typed: dict[str, str], form: EditForm
) -> Response | str | tuple[str, int]:
    """Save, propose or refuse what was typed into a form that nobody overtook."""
    entity = filled.entity
    changes, problems = _find_changes(filled, typed, form)
    if problems:
        return _show_again(filled, form, problems=problems), 422
    if not changes:
        flash("Nothing was changed.")
        return redirect(_page(entity), 303)
    if form.act == PROPOSE and (url := find_proposals(filled.session, entity)):
        return _show_proposal(entity, changes, url)
    return _save(filled, form, changes)


def _is_overtaken(merged: Mapping[str, Merged]) -> bool:
    """Whether somebody else changed a field of the form since it was opened."""
    return any(each.whose in (THEIRS, BOTH) for each in merged.values())


def _find_changes(
    filled: Filled, typed: dict[str, str], form: EditForm
) -> tuple[list[Change], list[Problem]]:
    """Return the changes that a form asks for, and what is wrong with it."""
    entity = filled.entity
    known = resolve_references(
        filled.session, filled.fields, typed, filled.present, namespace=entity.namespace
    )
    changes, problems = write_changes(filled.fields, typed, entity.document, known.names)
    problems = [*known.problems, *problems]
    if problems:  # all that is wrong is told at once
        named = {each.field for each in problems}
        found = (
            (each, find_name(filled.fields, each.field)) for each in _judge_whole(entity, changes)
        )
        problems += [each for each, name in found if name not in named]
    dropped = _list_dropped(entity, form.drop)
    kept = [c for c in changes if not any(is_within(c.pointer, d.pointer) for d in dropped)]
    return [*kept, *dropped], problems


def _judge_whole(entity: Entity, changes: Sequence[Change]) -> Sequence[Problem]:
    """Return what is wrong with an entity once it is changed."""
    try:
        return describe_findings(check_entity(apply_changes(entity.document, changes)))
    except Blocked:
        return ()  # told when it is saved


def _list_dropped(entity: Entity, pointers: Sequence[str]) -> list[Change]:
    """Return what makes fields as their file says them, which takes their overlays away."""
    if entity.source == PORTAL or entity.base is None:
        return []
    found = []
    for pointer in pointers:
        try:
            value = read_field(entity.base, pointer)
        except ValueError:
            continue
        is_gone = value is MISSING
        found.append(Change(pointer, None if is_gone else value, is_removal=is_gone))
    return found


def _save(filled: Filled, form: EditForm, changes: Sequence[Change]) -> Response | tuple[str, int]:
    session, entity = filled.session, filled.entity
    try:
        edit_entity(
            session,
            get_actor(Actor),
            entity.ref,
            changes=changes,
            version=filled.version,
            now=utc_now(),
        )
    except Changed:
        session.refresh(entity)
        again = Filled(session, entity)
        typed = {**again.present, **form.typed}
        return _show_merged(again, form, merge_all(typed, again.present, form.seen)), 409
    except InvalidInput as error:
        return _show_again(filled, form, problems=error.problems), 422
    except Forbidden as error:
        problem = Problem("owner", "owner", error.detail, error.fix)
        return _show_again(filled, form, problems=[problem]), 403
    said = "Saved." if entity.source == PORTAL else "Set in the portal, over what the file says."
    flash(said)
    return redirect(_page(entity), 303)


def _page(entity: Entity) -> str:
    return presenting.entity_url(entity.kind, entity.namespace, entity.name)


def _show_again(
    filled: Filled,
    form: EditForm,
    *,
    problems: Sequence[Problem] = (),
    spare: int = 0,
) -> str:
    """Show the form with what was typed, still based on what it was opened at."""
    filled.texts.update(form.typed)
    filled.seen = {name: form.seen.get(name) or mark for name, mark in filled.seen.items()}
    filled.version, filled.drop = form.version, frozenset(form.drop)
    filled.problems = problems
    filled.spare = max(filled.spare, spare)
    return _show(filled)


def _show_merged(filled: Filled, form: EditForm, merged: Mapping[str, Merged]) -> str:
    """Show the form as two people filled it in, based on what is there now."""
    filled.merge(merged)
    filled.drop = frozenset(form.drop)
    return _show(filled)


def _show(filled: Filled) -> str:
    entity = filled.entity
    return render(
        "catalog/edit.html",
        entity=entity,
        kind=presenting.say_kind(entity.kind),
        groups=filled.present_groups(),
        problems=filled.problems,
        seen_at=filled.version,
        is_merged=bool(filled.merged),
        is_made_here=entity.source == PORTAL,
        origin=presenting.present_origin(filled.session, entity),
        can_propose=find_proposals(filled.session, entity) is not None,
        offers=list_offers(filled.session, filled.fields),
        back=_page(entity),
    )


def _show_proposal(entity: Entity, changes: Sequence[Change], url: str) -> str:
    return render(
        "catalog/propose.html",
        entity=entity,
        changes=list_proposed(entity, changes),
        changes_json=write_changes_json(changes),
        url=url,
        back=url_for(
            "catalog.edit",
            kind=entity.kind,
            namespace=entity.namespace,
            name=entity.name.lower(),
        ),
    )


@blueprint.get("/catalog/offers")
@requires("catalog:entity:read")
def offers() -> str:
    """Return what fits what was typed so far in a field of references."""
    query = parse_arguments(OfferQuery, request.args)
    rows = list_offered(get_session(), query.kind, query.q.strip())
    return render("catalog/_offers.html", options=present_offers(rows, query.default or None))
