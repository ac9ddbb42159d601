"""Retiring a service: who would miss it, the archive, and the way back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor, Subject, authorise, decide
from portal.catalog.forms import make_ref
from portal.catalog.forms.links import EmptyForm
from portal.catalog.forms.retiring import RetiredQuery, RetireForm
from portal.catalog.queries.entities import get_entity, list_labels
from portal.catalog.queries.retired import (
    count_direct_dependents,
    find_retired,
    list_direct_dependents,
    list_retired,
)
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.retiring import bring_back, retire_entity
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Response

    from portal.catalog.models import RetiredEntity

MOST_DEPENDENTS = 50
PATH = "/catalog/<string:kind>/<string:namespace>/<string:name>"


def may_change(actor: Actor, ref: str, owner: str | None, system: str | None = None) -> bool:
    """Whether somebody may change what is or was owned so."""
    return decide(actor, WRITE, Subject(ref, owner, system)).allowed


@blueprint.get(f"{PATH}/retire")
@requires("catalog:entity:write", by_object=True)
def retire(kind: str, namespace: str, name: str) -> str:
    """Show who still depends on a thing and what is open, before it is retired."""
    return _show(make_ref(kind, namespace, name))


@blueprint.post(f"{PATH}/retire")
@requires("catalog:entity:write", by_object=True)
def do_retire(kind: str, namespace: str, name: str) -> Response | tuple[str, int]:
    """Archive a thing and keep its name."""
    ref = make_ref(kind, namespace, name)
    form = parse_arguments(RetireForm, request.form)
    try:
        retire_entity(
            get_session(),
            get_actor(Actor),
            ref,
            reason=form.reason,
            despite_dependents=form.despite_dependents,
            version=form.version,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(ref, error.problems), 422
    except Conflict as error:
        return _show(ref, (Problem("version", "conflict", error.detail, error.fix),)), 409
    flash(f"{name} is retired. Its name is kept.")
    return redirect(presenting.entity_url(kind, namespace, name), 303)


def _show(ref: str, problems: tuple[Problem, ...] = ()) -> str:
    session, actor = get_session(), get_actor(Actor)
    entity = get_entity(session, ref)
    authorise(actor, WRITE, Subject(ref, entity.owner, entity.system))
    dependents = list_direct_dependents(session, ref, limit=MOST_DEPENDENTS)
    return render(
        "catalog/retire.html",
        entity=entity,
        url=presenting.entity_url(entity.kind, entity.namespace, entity.name),
        action=url_for(
            "catalog.do_retire", kind=entity.kind, namespace=entity.namespace, name=entity.name
        ),
        dependents=_link(session, dependents),
        dependent_count=count_direct_dependents(session, ref),
        open_work=[
            need
            for part in get_contributions(session).open_work
            for need in part.list_open(session, ref)
        ],
        problems=problems,
        errors={problem.field: problem.message for problem in problems},
        typed=request.form,
    )


def _link(session: Session, refs: Iterable[str]) -> list[Any]:
    refs = list(refs)
    labels = list_labels(session, refs)
    return [presenting.make_link(ref, labels) for ref in refs]


@blueprint.post(f"{PATH}/bring-back")
@requires("catalog:entity:write", by_object=True)
def unretire(kind: str, namespace: str, name: str) -> Response:
    """Take a thing out of the archive."""
    parse_arguments(EmptyForm, request.form)
    bring_back(get_session(), get_actor(Actor), make_ref(kind, namespace, name), now=utc_now())
    flash(f"{name} is back.")
    return redirect(presenting.entity_url(kind, namespace, name), 303)


def show_retired(session: Session, ref: str) -> str | None:
    """Return the page of what was retired under a name, None when nothing was."""
    row = find_retired(session, ref)
    if row is None:
        return None
    kind, namespace, name = _split(ref)
    return render(
        "catalog/retired_entity.html",
        line=_present(session, [row])[0],
        document=presenting.write_yaml(row.document),
        may_bring_back=may_change(get_actor(Actor), ref, row.owner),
        action=url_for("catalog.unretire", kind=kind, namespace=namespace, name=name),
        dependents=_link(session, list_direct_dependents(session, ref, limit=MOST_DEPENDENTS)),
    )


@blueprint.get("/catalog/retired")
@requires("catalog:entity:read")
def retired() -> str:
    """List what was retired, the latest first."""
    session = get_session()
    query = parse_arguments(RetiredQuery, request.args)
    rows, cursor = query.cut(list_retired(session, before=query.before, limit=query.limit + 1))
    return render(
        "catalog/retired.html",
        lines=_present(session, rows),
        next_url=url_for("catalog.retired", cursor=cursor) if cursor else None,
        first_url=url_for("catalog.retired") if query.cursor else None,
    )


def _present(session: Session, rows: Iterable[RetiredEntity]) -> list[SimpleNamespace]:
    rows = list(rows)
    labels = list_labels(session, [row.owner for row in rows if row.owner])
    people = {row.retired_by for row in rows}
    names = {
        person: name
        for part in get_contributions(session).naming
        for person, name in part.list_names(session, sorted(people)).items()
    }
    return [
        SimpleNamespace(
            row=row,
            title=row.document["metadata"].get("title") or row.document["metadata"]["name"],
            kind=presenting.say_kind(row.ref.partition(":")[0]),
            url=presenting.entity_url(*_split(row.ref)),
            owner=presenting.make_link(row.owner, labels),
            by=names.get(row.retired_by, row.retired_by),
        )
        for row in rows
    ]


def _split(ref: str) -> tuple[str, str, str]:
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return kind, namespace, name
