"""Registering a service: one page that makes an entity."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request

from portal.auth.core import Actor, decide
from portal.catalog.core.editable import FIELDS, FormField
from portal.catalog.core.meaning import CLASSES, STAGES, TIER_LABELS
from portal.catalog.core.refs import parse_ref
from portal.catalog.core.registering import Registration
from portal.catalog.forms.editing import RegisterForm
from portal.catalog.queries.entities import list_labels
from portal.catalog.queries.references import resolve_references
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.filling import list_offers
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.registering import KnownRepository, register_component
from portal.errors import Forbidden, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from werkzeug.wrappers import Response

OWNER, SYSTEM = (
    next(field for field in FIELDS if field.name == name) for name in ("owner", "system")
)
PLACES = {
    "metadata.name": "name",
    "spec.owner": "owner",
    "ownedBy": "owner",
    "spec.system": "system",
    "partOf": "system",
}


@blueprint.get("/catalog/register")
@requires("catalog:entity:write", by_object=True)
def register() -> str:
    """Show the page for a new service."""
    teams = _list_teams()
    first = teams[0][0] if len(teams) == 1 else ""
    return _show({"owner": first, "class": "service", "lifecycle": "production"})


@blueprint.post("/catalog/register")
@requires("catalog:entity:write", by_object=True)
def add_registered() -> Response | tuple[str, int]:
    """Make an entity of what was typed."""
    typed = {name: value.strip() for name, value in request.form.items()}
    try:
        form = parse_arguments(RegisterForm, request.form)
        ref = register_component(
            get_session(),
            get_actor(Actor),
            _read(form),
            is_second=form.second == "yes",
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(typed, problems=error.problems), 422
    except Forbidden as error:
        problem = Problem("owner", "owner", error.detail, "Choose a team you answer for.")
        return _show(typed, problems=[problem]), 403
    except KnownRepository as error:
        problem = Problem("repository", "known", error.detail, error.fix)
        return _show(typed, problems=[problem], known=error.entities), 409
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    flash("It is registered. What helps others most comes next.")
    return redirect(presenting.entity_url(kind, namespace, name), 303)


def _read(form: RegisterForm) -> Registration:
    """Return what was typed, references looked up; raises InvalidInput where one leads nowhere."""
    typed = {"owner": form.owner.strip(), "system": form.system.strip()}
    known = resolve_references(get_session(), (OWNER, SYSTEM), typed, {})
    if known.problems:
        raise InvalidInput("A reference leads nowhere.", tuple(known.problems))
    names = {each: known.names.get(each, {}).get(text, text) for each, text in typed.items()}
    return Registration(
        name=form.name.strip(),
        owner=names["owner"],
        class_name=form.class_,
        tier=form.tier,
        lifecycle=form.lifecycle,
        repository=form.repository.strip(),
        system=names["system"],
        description=form.description.strip(),
    )


def _list_teams() -> list[tuple[str, str]]:
    """Return the teams whoever asks answers for, as a form offers them; none for who may all."""
    actor = get_actor(Actor)
    if decide(actor, WRITE).allowed:
        return []
    refs = sorted(actor.teams)
    labels = list_labels(get_session(), refs)
    return [(_shorten(ref), labels[ref].title or labels[ref].name) for ref in refs if ref in labels]


def _shorten(ref: str) -> str:
    found = parse_ref(ref)
    return found.name if found.namespace == "default" else f"{found.namespace}/{found.name}"


def _show(
    filled: Mapping[str, str],
    *,
    problems: Sequence[Problem] = (),
    known: Iterable[Any] = (),
) -> str:
    fields: tuple[FormField, ...] = (OWNER, SYSTEM)
    return render(
        "catalog/register.html",
        filled={name: filled.get(name, "") for name in _NAMES},
        problems=problems,
        errors={
            PLACES.get(each.field, each.field): f"{each.message} {each.fix}".strip()
            for each in problems
        },
        teams=_list_teams(),
        classes=[(name, name.replace("_", " ").capitalize()) for name in CLASSES],
        tiers=[("", "not known yet"), *((str(n), label) for n, label in TIER_LABELS.items())],
        stages=[(name, name.capitalize()) for name in STAGES],
        offers=list_offers(get_session(), fields),
        known=[
            SimpleNamespace(
                label=row.title or row.name,
                url=presenting.best_url(row.kind, row.namespace, row.name),
            )
            for row in known
        ],
    )


_NAMES = tuple(field.alias or name for name, field in RegisterForm.model_fields.items())
