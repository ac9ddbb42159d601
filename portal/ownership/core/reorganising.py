"""What renaming, merging, splitting or closing a team takes: a plan of steps, from facts alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from portal.catalog.core.refs import shorten_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RENAME, MERGE, SPLIT, CLOSE = "rename", "merge", "split", "close"
KINDS = (RENAME, MERGE, SPLIT, CLOSE)
MAKE, SET, REMOVE, CALL = "make", "set", "remove", "call"
OWNER, PARENT, MEMBERS, MEMBER_OF = "/spec/owner", "/spec/parent", "/spec/members", "/spec/memberOf"
CHILDREN = "/spec/children"
# What says where a document was read; a group made in the portal was read nowhere.
NOT_COPIED = ("name", "namespace", "uid", "etag", "title")
PLACES = "backstage.io/"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `teams` are changed, `target` is the new name or who receives.

    `entities` and `people` are what a split takes along.
    """

    kind: str
    teams: tuple[str, ...]
    target: str
    title: str = ""
    entities: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def write(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Wish:
        """Return what `write` wrote."""
        return cls(
            kept["kind"],
            tuple(kept["teams"]),
            kept["target"],
            kept["title"],
            tuple(kept["entities"]),
            tuple(kept["people"]),
        )


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity that a step changes; `file` is empty for what was made in the portal."""

    ref: str
    namespace: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom a trusted source puts into a team.

    `groups` are the other teams that its own document names; None where it does not name this one.
    """

    user: Thing
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A team as it is: its document, who stands above and below, who is in it, what it owns.

    Parents and members are those of trusted sources: nobody else's word may become the portal's
    own. `listed` are the members as its document writes them, by reference; `untrusted` are people
    whom only others put into it.
    """

    thing: Thing
    document: Mapping[str, Any]
    parent: str | None = None
    children: tuple[Thing, ...] = ()
    members: tuple[Member, ...] = ()
    listed: Mapping[str, str] = field(default_factory=dict)
    untrusted: tuple[str, ...] = ()
    owned: tuple[Thing, ...] = ()

    @property
    def is_portal(self) -> bool:
        """Whether it was made in the portal, so that it can be removed there."""
        return not self.thing.file


@dataclass(frozen=True, slots=True)
class Step:
    """One change: a field set, an entity made or removed, a former name kept."""

    act: str
    ref: str
    pointer: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, who comes into and out of which team by them, and what to know."""

    steps: tuple[Step, ...]
    joins: frozenset[tuple[str, str]] = frozenset()
    leaves: frozenset[tuple[str, str]] = frozenset()
    parents: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def seal(self) -> str:
        """Return what differs when the same wish would now do something else."""
        text = json.dumps([asdict(step) for step in self.steps], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    @property
    def moves(self) -> dict[str, str]:
        """Return the owner each entity that changes hands gets, as it is written there."""
        return {s.ref: s.value for s in self.steps if s.act == SET and s.pointer == OWNER}


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
        steps += _move_below(wish, changed)
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


def _move_below(wish: Wish, changed: list[Team]) -> Iterator[Step]:
    """Yield what puts the teams below under the target, or under the parent of one that closes."""
    if wish.kind == SPLIT:
        return
    for team in changed:
        for child in sorted(team.children, key=lambda each: each.ref):
            if child.ref not in wish.teams:
                above = _find_above(wish, changed, team, child)
                value = above and shorten_ref(above, "group", child.namespace)
                yield Step(SET, child.ref, PARENT, value)
        names = (team.document.get("spec") or {}).get("children")
        if team.children and names and not team.is_portal:
            yield Step(SET, team.thing.ref, CHILDREN, [])


def _find_above(wish: Wish, changed: list[Team], team: Team, child: Thing) -> str | None:
    """Return whom a team stands below once the one above it is no more."""
    if wish.kind != CLOSE and child.ref != wish.target:
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
                found[child.ref] = _find_above(wish, changed, team, child)
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
