"""Judges conformance vectors somebody else recorded and prints every verdict that differs.

`python bench/vectors.py FOLDER`; the folder holds one JSON file a topic, each with `cases`. Exits 1
when a verdict differs and its case is not among the intended differences.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.catalog.core import fields, kinds, refs, relations, specs
from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.placeholders import resolve_placeholders
from portal.sources.flows.reading import read_placeholder
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Case = dict[str, Any]

INTENDED = {
    "a Template's owner makes ownedBy, as the scaffolder's own processor does": {"relations-043"},
    "a reference that cannot be parsed refuses the document; the peer fails one stage later": {
        "kind-component: set spec.dependencyOf ['']",
        "kind-component: set spec.dependencyOf 'x'",
        "kind-resource: set spec.dependencyOf ['']",
    },
    "a placeholder reads files of its own source only, never a web address or a parent folder": {
        "placeholders-019",
        "placeholders-022",
        "placeholders-023",
        "placeholders-024",
    },
}
FORMATS: dict[str, Callable[[object], bool]] = {
    "names": fields.is_name,
    "namespaces": fields.is_namespace,
    "tags": fields.is_tag,
    "kind": fields.is_kind,
    "api-version": fields.is_api_version,
    "label-keys": fields.is_key,
    "label-values": fields.is_label_value,
    "annotation-keys": fields.is_key,
    "annotation-values": fields.is_text,
}
# Vectors of one stage alone; here every stage judges, so only what they refuse can be compared.
ONE_STAGE = ("envelope", "root-fields", "field-format", "entity-schema")
KINDS = tuple(
    f"kind-{kind}"
    for kind in (
        [
            "api-mcp-server",
            "api",
            "component",
            "domain",
            "group",
            "location",
            "resource",
            "system",
            "template",
            "user",
        ]
    )
)


def judge_ref(case: Case) -> Any:
    """Parse or write an entity reference."""
    value, context = case.get("value"), case.get("context") or {}
    if case["op"] == "parse":
        found = refs.parse_ref(
            value,
            default_kind=context.get("defaultKind"),
            default_namespace=context.get("defaultNamespace", "default"),
        )
        return {"kind": found.kind, "namespace": found.namespace, "name": found.name}
    if "metadata" in value:
        return refs.entity_ref(value).canonical
    return refs.EntityRef(value["kind"], value.get("namespace", "default"), value["name"]).canonical


def judge_location(case: Case) -> Any:
    """Parse a location reference or find an entity's source."""
    if case["op"] == "parse":
        found = refs.parse_location(case.get("value"))
    else:
        found = refs.find_source_location(case["value"])
    return {"type": found.type, "target": found.target}


def apply_change(base: Any, case: Case) -> Any:
    """Return the base entity with the one change the case names."""
    entity = copy.deepcopy(base)
    if case["change"].startswith("none"):
        return entity
    operation, path = case["change"].split(" ", 1)
    steps = path.split(".")
    for mapping in ("metadata.labels.", "metadata.annotations."):
        if path.startswith(mapping):
            steps = [*mapping[:-1].split("."), path.removeprefix(mapping)]
    at = entity
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if operation == "remove":
        at.pop(int(steps[-1]) if isinstance(at, list) else steps[-1])
    elif isinstance(at, list):
        at[int(steps[-1]) :] = [case["value"]]
    else:
        at[steps[-1]] = case["value"]
    return entity


def judge_entity(entity: Any) -> str:
    """Return accept, reject or not-recognised."""
    if specs.check_entity(entity):
        return "reject"
    is_known = kinds.find_kind(entity["kind"], entity["apiVersion"]) is not None
    return "accept" if is_known else "not-recognised"


def judge_relations(case: Case) -> Any:
    """List the relations of an entity, both directions."""
    found = relations.list_relations(case["entity"])
    both = {(r.source, r.type, r.target) for one in found for r in (one, one.inverse)}
    return sorted(both)


def judge_documents(case: Case) -> Any:
    """Cut a text into documents: each is its entity, `error` or `skipped`."""
    return [
        "skipped"
        if document.is_empty
        else document.value
        if isinstance(document.value, dict)
        else "error"
        for document in read_documents(case["text"])
    ]


def judge_placeholders(case: Case, folder: Folder) -> Any:
    """Substitute the placeholders of a spec from the files beside it."""

    def read(target: str) -> str:
        return read_placeholder(folder, "catalog-info.yaml", target, lambda _: None)

    found, problems = resolve_placeholders(case["spec"], read)
    return "error" if problems else found


def outcome(judge: Callable[..., Any], *given: Any) -> Any:
    """Return what a judge says, or `error` when it refuses."""
    try:
        return judge(*given)
    except (ValueError, KeyError):
        return "error"


Compared = tuple[str, Any, Any]


def load(folder: Path, name: str) -> Any:
    """Read one topic; a value may be given as a text and how often it is repeated."""
    topic = json.loads((folder / f"{name}.json").read_text("utf-8"))
    for case in topic["cases"]:
        if "value_repeat" in case:
            text, times = case["value_repeat"]
            case["value"] = text * times
    return topic


def compare_formats(folder: Path) -> Iterator[Compared]:
    """Yield case, wanted and found for single fields and references."""
    for name, is_valid in FORMATS.items():
        for case in load(folder, name)["cases"]:
            yield case["id"], case["accept"], bool(is_valid(case.get("value")))
    for name, judge in (("entity-refs", judge_ref), ("location-refs", judge_location)):
        for case in load(folder, name)["cases"]:
            if name == "entity-refs" or case["op"] != "stringify":
                wanted = case["result"] if case["accept"] else "error"
                yield case["id"], wanted, outcome(judge, case)


def compare_entities(folder: Path) -> Iterator[Compared]:
    """Yield case, wanted and found for whole entities."""
    for name in (*ONE_STAGE, *KINDS):
        topic = load(folder, name)
        for case in topic["cases"]:
            wanted = case.get("alpha_verdict") or case.get("verdict")
            if name in ONE_STAGE and case["accept"]:
                continue
            label = f"{name}: {case['change']} {case.get('value')!r}"
            yield label, wanted or "reject", judge_entity(apply_change(topic["base"], case))


def compare_relations(folder: Path) -> Iterator[Compared]:
    """Yield case, wanted and found for relations; case does not matter in a reference."""
    for case in load(folder, "relations")["cases"]:
        wanted = sorted(
            {
                (r["source"].lower(), r["type"], r["target"].lower())
                for r in case.get("relations", ())
            }
        )
        yield case["id"], "error" if case.get("error") else wanted, outcome(judge_relations, case)


def compare_texts(folder: Path) -> Iterator[Compared]:
    """Yield case, wanted and found for cutting files and for placeholders."""
    for case in load(folder, "yaml-documents")["cases"]:
        wanted = [
            "error" if "error" in d else "skipped" if "skipped" in d else d["entity"]
            for d in case["documents"]
        ]
        yield case["id"], wanted, judge_documents(case)
    topic = load(folder, "placeholders")
    with tempfile.TemporaryDirectory() as beside:
        for name, text in topic["files"].items():
            (Path(beside) / name).write_text(text, "utf-8")
        for case in topic["cases"]:
            wanted = "error" if case.get("error") else case["result"]
            yield case["id"], wanted, judge_placeholders(case, Folder.open(beside))


PARTS = (compare_formats, compare_entities, compare_relations, compare_texts)


def main() -> int:
    """Print what differs and how much agrees; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    reasons = {case: reason for reason, cases in INTENDED.items() for case in cases}
    counted: Counter[str] = Counter()
    differs = False
    folder = parser.parse_args().folder
    for case, wanted, found in (compared for part in PARTS for compared in part(folder)):
        is_same = wanted == found
        counted["agrees" if is_same else f"intended: {reasons.get(case, 'no')}"] += 1
        if not is_same and case not in reasons:
            differs = True
            sys.stdout.write(f"{case}: wanted {wanted!r}, found {found!r}\n")
    for what, number in counted.most_common():
        sys.stdout.write(f"{number:6,} {what}\n")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
