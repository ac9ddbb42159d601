"""Plans of reorganisations against a small world: what they do, and that undoing undoes all."""

from __future__ import annotations

import random
from copy import deepcopy

import pytest

from portal.catalog.core.document_fields import Change, apply_changes, find_changes
from portal.catalog.core.relations import list_relations
from portal.ownership.core.plans import (
    CALL,
    CLOSE,
    KINDS,
    MAKE,
    MERGE,
    REMOVE,
    RENAME,
    SPLIT,
    Member,
    Team,
    Thing,
    Wish,
)
from portal.ownership.core.reorganising import make_plan

CORE = "backstage.io/v1alpha1"


def group(name, parent=None, members=(), children=()):
    spec = {"type": "team", "children": list(children), "members": list(members)}
    if parent:
        spec["parent"] = parent
    return {"apiVersion": CORE, "kind": "Group", "metadata": {"name": name}, "spec": spec}


def user(name, teams):
    spec = {"memberOf": list(teams)}
    return {"apiVersion": CORE, "kind": "User", "metadata": {"name": name}, "spec": spec}


def service(name, owner, namespace="default"):
    return {
        "apiVersion": CORE,
        "kind": "Component",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "service", "lifecycle": "production", "owner": owner},
    }


def ref_of(document):
    home = document["metadata"].get("namespace", "default")
    return f"{document['kind']}:{home}/{document['metadata']['name']}".lower()


class World:
    """Documents by reference; `made` were made in the portal, `names` lead from old to new ones."""

    def __init__(self, documents, made=()) -> None:
        self.documents = {ref_of(d): d for d in documents}
        self.made, self.names = set(made), {}

    def state(self):
        return deepcopy((self.documents, self.made, self.names))

    def related(self, kind, *, target=None, source=None):
        found = set()
        for declarer, document in self.documents.items():
            for relation in (r.forward for r in list_relations(document)):
                fits = relation.target == target or relation.source == source
                if relation.type == kind and fits:
                    found.add((relation.source, relation.target, declarer))
        return found

    def thing(self, ref):
        home = self.documents[ref]["metadata"].get("namespace", "default")
        return Thing(ref, home, "" if ref in self.made else f"files: {ref}")

    def team(self, ref):
        document = self.documents[ref]
        members = sorted({s for s, _, _ in self.related("memberOf", target=ref)})
        parents = sorted({t for _, t, _ in self.related("childOf", source=ref)})
        return Team(
            self.thing(ref),
            document,
            parents[0] if parents else None,
            tuple(self.thing(s) for s, _, _ in sorted(self.related("childOf", target=ref))),
            tuple(self.member(one, ref) for one in members if one in self.documents),
            {f"user:default/{name}": name for name in document["spec"]["members"]},
            (),
            tuple(self.thing(s) for s, _, _ in sorted(self.related("ownedBy", target=ref))),
            tuple(self.above(ref)),
        )

    def above(self, ref):
        found = []
        while ref is not None:
            ref = next((t for _, t, _ in self.related("childOf", source=ref)), None)
            found += [ref] if ref else []
        return found

    def member(self, ref, team):
        groups = self.documents[ref]["spec"]["memberOf"]
        name = team.partition("/")[2]
        others = tuple(one for one in groups if one != name)
        return Member(self.thing(ref), others if name in groups else None)

    def do(self, steps):
        """Do steps one by one; returns what undoes them."""
        undo = []
        for step in steps:
            before = self.state()
            if step.act == MAKE:
                assert step.ref not in self.documents
                self.documents[step.ref] = step.value
                self.made.add(step.ref)
            elif step.act == REMOVE:
                assert self.documents.pop(step.ref) == step.value
                self.made.discard(step.ref)
            elif step.act == CALL:
                self.names[step.ref] = step.value
            else:
                change = Change(step.pointer, step.value, is_removal=step.value is None)
                old = self.documents[step.ref]
                self.documents[step.ref] = apply_changes(old, [change])
            undo.append(before)
        return undo


def draw(world, wish, *, admin=True):
    teams = {ref: world.team(ref) for ref in wish.teams}
    target = world.team(wish.target) if wish.target in world.documents else None
    return make_plan(wish, teams, target, may_change_teams=admin)


def build(dice, size=5):
    names = [f"team-{n}" for n in range(size)]
    people = [f"person-{n}" for n in range(6)]
    documents = []
    for number, name in enumerate(names):
        above = dice.choice([None, *names[:number]])
        inside = dice.sample(people, dice.randrange(3))
        documents.append(group(name, above, inside))
    documents += [user(name, dice.sample(names, dice.randrange(3))) for name in people]
    documents += [
        service(f"thing-{n}", f"group:default/{owner}" if home == "shop" else owner, home)
        for n in range(9)
        for owner in [dice.choice(names)]
        for home in [dice.choice(["default", "shop"])]
    ]
    made = {f"group:default/{name}" for name in names if dice.random() < 0.3}
    return World(documents, made), [f"group:default/{name}" for name in names]


def wish_for(dice, world, teams, kind):
    chosen = dice.sample(teams, dice.randrange(1, 3) if kind == MERGE else 1)
    others = [team for team in teams if team not in chosen]
    fresh = "group:default/fresh"
    target = fresh if kind == RENAME else dice.choice(others)
    if kind != SPLIT:
        return Wish(kind, tuple(chosen), target, "Fresh")
    team = world.team(chosen[0])
    target = dice.choice([fresh, target])
    entities = tuple(thing.ref for thing in team.owned if dice.random() < 0.5)
    people = tuple(one.user.ref for one in team.members if dice.random() < 0.5)
    return Wish(kind, tuple(chosen), target, "", entities, people)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_does_what_was_asked_and_no_more(kind):
    for seed in range(40):
        dice = random.Random(f"{kind}{seed}")
        world, teams = build(dice)
        wish = wish_for(dice, world, teams, kind)
        before = World([], ())
        before.documents, before.made, before.names = world.state()
        plan = draw(world, wish)
        world.do(plan.steps)
        check_owners(wish, before, world)
        check_people(wish, before, world)
        check_tree(wish, before, world, plan)
        touched = {step.ref for step in plan.steps}
        for ref, document in before.documents.items():
            assert ref in touched or world.documents[ref] == document


def check_owners(wish, before, after):
    for ref in before.documents:
        had = {target for _, target, _ in before.related("ownedBy", source=ref)}
        has = {target for _, target, _ in after.related("ownedBy", source=ref)}
        goes = ref in wish.entities if wish.kind == SPLIT else True
        moves = had and had <= set(wish.teams) and goes
        assert has == ({wish.target} if moves else had), (wish, ref)


def check_people(wish, before, after):
    def inside(world, team):
        return {source for source, _, _ in world.related("memberOf", target=team)}

    came = {p for team in wish.teams for p in inside(before, team)} & set(before.documents)
    if wish.kind == SPLIT:
        came = set(wish.people)
        assert not inside(after, wish.teams[0]) & came
    if wish.kind == CLOSE:
        came = set()
    assert inside(after, wish.target) == inside(before, wish.target) | came, wish


def check_tree(wish, before, after, plan):
    for team in wish.teams:
        if wish.kind != SPLIT:
            assert not after.related("childOf", target=team) or team in wish.teams
            left = {s for s, _, _ in after.related("childOf", target=team)} - set(wish.teams)
            assert not left, (wish, left)
            assert (team in after.documents) == (team not in before.made)
        if wish.kind in (RENAME, MERGE):
            assert after.names[team] == wish.target
    for child, above in plan.parents.items():
        assert {t for _, t, _ in after.related("childOf", source=child)} == ({above} - {None})
    for ref in after.documents:  # nobody stands above itself
        seen, here = set(), ref
        while here and here not in seen:
            seen.add(here)
            here = next(iter(sorted(t for _, t, _ in after.related("childOf", source=here))), None)
        assert here is None or ref != here or wish.kind == SPLIT, (wish, ref)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_say_all_it_takes_to_undo_them(kind):
    """Fields back in reverse order make the world of before, whatever the plan."""
    for seed in range(15):
        dice = random.Random(f"undo{kind}{seed}")
        world, teams = build(dice)
        start = world.state()
        states = world.do(draw(world, wish_for(dice, world, teams, kind)).steps)
        for documents, made, names in reversed(states):
            changed = documents.keys() | world.documents.keys()
            for ref in changed:
                if ref in documents and ref in world.documents:
                    back = find_changes(world.documents[ref], documents[ref])
                    assert len(back) <= 1
                    world.documents[ref] = apply_changes(world.documents[ref], back)
            world.documents = {**{r: d for r, d in world.documents.items() if r in documents}}
            world.documents |= {r: documents[r] for r in documents.keys() - world.documents.keys()}
            world.made, world.names = made, names
        assert world.state() == start


def test_who_may_not_change_teams_moves_only_what_is_owned():
    world, teams = build(random.Random(7))
    wish = Wish(MERGE, (teams[0],), teams[1])
    plan = draw(world, wish, admin=False)
    assert {step.pointer for step in plan.steps} == {"/spec/owner"}
    assert not plan.joins
    assert not plan.parents
    assert "for admins" in plan.warnings[0]


def test_whom_nobody_trusted_vouches_for_is_not_taken_along():
    thing = Thing("group:default/a", "default", "files: a")
    team = Team(thing, group("a"), untrusted=("user:default/stranger",))
    plan = make_plan(
        Wish(RENAME, ("group:default/a",), "group:default/b"),
        {"group:default/a": team},
        None,
        may_change_teams=True,
    )
    made = next(step for step in plan.steps if step.act == MAKE)
    assert made.value["spec"]["members"] == []
    assert any("user:default/stranger" in words for words in plan.warnings)


def test_another_plan_has_another_seal():
    world, teams = build(random.Random(3))
    wish = Wish(CLOSE, (teams[0],), teams[1])
    seal = draw(world, wish).seal
    assert draw(world, wish).seal == seal
    world.documents["component:default/new"] = service("new", "team-0")
    assert draw(world, wish).seal != seal
