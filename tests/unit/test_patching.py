"""A change to one value of a file: exact text in, exact text out; Git agrees."""

from __future__ import annotations

import json

import pytest

from portal.catalog.core.document_fields import Change
from portal.sources.core.patching import CannotPatch, patch_text

FILE = """\
# Who answers for checkout: see the handbook.
apiVersion: backstage.io/v1alpha1
kind: Component   # not a Resource
metadata:
  name: checkout
  title: "Check out"
  description: >-
    Takes carts
    to orders.

  labels: {tier: '1', team: "x" } # short
  annotations:
    # read by the pager
    pager.example/key: 'P 1'
  tags:
  - java
  # the slow one
  - batch

  links:
    - url: https://a.example   # first
      title: A
    -   url: https://b.example
spec:
    type: service
    owner: &crew crew

    lifecycle:    # decided in May
    dependsOn: []
    also: *crew
    notes: |+
      kept

---
kind: Group
spec: {type: team, children: [a, b]}
"""
AT = {
    "/metadata/title": ('  title: "Check out"\n', '  title: "New: one"\n', "New: one"),
    "/metadata/name": ("  name: checkout\n", '  name: "yes"\n', "yes"),
    "/metadata/description": (
        "description: >-\n    Takes carts\n    to orders.\n",
        "description: short\n",
        "short",
    ),
    "/metadata/labels/tier": ("{tier: '1',", "{tier: '0',", "0"),
    "/metadata/labels/team": ('team: "x" }', "team: true }", True),
    "/metadata/labels/new": ('team: "x" } #', 'team: "x", new: m } #', "m"),
    "/metadata/annotations/pager.example~1key": ("key: 'P 1'\n", "key: 'P ''2'''\n", "P '2'"),
    "/metadata/annotations/a~1b": ("'P 1'\n", "'P 1'\n    a/b: \"c: d\"\n", "c: d"),
    "/metadata/tags/0": ("  - java\n", "  - kotlin\n", "kotlin"),
    "/metadata/tags/-": ("  - batch\n", "  - batch\n  - new\n", "new"),
    "/metadata/tags": ("  - java\n", "  - go\n  - java\n", ["go", "java", "batch"]),
    "/metadata/links/0/title": ("title: A\n", "title: B\n", "B"),
    "/metadata/links/1/title": ("b.example\n", "b.example\n        title: B\n", "B"),
    "/metadata/links/-": (
        "b.example\n",
        "b.example\n    - url: c\n      title: C\n",
        {"url": "c", "title": "C"},
    ),
    "/metadata/deep/er": ("b.example\n", "b.example\n  deep:\n    er: 1\n", 1),
    "/spec/lifecycle": ("lifecycle:    #", "lifecycle: production    #", "production"),
    "/spec/dependsOn": ("dependsOn: []\n", "dependsOn:\n    - x\n", ["x"]),
    "/spec/dependsOn/-": ("dependsOn: []\n", "dependsOn:\n    - x\n", "x"),
    "/spec/notes": ("notes: |+\n      kept\n", "notes: |\n      a\n\n      b\n", "a\n\nb\n"),
    "/spec/more": ("kept\n\n", "kept\n\n    more: 0x1f is text\n", "0x1f is text"),
}
GONE = {
    "/metadata/title": '  title: "Check out"\n',
    "/metadata/description": "  description: >-\n    Takes carts\n    to orders.\n",
    "/metadata/labels/tier": "tier: '1', ",
    "/metadata/labels/team": ', team: "x"',
    "/metadata/labels": "  labels: {tier: '1', team: \"x\" } # short\n",
    "/metadata/tags/0": "  - java\n",
    "/metadata/tags/1": "  - batch\n",
    "/metadata/links/0/title": "      title: A\n",
    "/metadata/links/0/url": "url: https://a.example   # first\n      ",
    "/metadata/links/1": "    -   url: https://b.example\n",
    "/spec/lifecycle": "    lifecycle:    # decided in May\n",
    "/spec/notes": "    notes: |+\n      kept\n\n",
}
JSON = """{
\t"kind": "Component",
\t"metadata": {"name": "a", "tags": ["x", "y"], "labels": {}},
\t"spec": {
\t\t"owner": "crew \\ud83d\\ude00",
\t\t"dependsOn": [
\t\t\t"a"
\t\t]
\t}
}"""
IN_JSON = {
    "/spec/owner": ('"crew \\ud83d\\ude00"', '"team"', "team"),
    "/spec/type": ("\t\t]\n", '\t\t],\n\t\t"type": "ü"\n', "ü"),
    "/spec/dependsOn/-": ('\t"a"\n', '\t"a",\n\t\t\t"b"\n', "b"),
    "/spec/dependsOn": ('\t"a"\n', '\t"b",\n\t\t\t"a"\n', ["b", "a"]),
    "/metadata/tags/-": ('"y"]', '"y", "z"]', "z"),
    "/metadata/name": ('"a",', "null,", None),
    "/spec/links": (
        "\t\t]\n",
        '\t\t],\n\t\t"links": [\n\t\t\t{\n\t\t\t\t"url": "u"\n\t\t\t}\n\t\t]\n',
        [{"url": "u"}],
    ),
}
JSON_GONE = {
    "/spec/owner": '\t\t"owner": "crew \\ud83d\\ude00",\n',
    "/metadata/tags/0": '"x", ',
    "/metadata/tags/1": ', "y"',
    "/metadata/labels": ', "labels": {}',
}


def change(text, pointer, number=1, **what):
    return patch_text(text, number, [Change(pointer, **what)]).text


def variants(text):
    """Return a text as it is, as Windows writes it with a byte order mark, and cut short."""
    return (text, "\ufeff" + text.replace("\n", "\r\n"), text[:-1])


@pytest.mark.parametrize("pointer", AT)
def test_a_value_is_set(pointer):
    before, after, value = AT[pointer]
    assert FILE.count(before) == 1
    for text, wanted in zip(variants(FILE), variants(FILE.replace(before, after)), strict=True):
        assert change(text, pointer, value=value) == wanted


@pytest.mark.parametrize("pointer", GONE)
def test_a_value_is_removed(pointer):
    assert FILE.count(GONE[pointer]) == 1
    for text, wanted in zip(variants(FILE), variants(FILE.replace(GONE[pointer], "")), strict=True):
        assert change(text, pointer, is_removal=True) == wanted


def test_json_stays_json():
    for pointer, (before, after, value) in IN_JSON.items():
        assert change(JSON, pointer, value=value) == JSON.replace(before, after), pointer
    for pointer, gone in JSON_GONE.items():
        assert change(JSON, pointer, is_removal=True) == JSON.replace(gone, ""), pointer
    tight = json.dumps(json.loads(JSON), separators=(",", ":"))
    got = change(tight, "/metadata/labels/a", value=[1])
    assert got == tight.replace('"labels":{}', '"labels":{"a":[1]}')


def test_another_document_and_the_last_entry():
    text = change(FILE, "/spec/children/-", 2, value="c")
    assert text == FILE.replace("[a, b]", "[a, b, c]")
    text = change(FILE, "/spec/children", 2, value=[])
    assert text == FILE.replace("[a, b]", "[]")
    text = "metadata:\n  labels: # why\n    a: b  # c\n  x: y"
    assert change(text, "/metadata/labels/a", is_removal=True) == text.replace(
        ":" + " # why\n    a: b  # c", ": {} # why"
    )
    assert change(text, "/metadata/x", is_removal=True) == text.removesuffix("\n  x: y")
    assert change(text, "/metadata/x", value="1\n2\n") == text.replace("x: y", 'x: "1\\n2\\n"')
    text = "spec:\n  type: openapi\n  # v1\n  definition: |\n    a: b"
    found = change(text, "/spec/system", value="s")
    assert found == text.replace("openapi\n", "openapi\n  system: s\n")
    text = "metadata:\n  x: y\n\nspec: 1"
    assert change(text, "/spec", is_removal=True) == "metadata:\n  x: y"
    text = "spec:\n  # kept\n  a: b\nlist:\n- # this one\n  - 1\n"
    found = change(text, "/spec/a", is_removal=True)
    assert found == text.replace("spec:\n  # kept\n  a: b", "spec: {}\n  # kept")
    found = change(text, "/list/0/0", is_removal=True)
    assert found == text.replace("- # this one\n  - 1", "- [] # this one")


@pytest.mark.parametrize(
    ("pointer", "value", "rule"),
    [
        ("/spec/owner", "x", "alias"),
        ("/spec/also/x", "x", "pointer"),
        ("/merged/a", 2, "alias"),
        ("/base/a", 2, "alias"),
        ("/tagged", "z", "tag"),
        ("/definition", "text", "placeholder"),
        ("/definition/$text", "./b", "placeholder"),
        ("/list/9", "x", "pointer"),
        ("/list/01", "x", "pointer"),
        ("spec", "x", "pointer"),
        ("", {}, "pointer"),
        ("/spec/also", "x", "alias"),
        ("/spec/number", float("nan"), "number"),
    ],
)
def test_what_is_refused_says_why(pointer, value, rule):
    text = (
        "base: &base {a: 1}\nmerged: *base\ntagged: !secret x\ndefinition:\n  $text: ./a.yaml\n"
        "list: [a]\nspec:\n  owner: &crew crew\n  also: *crew\n  same: s\n"
    )
    with pytest.raises(CannotPatch) as refused:
        change(text, pointer, value=value)
    assert refused.value.problems[0].rule == rule
    assert refused.value.detail


def test_what_no_file_allows():
    for text, number, rule in (
        ("a: [", 1, "unreadable"),
        ("a: 1", 2, "pointer"),
        ("a: 1\rb: 2", 1, "line-endings"),
    ):
        with pytest.raises(CannotPatch) as refused:
            change(text, "/a", number, value=3)
        assert refused.value.problems[0].rule == rule
    with pytest.raises(CannotPatch):
        change("a: 1", "/b", is_removal=True)
    assert change("a: 1\nb: 2", "/b", is_removal=True) == "a: 1"
