"""Descriptors of other products, judged against cases written from the products' documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.codeowners import CodeOwners, read_codeowners, suggest_owner
from portal.sources.core.translated import join_members
from portal.sources.core.verdict import OK, SKIPPED, Verdict
from portal.sources.core.verdicts import EMPTY, NO_DESCRIPTOR, TEMPLATE, judge_document
from portal.sources.flows.checking import mark_repeats

CASES = Path(__file__).parents[1] / "cases" / "foreign"
# Kinds that nobody knows are kept as generic entities, whoever's group they are in.
DIFFERENT = {"lookalikes-008"}
NO_ENTITY = ": no entity of the catalog"
WORDS = {EMPTY: "empty", NO_DESCRIPTOR: "not-a-descriptor", TEMPLATE: "template"}


def load(*names: str) -> list[Any]:
    files = [CASES / f"{name}.json" for name in names]
    return [
        pytest.param(case, id=case["id"])
        for file in files
        for case in json.loads(file.read_text("utf-8"))
        if "CODEOWNERS" not in case["file"] and case["id"] not in DIFFERENT
    ]


def judge(text: str) -> list[Verdict]:
    """Return the verdicts of a file; what a placeholder stands for stays its address."""

    def read(target: str) -> str:
        return f"$text {target}"

    found = [judge_document("file", each, read) for each in read_documents(text)]
    verdicts = join_members([verdict for verdicts in found for verdict in verdicts])
    return sorted(mark_repeats(verdicts), key=lambda verdict: verdict.document)


def in_words(verdict: Verdict) -> str:
    if verdict.reason.endswith(NO_ENTITY):
        return verdict.reason.removesuffix(NO_ENTITY).lower().replace(" ", "-")
    return WORDS.get(verdict.reason, verdict.reason)


def describe(text: str) -> dict[str, Any]:
    """Return what became of a file in the shape of the cases."""
    verdicts = [verdict for verdict in judge(text) if verdict.reason != EMPTY]
    numbers = {n: i for i, n in enumerate(dict.fromkeys(v.document for v in verdicts))}

    def place(verdict: Verdict, path: str) -> str:
        return f"#{numbers[verdict.document]}{path}" if len(numbers) > 1 else path

    good = [verdict for verdict in verdicts if verdict.status == OK]
    errors = [
        {"path": place(verdict, finding.path), "rule": finding.rule}
        for verdict in verdicts
        for finding in verdict.errors
    ]
    if not good and not errors:
        return {"skipped": in_words(verdicts[0]) if verdicts else "empty"}
    if not good:
        return {"errors": errors}
    told = [(verdict, finding) for verdict in good for finding in verdict.warnings]
    answer: dict[str, Any] = {
        "product": good[0].product or "backstage",
        "entities": [verdict.entity for verdict in good],
        "dropped": sorted(place(v, f.path) for v, f in told if f.rule == "dropped"),
        "warnings": sorted(
            [f"{f.rule}: {place(v, f.path)}" for v, f in told if f.rule != "dropped"]
            + [f"skipped-document: {place(v, '$')}" for v in verdicts if v.status == SKIPPED]
        ),
    }
    return answer | ({"errors": errors} if errors else {})


def normalise(expected: dict[str, Any]) -> dict[str, Any]:
    wanted = json.loads(json.dumps(expected))
    for name in ("dropped", "warnings"):
        if name in wanted:
            wanted[name] = sorted(wanted[name])
    for entity in wanted.get("entities", ()):
        definition = entity["spec"].get("definition")
        if isinstance(definition, dict):
            entity["spec"]["definition"] = f"$text {definition['$text']}"
    return wanted


@pytest.mark.parametrize("case", load("opslevel", "cortex", "datadog", "compass", "lookalikes"))
def test_case(case):
    assert describe(case["text"]) == normalise(case["expect"])


def load_codeowners() -> list[Any]:
    cases = [
        *json.loads((CASES / "codeowners.json").read_text("utf-8")),
        *json.loads((CASES / "lookalikes.json").read_text("utf-8")),
    ]
    return [pytest.param(c, id=c["id"]) for c in cases if "CODEOWNERS" in c["file"]]


def expand(case: dict[str, Any]) -> str:
    """Return the text of a case, a line of it repeated where it says so."""
    if "expand" not in case:
        return str(case["text"])
    more = case["expand"]
    lines = case["text"].split("\n")
    at = more["line"] - 1
    lines[at : at + 1] = [lines[at].removeprefix(more["strip"])] * more["times"]
    return "\n".join(lines)


def describe_owners(found: CodeOwners, paths: list[str]) -> dict[str, Any]:
    def say(owners: tuple[str, ...] | None) -> dict[str, Any]:
        listed = None if owners is None else list(owners)
        return {"owners": listed, "suggest": suggest_owner(owners, found.flavour)}

    return {
        "product": "codeowners",
        "flavour": found.flavour,
        "entities": [],
        "paths": [{"path": path, **say(found.find(path)[0])} for path in paths],
        "repository": say(found.find_for_all()[0]),
        "dropped": sorted(found.dropped),
        "warnings": sorted(f"{rule}: {place}" for rule, place in found.warnings),
        "sections": [
            {
                "section": section.name,
                "optional": section.is_optional,
                "approvals": section.approvals,
                "owners": list(section.owners),
            }
            for section in found.sections[1:]
        ],
    }


@pytest.mark.parametrize("case", load_codeowners())
def test_codeowners(case):
    found = read_codeowners(expand(case), case.get("flavour"))
    expected = normalise(case["expect"])
    if "skipped" in expected:
        assert found is None
        return
    assert found is not None
    told = describe_owners(found, [each["path"] for each in expected["paths"]])
    assert {name: told[name] for name in expected} == expected


def test_what_nobody_can_tell_from_a_key_is_said():
    long, own = "n" * 60, "請求"
    fields = "".join(f"- {{name: {name}, type: text, value: v}}\n" for name in (long, own, "a b"))
    told = describe(f"name: x\nconfigVersion: 1\ntypeId: SERVICE\ncustomFields:\n{fields}")
    changed = [each for each in told["warnings"] if each.startswith("name-changed")]
    assert changed == [f"name-changed: $.customFields[{n}].name" for n in (0, 1)]
    keys = [
        key
        for key in told["entities"][0]["metadata"]["annotations"]
        if key.startswith("atlassian.com/compass-field.")
    ]
    assert len(keys) == 3
    assert not any(own in key or long in key for key in keys)
    assert "atlassian.com/compass-field.a-b" in keys


@pytest.mark.parametrize("interface", ["", "  interface: {}\n", "  interface: {fileRef: ''}\n"])
def test_an_api_without_definition_is_wrong_where_its_interface_stands(interface):
    text = f"apiVersion: v3\nkind: api\nmetadata: {{name: x}}\nspec:\n  lifecycle: p\n{interface}"
    assert describe(text) == {"errors": [{"path": "$.spec.interface", "rule": "required"}]}


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v3\nkind: 7\nmetadata: {name: x}\n",
        "apiVersion: v3\nkind: service\nmetadata: x\n",
        "apiVersion: backstage.io/v1alpha1\nkind: 7\nmetadata: x\n",
    ],
)
def test_a_mistake_in_an_envelope_stays_an_error(text):
    assert describe(text)["errors"]


@pytest.mark.parametrize("flavour", ["github", "gitlab", "bitbucket"])
@pytest.mark.parametrize("line", ["icon@2x.png @lin", "@types/ @lin", "/@acme/core @lin", "a @lin"])
def test_a_pattern_that_holds_an_at_sign_is_no_owner(flavour, line):
    found = read_codeowners(f"{line}\n@acme/core @lin\n", flavour)
    assert found is not None
    odd = [place for rule, place in found.warnings if rule == "pattern-looks-like-owner"]
    assert odd == ["line 2"]
