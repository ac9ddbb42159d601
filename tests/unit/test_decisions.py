"""The decision against a naive one written anew, and what must hold for every case."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from portal.auth.core.decisions import (
    ALLOWS,
    CLI,
    DENIES,
    GOES_ON,
    Subject,
    add_opened,
    authorise,
    decide,
    make_actor,
    make_anonymous,
    might,
)
from portal.auth.core.membership import explain_role, map_role
from portal.auth.core.people import ProviderRules
from portal.auth.core.roles import GRANTS, ROLES
from portal.auth.core.scopes import LIMITS, Scope, check_narrowing, parse_scope
from portal.errors import Forbidden, InvalidInput

CASES = 2_000
TEAMS = ("group:default/a", "group:default/b", "group:default/c")
REFS = ("component:default/x", "component:default/y")
SYSTEMS = ("system:default/s", None)
PERMISSIONS = (
    "catalog:entity:read",
    "catalog:problem:read",
    "catalog:entity:write",
    "catalog:mark:write",
    "account:self:read",
    "account:token:write",
    "audit:entry:read",
    "access:account:read",
    "access:account:write",
    "metrics:all:read",
    "sources:run:write",
)


def pick_scope(chance):
    limit = chance.choice(("", *LIMITS))
    ref = {"": "", "entity": REFS[0], "owner": TEAMS[0], "system": SYSTEMS[0]}[limit]
    area = chance.choice(("catalog", "account", "audit", "access", "metrics", "*"))
    return Scope(area, chance.choice(("read", "write", "*")), limit, ref)


def pick_case(chance):
    scopes = None
    if chance.random() < 0.5:
        scopes = tuple(pick_scope(chance) for _ in range(chance.randint(0, 3)))
    actor = make_actor(
        "person:1",
        chance.choice(ROLES),
        account_id=1,
        label="Ana",
        teams=dict.fromkeys(chance.sample(TEAMS, chance.randint(0, 2)), "source demo"),
        why_role="given by cli",
        scopes=scopes,
        barred=chance.choice(("", "", "", "the account is deactivated")),
    )
    anonymous = make_anonymous(may_read=chance.random() < 0.5, may_measure=chance.random() < 0.5)
    actor = chance.choice((anonymous, *[add_opened(actor, anonymous)] * 9))
    about = None
    if chance.random() < 0.8:
        about = Subject(
            chance.choice(REFS),
            chance.choice((*TEAMS, None)),
            chance.choice(SYSTEMS),
            chance.choice((None, None, 1, 2)),
        )
    return actor, chance.choice(PERMISSIONS), about


def judge_naively(actor, permission, about):
    """Say yes or no from the written rules alone, sharing nothing with the code."""
    if actor.barred or (actor.scopes is not None and not passes_token(actor, permission, about)):
        return False
    if judge_visitor(actor, permission):
        return True
    return bool(actor.role) and (actor.role == "admin" or judge_person(actor, permission, about))


def passes_token(actor, permission, about):
    area, _, verb = permission.split(":")
    is_read = verb == "read"
    for scope in actor.scopes:
        if scope.area in ("*", area) and scope.verb in ("*", "read" if is_read else "write"):
            if scope.limit == "":
                return True
            if about is not None and not is_read:
                named = {"entity": about.ref, "owner": about.owner, "system": about.system}
                if named[scope.limit] == scope.ref:
                    return True
    return False


def judge_visitor(actor, permission):
    area, _, verb = permission.split(":")
    opened = {"catalog": "PORTAL_ANONYMOUS_READ=1", "metrics": "PORTAL_BIND is loopback"}
    is_token = actor.scopes is not None
    return not is_token and verb == "read" and opened.get(area) in actor.settings.values()


def judge_person(actor, permission, about):
    area, _, verb = permission.split(":")
    if area == "account":
        return about is None or about.account_id in (None, 1)
    if verb == "read":
        return area == "catalog" or (area in ("audit", "access") and actor.role == "auditor")
    owned = about is not None and about.owner in actor.teams
    return area == "catalog" and owned and actor.role in ("member", "auditor")


def test_a_naive_oracle_agrees():
    chance, allowed = random.Random(20260301), 0
    for _ in range(CASES):
        actor, permission, about = pick_case(chance)
        expected = judge_naively(actor, permission, about)
        found = decide(actor, permission, about)
        assert found.allowed is expected, (actor, permission, about, found)
        allowed += expected
    assert CASES / 5 < allowed < CASES * 4 / 5


def test_every_decision_explains_itself():
    chance = random.Random(1)
    for _ in range(CASES):
        found = decide(*pick_case(chance))
        *before, last = found.steps
        assert last.outcome == (ALLOWS if found.allowed else DENIES)
        assert all(step.outcome == GOES_ON for step in before)
        assert found.reason == last.value
        assert all(step.rule and step.value for step in found.steps)


def test_a_higher_role_never_may_less():
    chance = random.Random(2)
    for _ in range(CASES):
        actor, permission, about = pick_case(chance)
        if not actor.role:
            continue
        answers = [
            decide(
                replace(actor, role=role, grants=GRANTS[role]),
                permission,
                about,
            ).allowed
            for role in ROLES
        ]
        assert answers == sorted(answers), (permission, about, answers)


def test_signing_in_never_takes_away_what_is_open_to_everyone():
    chance = random.Random(5)
    for _ in range(CASES):
        actor, permission, about = pick_case(chance)
        if actor.barred or actor.scopes is not None:
            continue
        anonymous = make_anonymous(may_read=True, may_measure=True)
        allowed = decide(anonymous, permission, about).allowed
        assert allowed <= decide(add_opened(actor, anonymous), permission, about).allowed


def test_narrowing_a_scope_never_adds_rights():
    chance = random.Random(3)
    for _ in range(CASES):
        actor, permission, about = pick_case(chance)
        if not actor.scopes:
            continue
        wide = tuple(replace(scope, limit="", ref="") for scope in actor.scopes)
        narrow_allowed = decide(actor, permission, about).allowed
        assert narrow_allowed <= decide(replace(actor, scopes=wide), permission, about).allowed
        assert narrow_allowed <= decide(replace(actor, scopes=None), permission, about).allowed


def test_the_door_is_open_to_whoever_may_do_it_to_something():
    chance = random.Random(4)
    for _ in range(CASES):
        actor, permission, about = pick_case(chance)
        assert decide(actor, permission, about).allowed <= might(actor, permission)


def test_the_command_line_may_do_everything():
    assert all(decide(CLI, permission, Subject("x")).allowed for permission in PERMISSIONS)


def test_settings_of_anonymous_visitors_are_named():
    steps = decide(make_anonymous(may_read=False), "catalog:entity:read").steps
    assert "PORTAL_ANONYMOUS_READ=0, so it is not open to everyone" in {s.value for s in steps}
    opened = decide(make_anonymous(may_read=True), "catalog:entity:read")
    assert opened.allowed
    assert opened.reason == "PORTAL_ANONYMOUS_READ=1 opens it to everyone"


def test_a_narrowed_write_holds_for_its_things_alone():
    actor = make_actor(
        "person:1",
        "admin",
        account_id=1,
        label="Ana",
        teams={},
        why_role="",
        scopes=(parse_scope(f"catalog:write@owner={TEAMS[0]}"),),
    )
    authorise(actor, "catalog:entity:write", Subject(REFS[0], owner=TEAMS[0]))
    for about in (None, Subject(), Subject(REFS[0], owner=TEAMS[1])):
        with pytest.raises(Forbidden, match="not among what they name"):
            authorise(actor, "catalog:entity:write", about)
    with pytest.raises(Forbidden):
        authorise(actor, "catalog:entity:read", Subject(REFS[0], owner=TEAMS[0]))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("catalog:read@owner=group:default/a", "narrow_read"),
        ("catalog:*@system=system:default/s", "narrow_read"),
        ("metrics:write@entity=component:default/x", "narrow_area"),
        ("*:write@entity=component:default/x", "narrow_area"),
        ("catalog:write@owner=payments", "narrow_ref"),
    ],
)
def test_scopes_that_could_not_be_kept_are_refused(text, rule):
    with pytest.raises(InvalidInput) as caught:
        check_narrowing(parse_scope(text))
    assert caught.value.problems[0].rule == rule


@pytest.mark.parametrize(
    ("groups", "ruled", "role", "words"),
    [
        ((), {}, "member", "PORTAL_OIDC_ACME_DEFAULT_ROLE=member"),
        (("sre",), {}, "auditor", "PORTAL_OIDC_ACME_GROUP_ROLES gives auditor"),
        (("sre",), {"sre": "viewer"}, "member", "DEFAULT_ROLE"),
        (("ops",), {"ops": "admin"}, "auditor", "held down by PORTAL_OIDC_ACME_HIGHEST_ROLE"),
    ],
)
def test_the_role_of_a_provider_names_what_makes_it_so(groups, ruled, role, words):
    rules = ProviderRules("acme", highest_role="auditor", group_roles={"sre": "auditor"})
    found, why = explain_role(groups, ruled, rules)
    assert (found, words in why) == (role, True), why
    given = {**rules.group_roles, **ruled}
    assert found == map_role(groups, given, default="member", at_most="auditor")
