"""What renaming, merging, splitting or closing a team takes: a plan of steps, from facts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog.core.refs import shorten_ref
from portal.ownership.core.plans import (
    CALL,
    CHILDREN,
    CLOSE,
    MAKE,
    MEMBER_OF,
    MEMBERS,
    MERGE,
    OWNER,
    PARENT,
    REMOVE,
    RENAME,
    SET,
    SPLIT,
    Plan,
    Step,
    Team,
    Thing,
    Wish,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What says where a document was read; a group made in the portal was read nowhere.
NOT_COPIED = ("name", "namespace", "uid", "etag", "title")
PLACES = "backstage.io/"


def make_plan(
    wish: Wish, teams: Mapping[str, Team], target: Team | None, *, may_change_teams: bool
) -> Plan:
    """Return what a wish takes; `target` is None where a group of that name is to be made.

    Without `may_change_teams` only what is owned moves: people, parents and names stay.
    """
    changed = [teams[ref] for ref in wish.teams]
    steps = [*_make_target(wish, changed, target)] if may_change_teams else []
    for team in changed:
        steps += _move_owned(wish, team)
    if may_change_teams:
        steps += _move_below(wish, changed, target)
        steps += _move_people(wish, changed, target)
        steps += _end_teams(wish, changed)
    joins, leaves = _list_joins(wish, changed), _list_leaves(wish)
    if not may_change_teams:
        joins = leaves = frozenset()
    return Plan(
        tuple(steps),
        joins,
        leaves,
        _list_parents(wish, changed, target) if may_change_teams else {},
        tuple(_warn(wish, changed, may_change_teams=may_change_teams)),
    )


def _make_target(wish: Wish, changed: list[Team], target: Team | None) -> Iterator[Step]:
    if target is not None:
        return
    first = changed[0]
    namespace, _, name = wish.target.partition(":")[2].partition("/")
    metadata = first.document.get("metadata") or {}
    spec = first.document.get("spec") or {}
    kept = {key: value for key, value in metadata.items() if key not in NOT_COPIED}
    annotations = {
        key: value
        for key, value in (kept.pop("annotations", None) or {}).items()
        if not key.startswith(PLACES)
    }
    people = _list_people(wish, changed)
    is_same = wish.kind == RENAME
    document: dict[str, Any] = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {
            "name": name,
            **({"namespace": namespace} if namespace != "default" else {}),
            **({"title": wish.title} if wish.title else {}),
            **(kept if is_same else {}),
            **({"annotations": annotations} if annotations and is_same else {}),
        },
        "spec": {
            "type": spec.get("type") or "team",
            **({"profile": _make_profile(wish, spec)} if is_same and spec.get("profile") else {}),
            **({"parent": shorten_ref(first.parent, "group", namespace)} if first.parent else {}),
            "children": [],
            "members": [shorten_ref(ref, "user", namespace) for ref in people],
        },
    }
    yield Step(MAKE, wish.target, value=document)


def _make_profile(wish: Wish, spec: Mapping[str, Any]) -> dict[str, Any]:
    profile = {key: value for key, value in spec["profile"].items() if key != "displayName"}
    return {**({"displayName": wish.title} if wish.title else {}), **profile}


def _move_owned(wish: Wish, team: Team) -> Iterator[Step]:
    chosen = set(wish.entities) if wish.kind == SPLIT else None
    for thing in sorted(team.owned, key=lambda each: each.ref):
        if chosen is None or thing.ref in chosen:
            yield Step(SET, thing.ref, OWNER, shorten_ref(wish.target, "group", thing.namespace))


def _move_below(wish: Wish, changed: list[Team], target: Team | None) -> Iterator[Step]:
    """Yield what puts the teams below under the target, or under the parent of one that closes."""
    if wish.kind == SPLIT:
        return
    for team in changed:
        for child in sorted(team.children, key=lambda each: each.ref):
            if child.ref not in wish.teams:
                above = _find_above(wish, changed, target, (team, child))
                value = above and shorten_ref(above, "group", child.namespace)
                yield Step(SET, child.ref, PARENT, value)
        names = (team.document.get("spec") or {}).get("children")
        if team.children and names and not team.is_portal:
            yield Step(SET, team.thing.ref, CHILDREN, [])


def _find_above(
    wish: Wish, changed: list[Team], target: Team | None, pair: tuple[Team, Thing]
) -> str | None:
    """Return whom a team stands below once the one above it is no more.

    One above the target cannot come below it: it goes to whom the old team stood below.
    """
    team, child = pair
    line = (wish.target, *(target.above if target else ()))
    if wish.kind != CLOSE and child.ref not in line:
        return wish.target
    parents = {each.thing.ref: each.parent for each in changed}
    above = team.parent
    for _ in changed:
        above = parents.get(above, above) if above else above
    return None if above in parents or above == child.ref else above


def _move_people(wish: Wish, changed: list[Team], target: Team | None) -> Iterator[Step]:
    people = _list_people(wish, changed)
    if target is not None and wish.kind in (MERGE, SPLIT):
        inside = {member.user.ref for member in target.members}
        new = [ref for ref in people if ref not in inside]
        if new:
            home = target.thing.namespace
            names = [*target.listed.values(), *(shorten_ref(ref, "user", home) for ref in new)]
            yield Step(SET, target.thing.ref, MEMBERS, names)
    if wish.kind != SPLIT:
        return
    team, chosen = changed[0], set(wish.people)
    if chosen & team.listed.keys():
        rest = [text for ref, text in team.listed.items() if ref not in chosen]
        yield Step(SET, team.thing.ref, MEMBERS, rest)
    for member in team.members:
        if member.user.ref in chosen and member.groups is not None:
            yield Step(SET, member.user.ref, MEMBER_OF, list(member.groups))


def _end_teams(wish: Wish, changed: list[Team]) -> Iterator[Step]:
    if wish.kind == SPLIT:
        return
    for team in changed:
        if team.is_portal:
            yield Step(REMOVE, team.thing.ref, value=dict(team.document))
        if wish.kind in (RENAME, MERGE):
            yield Step(CALL, team.thing.ref, value=wish.target)


def _list_people(wish: Wish, changed: list[Team]) -> list[str]:
    """Return who comes into the target."""
    if wish.kind == CLOSE:
        return []
    people = dict.fromkeys(m.user.ref for team in changed for m in team.members)
    return [ref for ref in people if wish.kind != SPLIT or ref in wish.people]


def _list_joins(wish: Wish, changed: list[Team]) -> frozenset[tuple[str, str]]:
    return frozenset((ref, wish.target) for ref in _list_people(wish, changed))


def _list_leaves(wish: Wish) -> frozenset[tuple[str, str]]:
    if wish.kind != SPLIT:
        return frozenset()
    return frozenset((ref, wish.teams[0]) for ref in wish.people)


def _list_parents(wish: Wish, changed: list[Team], target: Team | None) -> dict[str, str | None]:
    """Return whom each team stands below afterwards, of those that are moved or made."""
    found: dict[str, str | None] = {}
    if target is None and changed[0].parent:
        found[wish.target] = changed[0].parent
    for team in changed if wish.kind != SPLIT else ():
        for child in team.children:
            if child.ref not in wish.teams:
                found[child.ref] = _find_above(wish, changed, target, (team, child))
    return found


def _warn(wish: Wish, changed: list[Team], *, may_change_teams: bool) -> Iterator[str]:
    if not may_change_teams:
        yield "Only what the teams own moves. People, teams below and names are for admins."
        return
    for team in changed:
        if wish.kind != SPLIT and not team.is_portal:
            yield f"`{team.thing.file}` still defines `{team.thing.ref}`: take it out there."
        if team.untrusted and wish.kind != CLOSE:
            names = ", ".join(f"`{ref}`" for ref in team.untrusted[:20])
            why = "no source that an admin trusts for people says so"
            yield f"Not taken along, since {why}: {names}."
