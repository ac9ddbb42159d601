"""How hard an entity stands on each thing: stated for all of them on one page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor, Subject, decide
from portal.catalog.forms import make_ref
from portal.catalog.forms.impact import DependenciesForm
from portal.catalog.queries.dependencies import list_dependencies
from portal.catalog.queries.entities import get_entity, list_labels
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.graphs import WORDS
from portal.catalog.service.criticality import state_criticalities
from portal.catalog.service.editing import Changed
from portal.catalog.service.permissions import WRITE
from portal.errors import InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from portal.catalog.queries.dependencies import Dependency

CHOICES = (
    ("unstated", "not stated"),
    ("hard", "hard: it fails with it"),
    ("soft", "soft: it copes without it"),
    ("async", "async: late, not lost"),
)


@blueprint.get("/catalog/<string:kind>/<string:namespace>/<string:name>/dependencies")
@requires("catalog:entity:read")
def dependencies(kind: str, namespace: str, name: str) -> str:
    """Show how hard an entity stands on each of its dependencies, to be stated by its owners."""
    return _show(make_ref(kind, namespace, name))


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/dependencies")
@requires(WRITE, by_object=True)
def state_dependencies(kind: str, namespace: str, name: str) -> Response | tuple[str, int]:
    """State all of it in one go."""
    session, ref = get_session(), make_ref(kind, namespace, name)
    typed = dict(
        zip(request.form.getlist("ref"), request.form.getlist("criticality"), strict=False)
    )
    try:
        form = parse_arguments(DependenciesForm, request.form)
        state_criticalities(
            session,
            get_actor(Actor),
            ref,
            stated=form.stated,
            version=form.version,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(ref, typed, error.problems), 422
    except Changed as error:
        fix = "What you chose is still here: save once more, and it takes the place of theirs."
        return _show(ref, typed, (Problem("version", "conflict", error.detail, fix),)), 409
    flash("It is stated; impact and findings count it from now on.")
    return redirect(url_for("catalog.dependencies", kind=kind, namespace=namespace, name=name), 303)


def _show(
    ref: str, typed: Mapping[str, str] | None = None, problems: Sequence[Problem] = ()
) -> str:
    session = get_session()
    entity = get_entity(session, ref)
    rows = list_dependencies(session, entity)
    labels = list_labels(session, {ref, *(row.ref for row in rows), *filter(None, [entity.owner])})
    subject = Subject(entity.ref, entity.owner, entity.system)
    parts: dict[str, Any] = {
        "kind": entity.kind,
        "namespace": entity.namespace,
        "name": entity.name.lower(),
    }
    return render(
        "catalog/dependencies.html",
        entity=presenting.make_link(ref, labels),
        owner=presenting.make_link(entity.owner, labels),
        impact_url=presenting.entity_url(**parts, tab="impact"),
        action=url_for("catalog.state_dependencies", **parts),
        json_url=url_for("catalog_api.show_dependencies", **parts),
        seen_at=entity.revision,
        may_state=decide(get_actor(Actor), WRITE, subject).allowed,
        rows=[_present(row, labels, typed) for row in rows if not row.is_built_in],
        built_in=[presenting.make_link(row.ref, labels) for row in rows if row.is_built_in],
        choices=CHOICES,
        problems=problems,
    )


def _present(
    row: Dependency, labels: Mapping[str, Any], typed: Mapping[str, str] | None
) -> SimpleNamespace:
    stated = row.stated or "unstated"
    return SimpleNamespace(
        ref=row.ref,
        node=presenting.make_link(row.ref, labels),
        word="stands on it" if row.is_behind else WORDS[row.type],
        value=(typed or {}).get(row.ref, stated),
        stated=stated,
        counts_as=row.counts_as or "unstated",
    )
