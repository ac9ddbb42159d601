"""Values of own fields: what a document means, what is refused in which words, what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.catalog.core.document_fields import apply_changes
from portal.catalog.core.own_fields import Choice, OwnField, Required
from portal.catalog.core.own_rules import BUILT_IN, RESERVED, check_declaration
from portal.catalog.core.own_values import (
    find_sort_value,
    make_change,
    normalise,
    read_value,
    say_value,
    type_values,
)
from portal.errors import InvalidInput

LEVELS = (Choice("public", "Open to all"), Choice("Internal"), Choice("confidential"))
COST = OwnField("cost_centre", "Cost centre", path="costCentre")


def make(kind, location="spec", **parts):
    path = "own.value" if location == "spec" else "example.com/own"
    choices = LEVELS if kind.startswith("choice") else ()
    return OwnField("own", "Own", kind, location, path, choices=choices, **parts)


def document(value, location="spec"):
    if location == "spec":
        return {"spec": {"own": {"value": value}}}
    return {"metadata": {"annotations": {"example.com/own": value}}}


@pytest.mark.parametrize(
    ("kind", "location", "value", "kept"),
    [
        ("text", "spec", "  Team A ", ("Team A",)),
        ("text", "spec", 4711, ("4711",)),
        ("choice", "spec", "INTERNAL", ("Internal",)),
        ("choices", "spec", ["public", "internal", "Public"], ("public", "Internal")),
        ("choices", "spec", "public", ("public",)),
        ("choices", "annotation", "public, confidential", ("public", "confidential")),
        ("number", "spec", 12.50, ("12.5",)),
        ("number", "spec", 3.0, ("3",)),
        ("number", "annotation", "12.50", ("12.5",)),
        ("number", "annotation", "-7", ("-7",)),
        ("boolean", "spec", False, ("false",)),
        ("boolean", "annotation", "Yes", ("true",)),
        ("date", "spec", "2026-02-28", ("2026-02-28",)),
        ("url", "annotation", "https://example.com/A?b=1", ("https://example.com/A?b=1",)),
        ("ref", "spec", "Ledger", ("component:default/ledger",)),
        ("ref", "spec", "group:pay/Core", ("group:pay/core",)),
    ],
)
def test_values_are_read(kind, location, value, kept):
    found = read_value(make(kind, location), document(value, location))
    assert (found.values, found.finding) == (kept, None)


@pytest.mark.parametrize("value", [None, "", "  ", "-", []])
@pytest.mark.parametrize("kind", ["text", "choices", "number", "date"])
def test_nothing_is_no_value_and_no_problem(kind, value):
    found = read_value(make(kind), document(value))
    assert (found.values, found.finding) == ((), None)
    assert read_value(make(kind), {"spec": {"own": "no object"}}).values == ()
    assert read_value(make(kind), {}).values == ()


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("text", {"a": 1}, "an object"),
        ("text", True, "True"),
        ("text", "a\nb", "one line"),
        ("text", "x" * 401, "400 characters"),
        ("choice", "secret", "one of `public`, `Internal`, `confidential`"),
        ("choice", ["public"], "a list"),
        ("choices", ["public", "secret"], '"secret"'),
        ("number", "12", "a number"),
        ("number", True, "a number"),
        ("number", float("inf"), "a number"),
        ("number", 10**16, "a number"),
        ("boolean", "true", "true or false"),
        ("date", "2026-02-30", "2026-03-31"),
        ("date", "20260228", "2026-03-31"),
        ("url", "javascript:alert(1)", "https://"),
        ("url", "https://", "https://"),
        ("ref", "component:", "component:default/name"),
    ],
)
def test_what_is_not_allowed_is_named_and_kept_out(kind, value, says):
    found = read_value(make(kind), document(value))
    assert found.values == (("public",) if kind == "choices" else ())
    assert found.finding.rule == "own-field"
    assert found.finding.path == "spec.own.value"
    assert says in found.finding.message
    assert "Own takes" in found.finding.message
    assert found.finding.fix.startswith("Write ")


def test_no_more_values_than_a_hundred_are_kept():
    field = replace(make("choices"), choices=tuple(Choice(f"c{n}") for n in range(101)))
    found = read_value(field, document([f"c{n}" for n in range(101)]))
    assert len(found.values) == 100
    assert '"c100"' in found.finding.message


@pytest.mark.parametrize(
    ("kind", "values", "typed"),
    [
        ("text", ["a"], "a"),
        ("text", [], None),
        ("choices", ["a", "b"], ["a", "b"]),
        ("choices", [], None),
        ("number", ["12"], 12),
        ("number", ["12.5"], 12.5),
        ("number", ["left from before"], None),
        ("boolean", ["true"], True),
        ("boolean", ["false"], False),
    ],
)
def test_values_are_typed(kind, values, typed):
    found = type_values(make(kind), values)
    assert (found, type(found)) == (typed, type(typed))


def test_values_sort_as_they_are_meant():
    assert find_sort_value(make("choice"), "internal") == 1
    assert find_sort_value(make("choice"), "gone by now") == 3
    assert find_sort_value(make("number"), "9") < find_sort_value(make("number"), "10.5")
    assert find_sort_value(make("text"), "a") == "a"


def test_filters_are_read_as_values_are():
    assert normalise(make("ref"), " Ledger ") == "component:default/ledger"
    assert normalise(make("number"), "12.50") == "12.5"
    assert normalise(make("boolean"), "yes") == "true"
    assert normalise(make("choice"), "INTERNAL") == "internal"
    assert normalise(make("choice"), "Unknown") == "unknown"
    assert normalise(make("text"), "-") == "-"


def test_values_are_said_as_people_read_them():
    assert say_value(make("choice"), "public") == "Open to all"
    assert say_value(make("boolean"), "false") == "no"
    assert say_value(make("text"), "x") == "x"


@pytest.mark.parametrize(
    ("kind", "location", "given", "written"),
    [
        ("text", "spec", ["a"], "a"),
        ("text", "spec", ["  "], None),
        ("choice", "spec", ["internal"], "Internal"),
        ("choices", "spec", ["public", "internal"], ["public", "Internal"]),
        ("choices", "annotation", ["public", "internal"], "public, Internal"),
        ("choices", "spec", [], None),
        ("number", "spec", ["12.5"], 12.5),
        ("number", "annotation", ["12.50"], "12.5"),
        ("boolean", "spec", ["no"], False),
        ("boolean", "annotation", ["yes"], "true"),
    ],
)
def test_what_is_written_is_read_again(kind, location, given, written):
    field = make(kind, location)
    change = make_change(field, given)
    assert (change.value, type(change.value)) == (written, type(written))
    assert change.is_removal is (written is None)
    changed = apply_changes({"metadata": {}, "spec": {}}, [change])
    again = read_value(field, changed)
    assert again.finding is None
    assert bool(again.values) is (written is not None)
    assert make_change(field, again.values) == change


@pytest.mark.parametrize(
    ("kind", "given"), [("number", ["x"]), ("choice", ["public", "internal"]), ("date", ["soon"])]
)
def test_what_cannot_be_written_says_why(kind, given):
    with pytest.raises(InvalidInput) as caught:
        make_change(make(kind), given)
    problem = caught.value.problems[0]
    assert (problem.field, problem.rule) == ("field.own", "own-field")
    assert "Own takes" in problem.message
    assert problem.fix


def test_pointers_escape_as_rfc_6901_says():
    assert make_change(make("text"), ["x"]).pointer == "/spec/own/value"
    slash = make_change(make("text", "annotation"), ["x"]).pointer
    assert slash == "/metadata/annotations/example.com~1own"


def test_who_is_asked():
    asked = Required(classes=("service",), tiers=(0, 1))
    field = replace(COST, kinds=("component",), required=asked)
    assert field.requires("component", "service", 1)
    assert not field.requires("component", "service", None)
    assert not field.requires("component", "library", 1)
    assert not field.requires("api", None, 1)
    assert not COST.requires("component", "service", 1)
    assert replace(COST, required=Required()).requires("user", None, None)


def list_rules(field, others=(), marks=()):
    return {(found.field, found.rule) for found in check_declaration(field, others, marks)}


def test_good_declarations_have_nothing_wrong():
    assert list_rules(replace(COST, help="Two\nlines.")) == set()
    assert list_rules(make("choices", kinds=("component",), classes=("service",))) == set()
    assert list_rules(make("url", "annotation", required=Required(tiers=(0,)))) == set()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"key": "Cost"}, ("key", "form")),
        ({"key": "a__b"}, ("key", "form")),
        ({"key": "a" * 41}, ("key", "form")),
        ({"key": "tier"}, ("key", "reserved")),
        ({"key": "q"}, ("key", "reserved")),
        ({"key": "health"}, ("key", "reserved")),
        ({"title": " "}, ("title", "length")),
        ({"title": "x" * 61}, ("title", "length")),
        ({"help": "x" * 501}, ("help", "length")),
        ({"title": "a\nb"}, ("title", "character")),
        ({"help": "a\0b"}, ("help", "character")),
        ({"type": "money"}, ("type", "known")),
        ({"choices": LEVELS}, ("choices", "type")),
        ({"type": "choice"}, ("choices", "count")),
        ({"type": "choice", "choices": (Choice("a"), Choice("A"))}, ("choices", "unique")),
        ({"type": "choices", "choices": (Choice("a,b"),)}, ("choices", "form")),
        ({"type": "choice", "choices": (Choice("-"),)}, ("choices", "form")),
        ({"location": "labels"}, ("location", "known")),
        ({"path": ""}, ("path", "form")),
        ({"path": "a..b"}, ("path", "form")),
        ({"path": "a.b.c.d.e.f"}, ("path", "form")),
        ({"path": "owner"}, ("path", "built-in")),
        ({"path": "profile.email"}, ("path", "built-in")),
        ({"path": "tier"}, ("path", "built-in")),
        ({"location": "annotation", "path": "a b"}, ("path", "form")),
        ({"location": "annotation", "path": "plumbline.dev/tier"}, ("path", "built-in")),
        ({"location": "annotation", "path": "backstage.io/x"}, ("path", "built-in")),
        (
            {"location": "annotation", "path": "pagerduty.com/integration-key"},
            ("path", "built-in"),
        ),
        ({"kinds": ("Component!",)}, ("kinds", "form")),
        ({"classes": ("servise",)}, ("classes", "known")),
        ({"required": Required(tiers=(4,))}, ("required_tiers", "known")),
        ({"required": Required(classes=("x",))}, ("required_classes", "known")),
        (
            {"kinds": ("component",), "required": Required(kinds=("api",))},
            ("required_kinds", "applies"),
        ),
    ],
)
def test_declarations_are_checked(change, rule):
    found = check_declaration(replace(COST, **change), (), ("health",))
    assert rule in {(each.field, each.rule) for each in found}
    assert all(each.message and each.fix for each in found)


def test_declarations_stand_beside_others():
    level = OwnField("level", "Level", path="compliance.level")
    assert ("key", "unique") in list_rules(COST, [COST])
    assert ("path", "unique") in list_rules(replace(COST, key="other"), [COST])
    assert ("path", "unique") in list_rules(replace(COST, path="compliance"), [level])
    assert list_rules(replace(COST, path="complianceLevel"), [level]) == set()
    many = [replace(COST, key=f"k{n}", path=f"p{n}") for n in range(50)]
    assert list_rules(COST, many) == {("key", "most")}
    assert list_rules(COST, many[:49]) == set()


def test_names_of_the_portal_are_not_free():
    assert {"kind", "owner", "tier", "updated", "class", "limit", "fields"} <= RESERVED
    assert {"type", "owner", "dependsOn", "definition", "profile", "steps"} <= BUILT_IN
