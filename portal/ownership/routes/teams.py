"""Pages of teams: all of them as a tree, and each with its people and what it owns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from portal.catalog.core.filters import EntityFilter
from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.queries import entities
from portal.catalog.queries.lists import cut_page, select_entities
from portal.infra.clock import utc_now
from portal.ownership.core import build_forest, list_above, list_below
from portal.ownership.forms import TeamListQuery, TeamQuery
from portal.ownership.queries import Teams, get_teams, list_members
from portal.ownership.queries.confirmations import count_all, count_open
from portal.ownership.routes.blueprint import blueprint
from portal.ownership.routes.presenting import answers_for, make_team_link, make_team_ref, page_of
from portal.web.cursor import decode_cursor, encode_cursor
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import Session, get_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portal.ownership.core import TeamNode

OWNED_AT_ONCE = 50
MOST_TEAMS = 2_000


@blueprint.get("/teams")
@requires("catalog:entity:read")
def teams() -> str:
    """Show every team in the tree it stands in; a question keeps the ones it names."""
    session = get_session()
    question = parse_arguments(TeamListQuery, request.args).q.strip().lower()
    found = get_teams(session)
    forest = build_forest(found.refs, found.parents, found.owned, found.members)
    lines = list(_walk(forest))[:MOST_TEAMS]
    labels = entities.list_labels(session, (node.ref for node, _ in lines))
    rows = [_present_team(node, depth, labels) for node, depth in lines]
    kept = [row for row in rows if question in f"{row.label} {row.ref}".lower()]
    return render("ownership/teams.html", rows=kept, total=len(found.refs), question=question)


def _walk(forest: Iterable[TeamNode]) -> Iterable[tuple[TeamNode, int]]:
    pending = [(node, 0) for node in reversed(list(forest))]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        pending.extend((child, depth + 1) for child in reversed(node.children))


def _present_team(node: TeamNode, depth: int, labels: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        **vars(make_team_link(node.ref, labels)),
        depth=min(depth, 6),
        owned=node.owned,
        owned_below=node.owned_below,
        members=node.members,
        owned_url=url_for("catalog.index", owner=node.ref, view="everything"),
    )


@blueprint.get("/teams/<string:namespace>/<string:name>")
@requires("catalog:entity:read")
def show(namespace: str, name: str) -> str:
    """Show one team: what it owns, who is in it, the teams above and below."""
    session = get_session()
    query = parse_arguments(TeamQuery, request.args)
    ref = make_team_ref(namespace, name)
    team = entities.get_entity(session, ref)
    found = get_teams(session)
    below = list_below(ref, found.parents)
    return render(
        "ownership/show.html",
        "owned",
        team=_present_head(team),
        reach=query.reach,
        owned=_list_owned(session, [ref, *below] if query.reach == "all" else [ref], query),
        members=[_present_member(row) for row in list_members(session, ref)],
        confirming=_count_confirmed(session, ref),
        **_place(session, found, ref, below),
    )


def _count_confirmed(session: Session, ref: str) -> SimpleNamespace:
    """Return how much of what a team owns stands confirmed, with where to look and to act."""
    waiting = count_open(session, [ref], now=utc_now()).get(ref)
    total = count_all(session, [ref])
    mine = answers_for(ref)
    return SimpleNamespace(
        total=total,
        waiting=waiting.count if waiting else 0,
        url=page_of("ownership.confirm", ref) if mine else None,
        offers_url=page_of("ownership.handovers", ref),
        change_url=url_for("ownership.reorganise", team=ref) if mine else None,
    )


def _place(session: Session, teams: Teams, ref: str, below: list[str]) -> dict[str, Any]:
    """Return where a team stands: the teams above it, and those right below with their counts."""
    above = list_above(ref, teams.parents)
    children = [child for child in below if teams.parents.get(child) == ref]
    labels = entities.list_labels(session, [*above, *children])
    return {
        "above": [make_team_link(parent, labels) for parent in above],
        "children": [
            SimpleNamespace(
                **vars(make_team_link(child, labels)),
                owned=teams.owned.get(child, 0),
                members=teams.members.get(child, 0),
            )
            for child in children
        ],
        "below_count": len(below),
        "owned_count": teams.owned.get(ref, 0),
        "owned_below": sum(teams.owned.get(r, 0) for r in (ref, *below)),
    }


def _present_head(team: Any) -> SimpleNamespace:
    profile = (team.document.get("spec") or {}).get("profile") or {}
    email = profile.get("email")
    return SimpleNamespace(
        ref=team.ref,
        label=team.title or profile.get("displayName") or team.name,
        name=team.name,
        type=team.type,
        description=team.description,
        email=email if isinstance(email, str) else None,
        entity_url=url_for(
            "catalog.show", kind="group", namespace=team.namespace, name=team.name.lower()
        ),
        own_url=url_for("ownership.show", namespace=team.namespace, name=team.name.lower()),
    )


def _present_member(row: Any) -> SimpleNamespace:
    if row.ref is None:
        name = row.member.partition("/")[2]
        return SimpleNamespace(label=name, ref=row.member, url=None, email=None)
    profile = (row.document.get("spec") or {}).get("profile") or {}
    return SimpleNamespace(
        label=row.title or profile.get("displayName") or row.name,
        ref=row.ref,
        url=url_for("catalog.show", kind=row.kind, namespace=row.namespace, name=row.name.lower()),
        email=profile.get("email"),
    )


def _list_owned(session: Session, refs: list[str], query: TeamQuery) -> SimpleNamespace:
    scope = f"owned:{refs[0]}:{query.reach}"
    after = None if query.cursor is None else decode_cursor(scope, query.cursor)
    wanted = EntityFilter({"owner": tuple(refs)})
    selection = select_entities(session, wanted, sort="tier", now=utc_now())
    page = cut_page(session, selection, after=after, limit=OWNED_AT_ONCE)
    labels = entities.list_labels(session, (row.system for row in page.items if row.system))
    next_url = None
    if page.next_key is not None:
        next_url = url_for(
            "ownership.show",
            **(request.view_args or {}),
            reach=query.reach,
            cursor=encode_cursor(scope, page.next_key),
        )
    return SimpleNamespace(
        items=page.items, labels=labels, tiers=TIER_LABELS, total=page.total, next_url=next_url
    )
