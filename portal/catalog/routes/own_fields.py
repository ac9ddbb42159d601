"""The pages of own fields: which there are, declaring, changing, ordering, deleting them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.core.kinds import KINDS
from portal.catalog.core.meaning import CLASSES, TIERS
from portal.catalog.core.own_fields import ANNOTATION, MOST_FIELDS, SPEC, OwnField
from portal.catalog.forms.own_fields import FieldForm, MoveForm, VersionForm
from portal.catalog.queries.declared import make_field
from portal.catalog.queries.own_fields import (
    count_usage,
    find_progress,
    get_field_row,
    get_fields,
)
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.own_values import lacking_url, say_read_from, say_required
from portal.catalog.service.own_fields import (
    change_field,
    declare_field,
    delete_field,
    move_field,
)
from portal.catalog.service.permissions import FIELDS
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Response

    from portal.catalog.queries.own_fields import Usage

READ = "catalog:field:read"
TYPE_NAMES = {
    "text": "Text, one line",
    "choice": "One of some choices",
    "choices": "Several of some choices",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "url": "Web address",
    "ref": "Reference to an entry",
}
PLACES = ((SPEC, "In spec"), (ANNOTATION, "In an annotation"))


@blueprint.get("/admin/fields")
@requires(READ)
def own_fields() -> str:
    """Show the own fields in their order, how they are used, and how far entities are read."""
    session = get_session()
    fields, usage = get_fields(session), count_usage(session)
    return render(
        "catalog/own_fields.html",
        "list",
        rows=[_present(each, usage.get(each.key)) for each in fields],
        progress=find_progress(session),
        most=MOST_FIELDS,
    )


def _present(declared: OwnField, usage: Usage | None) -> SimpleNamespace:
    return SimpleNamespace(
        declared=declared,
        type=TYPE_NAMES[declared.type],
        place=declared.path if declared.location == ANNOTATION else declared.place,
        read_from=say_read_from(declared),
        required=say_required(declared.required),
        usage=usage,
        lacking_url=lacking_url(declared),
    )


@blueprint.get("/admin/fields/new")
@requires(FIELDS)
def new_own_field() -> str:
    """State a new own field."""
    return _show_form(OwnField("", ""))


@blueprint.post("/admin/fields")
@requires(FIELDS)
def add_own_field() -> Response | tuple[str, int]:
    """Declare an own field; all entities are read again in the background."""
    try:
        form = parse_arguments(FieldForm, request.form)
        row = declare_field(get_session(), get_actor(Actor), form.make_field(), now=utc_now())
    except InvalidInput as error:
        return _show_form(None, problems=error.problems), 422
    flash(f"{row.title} is declared; every entry is read again for it.")
    return redirect(url_for("catalog.own_fields"), 303)


@blueprint.get("/admin/fields/<string:key>")
@requires(FIELDS)
def own_field(key: str) -> str:
    """State an own field anew."""
    return _show_form(make_field(get_field_row(get_session(), key)), key=key)


@blueprint.post("/admin/fields/<string:key>")
@requires(FIELDS)
def change_own_field(key: str) -> Response | tuple[str, int]:
    """Change an own field."""
    session = get_session()
    row = get_field_row(session, key)
    try:
        form = parse_arguments(FieldForm, request.form)
        declared = form.make_field(key)
        change_field(session, get_actor(Actor), declared, was=form.version, now=utc_now())
    except InvalidInput as error:
        return _show_form(None, key=key, problems=error.problems), 422
    except Conflict as error:
        fix = "What you typed is still here: save it once more, and it takes the place of theirs."
        problem = Problem("version", "conflict", error.detail, fix)
        return _show_form(None, key=key, problems=(problem,), version=row.version), 409
    flash(f"{declared.title} is changed.")
    return redirect(url_for("catalog.own_fields"), 303)


@blueprint.post("/admin/fields/<string:key>/move")
@requires(FIELDS)
def move_own_field(key: str) -> Response:
    """Give an own field another place in the order."""
    position = parse_arguments(MoveForm, request.form).position
    move_field(get_session(), get_actor(Actor), key, position, now=utc_now())
    return redirect(url_for("catalog.own_fields"), 303)


@blueprint.get("/admin/fields/<string:key>/delete")
@requires(FIELDS)
def own_field_deletion(key: str) -> str:
    """Show what deleting an own field would take away."""
    return _show_deletion(key)


@blueprint.post("/admin/fields/<string:key>/delete")
@requires(FIELDS)
def delete_own_field(key: str) -> Response | tuple[str, int]:
    """Delete an own field; what stands in documents stays there."""
    version = parse_arguments(VersionForm, request.form).version
    try:
        delete_field(get_session(), get_actor(Actor), key, was=version, now=utc_now())
    except Conflict as error:
        return _show_deletion(key, (Problem("version", "conflict", error.detail, error.fix),)), 409
    flash("The own field is deleted; the files keep what stands in them.")
    return redirect(url_for("catalog.own_fields"), 303)


def _show_deletion(key: str, problems: Sequence[Problem] = ()) -> str:
    session = get_session()
    declared = make_field(get_field_row(session, key))
    shown = _present(declared, count_usage(session).get(key))
    return render("catalog/own_field_deletion.html", shown=shown, problems=problems)


def _show_form(
    declared: OwnField | None,
    *,
    key: str = "",
    problems: Sequence[Problem] = (),
    version: int | None = None,
) -> str:
    """Show the form with what is declared, or with what was typed where nothing is given."""
    filled = _fill_typed(request.form) if declared is None else _fill(declared)
    filled["version"] = filled["version"] if version is None else version
    return render(
        "catalog/own_field.html",
        key=key,
        filled=filled,
        types=list(TYPE_NAMES.items()),
        places=PLACES,
        kinds=sorted({*(kind.lower() for kind in KINDS), *filled["kinds"]}),
        classes=CLASSES,
        tiers=[str(tier) for tier in TIERS],
        problems=problems,
        errors={
            each.field.partition(".")[0]: f"{each.message} {each.fix}".strip() for each in problems
        },
    )


def _fill(declared: OwnField) -> dict[str, Any]:
    asked = declared.required
    return {
        **declared.as_json(),
        "choices": "\n".join(
            f"{each.value} = {each.label}" if each.label else each.value
            for each in declared.choices
        ),
        "is_required": asked is not None,
        "required_kinds": [*asked.kinds] if asked else [],
        "required_classes": [*asked.classes] if asked else [],
        "required_tiers": [str(tier) for tier in asked.tiers] if asked else [],
    }


def _fill_typed(typed: MultiDict[str, str]) -> dict[str, Any]:
    texts = ("key", "title", "help", "type", "choices", "location", "path", "version")
    lists = ("kinds", "classes", "required_kinds", "required_classes", "required_tiers")
    return {
        **{name: typed.get(name, "") for name in texts},
        **{name: typed.getlist(name) for name in lists},
        **{name: bool(typed.get(name)) for name in ("is_required", "is_facet", "is_column")},
    }
