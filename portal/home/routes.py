"""The page somebody lands on."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, url_for

from portal.auth.core import Actor
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.queries import entities
from portal.home.queries import read_home
from portal.infra.clock import utc_now
from portal.web.markers import public
from portal.web.templating import render
from portal.web.unit import get_database, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from werkzeug.wrappers import Response

blueprint = Blueprint("home", __name__)
CHANGES_SHOWN = timedelta(days=7)


@blueprint.get("/")
@public
def index() -> Response | str:
    """Show what is somebody's own; lead visitors to the catalog, or to what comes first."""
    session, actor = get_session(), get_actor(Actor)
    if not entities.has_entities(session):
        return redirect(url_for("catalog.setup"))
    if not actor.is_person:
        return redirect(url_for("catalog.index"))
    found = read_home(session, actor, now=utc_now())
    refs = {
        ref for row in (*found.services, *found.stars) for ref in (row.owner, row.system) if ref
    }
    labels = entities.list_labels(session, refs | {team.ref for team in found.teams})
    return render(
        "home/index.html",
        label=actor.label,
        needs=found.needs,
        changes_url=_find_changes(utc_now()) if actor.teams else None,
        teams=[
            SimpleNamespace(
                **vars(_link(team.ref, labels)),
                origin=team.origin,
                owned=team.owned,
                members=team.members,
            )
            for team in found.teams
        ],
        services=[_present(row, labels) for row in found.services],
        services_total=found.services_total,
        stars=[_present(row, labels) for row in found.stars],
    )


def _find_changes(now: datetime) -> str:
    """Return where the changes of somebody's teams in the last days are listed."""
    since = (now - CHANGES_SHOWN).date().isoformat()
    return url_for("catalog.changes", mine="yes", since=since)


def _link(ref: str | None, labels: Mapping[str, Any]) -> SimpleNamespace:
    """Return a link to an entity's best page; without `url` when it is not in the catalog."""
    row = labels.get(ref or "")
    kind, _, rest = (ref or "").partition(":")
    namespace, _, name = rest.partition("/")
    if row is None:
        return SimpleNamespace(ref=ref, kind=kind, label=name, url=None)
    endpoint = get_database().contributions.entity_pages.get(kind)
    url = (
        url_for(endpoint, namespace=namespace, name=name)
        if endpoint
        else url_for("catalog.show", kind=kind, namespace=namespace, name=name)
    )
    return SimpleNamespace(ref=ref, kind=kind, label=row.title or row.name, url=url)


def _present(row: Any, labels: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        label=row.title or row.name,
        url=url_for("catalog.show", kind=row.kind, namespace=row.namespace, name=row.name.lower()),
        kind=row.kind,
        type=row.type,
        description=row.description,
        tier_label=TIER_LABELS.get(row.tier),
        owner=_link(row.owner, labels) if row.owner else None,
    )
