"""The own-written cases of tests/cases, judged by the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portal.catalog.core import fields, kinds, refs, relations, specs
from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.placeholders import PlaceholderError, resolve_placeholders
from portal.sources.flows.reading import read_folder, read_placeholder
from portal.sources.providers.folder import Folder

CASES = Path(__file__).parents[1] / "cases"
FORMATS = {
    "name": fields.is_name,
    "namespace": fields.is_namespace,
    "kind": fields.is_kind,
    "apiVersion": fields.is_api_version,
    "labelKey": fields.is_key,
    "labelValue": fields.is_label_value,
    "annotationKey": fields.is_key,
    "annotationValue": fields.is_text,
    "tag": fields.is_tag,
    "title": fields.is_filled,
}


def load(name: str) -> list[Any]:
    cases = json.loads((CASES / f"{name}.json").read_text("utf-8"))["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases]


def component(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "ferry", **metadata},
        "spec": {"type": "service", "lifecycle": "production", "owner": "crew"},
    }


@pytest.mark.parametrize("case", load("fields"))
def test_field(case):
    if case["field"] == "link":
        accepted = not specs.check_entity(component(links=[case["value"]]))
    else:
        accepted = FORMATS[case["field"]](case["value"])
    assert accepted == case["accept"]


@pytest.mark.parametrize("case", load("refs"))
def test_ref(case):
    try:
        found = refs.parse_ref(
            case["value"],
            default_kind=case.get("default_kind"),
            default_namespace=case.get("default_namespace") or "default",
        )
    except ValueError:
        assert case["result"] is None
        return
    parts = {"kind": found.kind, "namespace": found.namespace, "name": found.name}
    assert case["result"] == (found.canonical if case["op"] == "canonical" else parts)


@pytest.mark.parametrize("case", load("locations"))
def test_location(case):
    try:
        found = refs.parse_location(case["value"])
    except ValueError:
        assert case["result"] is None
        return
    assert case["result"] == {"type": found.type, "target": found.target}


@pytest.mark.parametrize("case", load("documents"))
def test_documents(case):
    found = []
    for document in read_documents(case["text"]):
        is_object = isinstance(document.value, dict)
        status = "skipped" if document.is_empty else "ok" if is_object else "error"
        found.append({"status": status, "line": document.line, "entity": document.value})
    expected = case["documents"]
    assert [d["status"] for d in found] == [d["status"] for d in expected]
    for got, wanted in zip(found, expected, strict=True):
        assert got["line"] == wanted.get("line", got["line"])
        assert got["entity"] == wanted.get("entity", got["entity"])


@pytest.mark.parametrize("case", load("entities"))
def test_entity(case):
    entity = case["entity"]
    found = specs.check_entity(entity)
    known = kinds.find_kind(entity["kind"], entity["apiVersion"]) if not found else None
    assert case["verdict"] == ("reject" if found else "accept" if known else "generic")
    if found:
        assert case["path"] in [finding.path for finding in found]
        assert all(finding.message and finding.fix and finding.rule for finding in found)


@pytest.mark.parametrize("case", load("relations"))
def test_relations(case):
    try:
        found = relations.list_relations(case["entity"])
    except ValueError:
        assert case.get("error")
        return
    both = {(r.source, r.type, r.target) for one in found for r in (one, one.inverse)}
    assert not case.get("error")
    assert sorted(both) == sorted(tuple(triple) for triple in case["relations"])


def make_folder(root: Path, files: dict[str, str], start: str | None = None) -> Folder:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return Folder(root.resolve(), start)


@pytest.mark.parametrize("case", load("placeholders"))
def test_placeholders(case, tmp_path):
    folder = make_folder(tmp_path / "root", case["files"])

    def read(target: str) -> str:
        return read_placeholder(folder, case["descriptor"], target, lambda _: None)

    found, problems = resolve_placeholders(case["spec"], read)
    assert bool(problems) == bool(case.get("error"))
    if not problems:
        assert found == case["result"]


@pytest.mark.parametrize("case", load("location_targets"))
def test_location_targets(case, tmp_path):
    folder = make_folder(tmp_path / "root", case["files"], case["start"])
    reports = list(read_folder(folder))
    assert sorted(report.path for report in reports) == case["reached"]
    assert sum(len(v.errors) for r in reports for v in r.verdicts) == case["errors"]


def test_placeholder_error_names_a_fix():
    with pytest.raises(PlaceholderError) as caught:
        read_placeholder(Folder(CASES), "a.yaml", "../../etc/passwd", lambda _: None)
    assert caught.value.fix
