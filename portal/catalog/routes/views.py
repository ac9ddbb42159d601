"""The views above a list's filters: what runs, everything, and what is the visitor's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.auth.core import Actor
from portal.catalog.core.facets import select_personal, select_running
from portal.catalog.routes.addresses import current_url
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from portal.catalog.forms import CatalogQuery
    from portal.catalog.queries.lists import Selection


def list_views(selection: Selection, query: CatalogQuery) -> list[SimpleNamespace]:
    """Return the two views and how much each would list; everything else is a filter on them."""
    cleared: dict[str, Any] = {"kind": None, "class": None}
    running, all_of_it = selection.counter.count_views()
    # A question is asked of everything unless the address says otherwise.
    services = "services" if query.q else None
    whole = not any(query.personal) and not query.ephemeral
    return [
        *_list_personal_views(selection, query),
        *(
            SimpleNamespace(
                label=label,
                url=current_url(view=view, mine=None, starred=None, ephemeral=None, **cleared),
                active=on and whole,
                count=count if whole else None,
            )
            for view, label, on, count in (
                (services, "Services", query.is_running, running),
                ("everything", "Everything", not query.is_running, all_of_it),
            )
        ),
        *_list_passing_view(selection, query),
    ]


def _list_passing_view(selection: Selection, query: CatalogQuery) -> list[SimpleNamespace]:
    """Return the view of what expires by itself, where there is any."""
    passing = int(selection.columns.ephemeral.sum())
    if not passing and not query.ephemeral:
        return []
    return [
        SimpleNamespace(
            label="Ephemeral",
            url=url_for("catalog.index", ephemeral="yes", view="everything"),
            active=bool(query.ephemeral),
            count=passing,
        )
    ]


def _list_personal_views(selection: Selection, query: CatalogQuery) -> list[SimpleNamespace]:
    """Return what is somebody's own, for whoever is signed in."""
    actor = get_actor(Actor)
    if not actor.is_person:
        return []
    columns = selection.columns
    owned = select_personal(columns, frozenset(actor.teams), None)
    mine, starred = query.personal
    return [
        SimpleNamespace(
            label="My teams",
            url=url_for("catalog.index", mine="yes"),
            active=mine,
            count=0 if owned is None else int((owned & select_running(columns)).sum()),
        ),
        SimpleNamespace(
            label="Starred",
            url=url_for("catalog.index", starred="yes", view="everything"),
            active=starred,
            count=None,
        ),
    ]
