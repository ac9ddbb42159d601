"""What changed in the catalog: in all of it, or in what a team owns."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.auth.core import Actor
from portal.catalog.core.changes import CHANGES
from portal.catalog.core.runs import WITHIN
from portal.catalog.forms.history import ChangesQuery
from portal.catalog.queries import entities
from portal.catalog.queries.changes import find_changes, find_owners, list_change_sources
from portal.catalog.routes import presenting
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.telling import WORDS, present_changes, present_group
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portal.catalog.core.runs import Group


@blueprint.get("/catalog/changes")
@requires("catalog:entity:read")
def changes() -> str:
    """List what changed, the latest first; what one run did is one line."""
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
    given = query.list_given()
    cursor = query.next_cursor(last)
    labels = entities.list_labels(session, [query.team] if query.team else [])
    return render(
        "catalog/changes.html",
        lines=list(_present_lines(session, groups)),
        given=given,
        team=presenting.make_link(query.team, labels),
        kinds=[("", "Any"), *((word, WORDS[word].capitalize()) for word in CHANGES)],
        sources=[("", "Any"), *((name, name) for name in list_change_sources(session))],
        next_url=url_for("catalog.changes", **given, cursor=cursor) if cursor else None,
        first_url=url_for("catalog.changes", **given) if query.cursor else None,
    )


def _present_lines(session: Session, groups: Iterable[Group]) -> Iterable[SimpleNamespace]:
    held = list(groups)
    single = {group.last: group.rows[0] for group in held if not group.is_many}
    shown = {line.id: line for line in present_changes(session, list(single.values()))}
    for group in held:
        if group.is_many:
            line = present_group(group, _list_one_by_one(group))
            yield SimpleNamespace(is_many=True, line=line)
        else:
            yield SimpleNamespace(is_many=False, line=shown[group.last])


def _list_one_by_one(group: Group) -> str:
    newest, oldest = group.rows[0], group.rows[-1]
    since = oldest.at
    if group.count > len(group.rows):  # it goes on beyond what was read, within one run's time
        since = newest.at - timedelta(seconds=WITHIN)
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("owner", "mine") if request.args.get(name)
    }
    return url_for(
        "catalog.changes",
        source=newest.source,
        change=newest.change,
        since=since.isoformat(),
        until=(newest.at + timedelta(microseconds=1)).isoformat(),
        each="yes",
        **kept,
    )
