"""Every route asked as everyone, against docs/permissions.md and against the roles' grants."""

from __future__ import annotations

import difflib

from portal.auth.core.roles import GRANTS, find_grant
from portal.web.markers import PUBLIC, is_by_object
from tests.permissions import (
    CAST,
    NO,
    PEOPLE,
    SCIM,
    SCOPES,
    SIGN_IN,
    list_routes,
    make_tables,
    read_tables,
    walk,
)

# Routes that are there to say no, whoever asks.
REFUSING = {("DELETE", "/api/catalog/entities/by-uid/<string:uid>")}
ADVICE = "docs/permissions.md differs; read the change, then `python tests/permissions.py --write`"

SIGNED = "/webhook"


def test_every_route_is_in_the_table(app):
    tables = read_tables()
    missing = [r for r in list_routes(app) if f"| `{r.method} {r.rule}` |" not in tables]
    assert not missing, ADVICE


def test_everyone_gets_what_the_table_says(settings, database, app):
    found = walk(settings, database)
    kept, made = read_tables().splitlines(), make_tables(found).splitlines()
    change = [line for line in difflib.unified_diff(kept, made, lineterm="", n=0) if "|" in line]
    assert not change, "\n".join([ADVICE, *change])
    by_object = {
        (method, str(rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods
        if is_by_object(app.view_functions[rule.endpoint])
    }
    for route, answers in found.items():
        check_modes(route, answers)
        if (route.method, route.rule) not in by_object:
            check_roles(route, answers)


def check_modes(route, answers):
    """Opening reading changes something for visitors alone, and pages take no token."""
    for asker in (*PEOPLE[1:], *(SCOPES if route.is_for_programs else ())):
        assert answers.closed[asker] == answers.opened[asker], (route, asker)
    if not route.is_for_programs:
        assert answers.closed["*:*"] == answers.closed["anonymous"], route
        assert answers.opened["*:*"] == answers.opened["anonymous"], route


def check_roles(route, answers):
    """Who is kept out is who the roles' grants keep out, whatever the table says."""
    if route.rule.endswith(SIGNED):  # open to all, and taken from who can sign alone
        assert set(answers.closed.values()) == {NO}, route
        return
    if route.label == PUBLIC:
        assert not {NO, SIGN_IN} & set(answers.closed.values()), route
        return
    if route.rule.startswith(SCIM):  # a session never counts there
        assert {answers.closed[name] for name in PEOPLE} == {SIGN_IN}, route
        assert {s for s in SCOPES if answers.closed[s] != NO} == {"scim:write"}, route
        return
    opened = {"metrics:all:read"}  # the portal of the tests is bound to loopback
    is_read = route.label.startswith("catalog:") and route.label.endswith(":read")
    assert (answers.closed["anonymous"] == SIGN_IN) == (route.label not in opened), route
    assert (answers.opened["anonymous"] == SIGN_IN) == (not is_read and route.label not in opened)
    if (route.method, route.rule) in REFUSING:
        assert {answers.closed[name] for name, _, _ in CAST} == {NO}, route
        return
    for name, role, _ in CAST:
        expected = route.label in opened or find_grant(GRANTS[role], route.label) is not None
        assert (answers.closed[name] not in (NO, SIGN_IN)) is expected, (route, name)
