"""What stands in forms, which changes they ask for, and what two make of one: without a portal."""

from __future__ import annotations

import pytest

from portal.catalog.core.contacts import check_contacts, list_co_owners, list_contacts
from portal.catalog.core.document_fields import Change, apply_changes
from portal.catalog.core.editable import (
    find_tier_place,
    list_fields,
    make_own_field,
    say_pointer,
)
from portal.catalog.core.form_text import normalise, show_texts, write_changes
from portal.catalog.core.merging import BOTH, SAME, THEIRS, YOURS, make_mark, merge
from portal.catalog.core.own_fields import (
    ANNOTATION,
    BOOLEAN,
    CHOICE,
    CHOICES,
    NUMBER,
    Choice,
    OwnField,
)
from portal.catalog.core.registering import (
    Registration,
    check_registration,
    find_alias,
    make_component,
)
from portal.catalog.core.specs import check_entity, list_hints

NOTHING = object()
ANNOTATIONS = {
    "plumbline.dev/co-owners": "crew, user:ana",
    "plumbline.dev/contact-on-call": "#till",
    "plumbline.dev/contact-product": "product@larkmoor.example.com",
    "plumbline.dev/contact-security": "group:security",
    "note": "two\nlines",
    "team": "blue",
}
TILL = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "till",
        "description": "Takes money.\n",
        "tags": ["go", "pci"],
        "links": [{"url": "https://x.example/a", "title": "A", "icon": "book"}],
        "labels": {"a": "1"},
        "annotations": ANNOTATIONS,
    },
    "spec": {
        "type": "service",
        "lifecycle": "production",
        "owner": "crew",
        "tier": 1,
        "dependsOn": ["component:shop", "Resource:Db"],
    },
}
FIELDS = list_fields(TILL)
SHOWN = show_texts(FIELDS, TILL)


def ask(**typed):
    """Return the changes a form with these texts asks for, or what is wrong, by field."""
    texts = {**SHOWN, **{n: normalise(f, typed[n]) for f in FIELDS if (n := f.name) in typed}}
    changes, problems = write_changes(FIELDS, texts, TILL, {})
    return {c.pointer: None if c.is_removal else c.value for c in changes}, {
        p.field: p.rule for p in problems
    }


def test_a_form_shows_what_stands_there_and_asks_for_nothing_when_left_alone():
    assert SHOWN["co_owners"] == "crew\nuser:ana"
    assert (SHOWN["tier"], SHOWN["tags"], SHOWN["labels"]) == ("1", "go, pci", "a=1")
    # Contacts have fields of their own, and what has several lines fits no line.
    assert SHOWN["annotations"] == "team=blue"
    assert ask(**SHOWN) == ({}, {})
    browser = {name: text.replace("\n", "\r\n") + "\r\n" for name, text in SHOWN.items()}
    assert ask(**browser) == ({}, {})


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"title": " Till "}, {"/metadata/title": "Till"}),
        ({"description": ""}, {"/metadata/description": None}),
        ({"tier": "2"}, {"/spec/tier": 2}),
        ({"tags": "go pci,  eu"}, {"/metadata/tags": ["go", "pci", "eu"]}),
        (
            {"depends_on": "Resource:Db\ncomponent:x"},
            {"/spec/dependsOn": ["Resource:Db", "component:x"]},
        ),
        ({"depends_on": "\n"}, {"/spec/dependsOn": None}),
        (
            {"links": "B\x1fhttps://x.example/a\x1frunbook\n\x1f\x1f"},
            {
                "/metadata/links": [
                    {
                        "url": "https://x.example/a",
                        "title": "B",
                        "type": "runbook",
                        "icon": "book",
                    }
                ]
            },
        ),
        ({"labels": "a=2\nb=c"}, {"/metadata/labels/a": "2", "/metadata/labels/b": "c"}),
        ({"annotations": "team=a=b"}, {"/metadata/annotations/team": "a=b"}),
        ({"annotations": ""}, {"/metadata/annotations/team": None}),
        ({"co_owners": "crew"}, {"/metadata/annotations/plumbline.dev~1co-owners": "crew"}),
        ({"contact_on_call": ""}, {"/metadata/annotations/plumbline.dev~1contact-on-call": None}),
    ],
)
def test_a_form_asks_for_what_differs(typed, expected):
    changes, problems = ask(**typed)
    assert (changes, problems) == (expected, {})
    made = [Change(p, v, is_removal=v is None) for p, v in changes.items()]
    assert check_entity(apply_changes(TILL, made)) == []


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ({"labels": "nothing"}, "pair"),
        ({"labels": "a=1\na=2"}, "once"),
        ({"contact_security": "ring at the door"}, "contact"),
        ({"contact_security": "javascript://x"}, "contact"),
        ({"co_owners": "component:shop"}, "co-owner"),
    ],
)
def test_a_text_that_is_no_value_is_refused_at_its_field(typed, rule):
    changes, problems = ask(**typed)
    assert (changes, problems) == ({}, {next(iter(typed)): rule})


def test_contacts_are_read_and_what_cannot_be_is_told():
    assert list_co_owners(TILL) == ["group:default/crew", "user:default/ana"]
    found = [(c.role, c.form, c.value) for c in list_contacts(TILL)]
    assert found == [
        ("on-call", "channel", "#till"),
        ("product", "email", "product@larkmoor.example.com"),
        ("security", "entity", "group:default/security"),
    ]
    assert list(check_contacts(TILL)) == []
    wrong = {"plumbline.dev/co-owners": "api:x", "plumbline.dev/contact-product": "a b"}
    document = {**TILL, "metadata": {"name": "till", "annotations": wrong}}
    assert [finding.rule for finding in list_hints(document)] == ["co-owner", "contact"]
    assert (list_co_owners(document), list_contacts(document)) == ([], [])


def test_the_tier_is_changed_where_it_is_read():
    assert find_tier_place({"metadata": {}, "spec": {}}).endswith("plumbline.dev~1tier")
    assert find_tier_place({"metadata": {}, "spec": {"criticality": "high"}}) == "/spec/criticality"
    both = {"metadata": {"annotations": {"plumbline.dev/tier": "?"}}, "spec": {"tier": 2}}
    assert find_tier_place(both) == "/spec/tier"
    own = {"metadata": {"annotations": {"plumbline.dev/tier": "crown"}}, "spec": {"tier": 2}}
    assert find_tier_place(own, {"crown": "0"}).endswith("plumbline.dev~1tier")
    assert say_pointer("/metadata/labels/a~1b") == "Label a/b"


@pytest.mark.parametrize(
    ("typed", "present", "expected"),
    [
        ("a", "a", ("a", SAME)),
        ("b", "a", ("b", YOURS)),
        ("a", "b", ("b", THEIRS)),
        ("b", "c", ("b", BOTH)),
        ("b", "b", ("b", SAME)),
    ],
)
def test_what_two_change_is_merged_by_field(typed, present, expected):
    merged = merge(typed, present, make_mark("a"))
    assert (merged.text, merged.whose, merged.theirs) == (*expected, present)


@pytest.mark.parametrize(
    ("repository", "alias", "slug"),
    [
        ("https://github.com/Larkmoor/Till.git", "github.com/larkmoor/till", "github.com"),
        ("git@gitlab.example.com:a/b/till.git", "gitlab.example.com/a/b/till", "gitlab.com"),
        ("ssh://git@git.example.com:2222/a/till", "git.example.com/a/till", None),
        ("https://git.example.com/a/till/", "git.example.com/a/till", None),
    ],
)
def test_a_repository_is_noted_where_aliases_are_found(repository, alias, slug):
    assert find_alias(repository) == alias
    given = Registration("till", "crew", "data_store", "0", repository=repository)
    assert list(check_registration(given)) == []
    document = make_component(given)
    assert check_entity(document) == []
    annotations = document["metadata"]["annotations"]
    assert annotations["plumbline.dev/tier"] == "0"
    assert {key.partition("/")[0] for key in annotations if key.endswith("slug")} == (
        {slug} if slug else set()
    )


def test_a_registration_says_all_that_is_wrong_with_it():
    given = Registration("Order Intake", "", "x", "9", "y", "ftp://a/b")
    found = {p.field: p for p in check_registration(given)}
    assert set(found) == {"name", "owner", "class", "tier", "lifecycle", "repository"}
    assert "order-intake" in found["name"].fix


OWN = {
    field.key: field
    for field in (
        OwnField("data", "Data", CHOICE, ANNOTATION, "x.dev/data", choices=(Choice("pii"),)),
        OwnField("zones", "Zones", CHOICES, path="zones", choices=(Choice("EU"), Choice("us"))),
        OwnField("costs", "Costs", NUMBER, path="costs.euro"),
        OwnField("open", "Open", BOOLEAN, path="open"),
    )
}


@pytest.mark.parametrize(
    ("key", "stands", "shown", "typed", "expected"),
    [
        ("data", "PII", "pii", "", None),
        ("data", "odd", "odd", "pii", "pii"),
        ("zones", ["us", "eu"], "EU\nus", "us", ["us"]),
        ("zones", "us, EU", "EU\nus", "us\nEU", NOTHING),
        ("costs", 12, "12", "13.5", 13.5),
        ("open", True, "true", "false", False),
    ],
)
def test_own_fields_are_filled_in_as_they_were_declared(key, stands, shown, typed, expected):
    field = make_own_field(OWN[key])
    document = apply_changes(TILL, [Change(field.pointer, stands)])
    assert show_texts([field], document) == {field.name: shown}
    texts = {field.name: normalise(field, typed)}
    changes, problems = write_changes([field], texts, document, {})
    assert problems == []
    is_gone = expected is None
    made = [] if expected is NOTHING else [Change(field.pointer, expected, is_removal=is_gone)]
    assert changes == made


def test_an_own_field_refuses_what_it_does_not_allow():
    field = make_own_field(OWN["costs"])
    changes, problems = write_changes([field], {field.name: "much"}, TILL, {})
    assert (changes, problems[0].field, problems[0].rule) == ([], "own_costs", "own-field")
