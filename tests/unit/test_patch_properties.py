"""Any change to a file: read back as asked, labelled by others, applied by Git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.catalog.core.document_fields import Change
from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.patching import CannotPatch, patch_text
from portal.sources.core.patching.changes import apply_change, is_same, write_pointer
from tests.unit.test_patching import FILE, JSON, variants

CASES = json.loads((Path(__file__).parents[1] / "cases" / "patches.json").read_text("utf-8"))


@pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in CASES["cases"]])
def test_labelled_changes(case):
    changes = [
        Change(c["pointer"], c.get("value"), is_removal="remove" in c) for c in case["changes"]
    ]
    number = case["document"] + 1
    if "refused" in case:
        with pytest.raises(CannotPatch) as refused:
            patch_text(case["text"], number, changes)
        assert refused.value.problems[0].rule == case["refused"]
    else:
        allowed = (case["expected_text"], *case.get("also", ()))
        assert patch_text(case["text"], number, changes).text in allowed


def list_places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from list_places(item, (*path, key))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["yes", "0o7", "1:20", "- a", "a: b", "# a", "a\nb\n", "2026-01-01", "<<"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)
DOCUMENTS = [(text, d.number, d.value) for text in (FILE, JSON) for d in read_documents(text)]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(DOCUMENTS), VALUES)
def test_any_change_reads_back_and_leaves_other_lines_alone(data, document, value):
    text, number, was = document
    path = data.draw(st.sampled_from([path for path in list_places(was) if path]))
    asked = data.draw(
        st.sampled_from(
            [
                Change(write_pointer(path), value),
                Change(write_pointer(path), is_removal=True),
                Change(write_pointer((*path[:-1], "zz")), value),
            ]
        )
    )
    text = data.draw(st.sampled_from(variants(text)[: 3 if text == FILE else 2]))
    try:
        got = patch_text(text, number, [asked])
    except CannotPatch as refused:
        assert refused.problems[0].rule in ("alias", "pointer")  # noqa: PT017 which one hangs on the place
        return
    assert is_same(got.value, apply_change(was, asked))
    assert is_same(list(read_documents(got.text))[number - 1].value, got.value)
    old, new = text.split("\n"), got.text.split("\n")
    alike = count_alike(old, new) + count_alike(old[::-1], new[::-1])
    is_plain = not isinstance(find(was, path), dict | list) and path[-1] not in (
        "description",
        "notes",
    )
    if is_plain or asked.pointer.endswith("/zz"):
        assert len(old) - alike <= 3
        assert got.text.count("#") >= text.count("#") - asked.is_removal


def count_alike(one, other):
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def find(value, path):
    for part in path:
        value = value[part]
    return value


@pytest.mark.parametrize("path", ["catalog-info.yaml", "deep er/ü 😀.yaml", 'odd/"a\\b\tc.yaml'])
def test_git_applies_the_difference(tmp_path, path):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    git = ["git", "-c", "core.autocrlf=false", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    changes = [Change("/spec/lifecycle", "production"), Change("/metadata/tags/0", is_removal=True)]
    changes += [Change("/spec/type", is_removal=True), Change("/metadata/annotations/a", "b\nc")]
    for text, number in [(text, 1) for text in (*variants(FILE), *variants(JSON)[:2])]:
        if text.lstrip("\ufeff").startswith("{"):
            changes = [Change("/metadata/tags", ["z"]), Change("/spec/type", {"a": [1]})]
        got = patch_text(text, number, changes, path=path)
        file.write_bytes(text.encode())
        diff = tmp_path / "change.patch"
        diff.write_bytes(got.diff.encode())
        subprocess.run([*git, "apply", "--whitespace=nowarn", str(diff)], check=True)
        assert file.read_bytes() == got.text.encode()
        assert is_same(next(read_documents(file.read_bytes().decode())).value, got.value)
