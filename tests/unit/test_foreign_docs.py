"""The tables of docs/foreign-descriptors.md against a file with every field of each product."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.foreign.rules import RULES
from portal.sources.core.verdict import OK
from tests.unit.test_foreign import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FULL = ROOT / "tests" / "cases" / "foreign" / "full"
PRODUCTS = ("OpsLevel", "Cortex", "Datadog v1", "Datadog v2", "Datadog v3", "Compass")
ROW = re.compile(r"^\| `([^`]+)` \| (keeps|changes|drops) \| .+ \|$", re.MULTILINE)
EXPECTED = {"component-elsewhere", "inheritance-not-followed"}


def read_section(product: str) -> str:
    text = (ROOT / "docs" / "foreign-descriptors.md").read_text("utf-8")
    [section] = re.findall(rf"^## {product}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(section)


def read_table(product: str) -> dict[str, str]:
    return dict(ROW.findall(read_section(product)))


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every path of a document without indexes, with what stands there."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{path}[]")


def plain(path: str) -> str:
    path = re.sub(r"\[\d+\]", "[]", path.removeprefix("$."))
    return re.sub(r"^(component|service)\.", "", path)


def find_row(table: dict[str, str], path: str) -> str | None:
    fitting = [f for f in table if path == f or path.startswith((f"{f}.", f"{f}["))]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize("product", PRODUCTS)
def test_table(product):
    table = read_table(product)
    text = (FULL / f"{product.lower().replace(' ', '-')}.yaml").read_text("utf-8")
    verdicts = judge(text)
    assert {verdict.status for verdict in verdicts} == {OK}
    entities = json.dumps([verdict.entity for verdict in verdicts], ensure_ascii=False)
    told = [finding for verdict in verdicts for finding in verdict.warnings]
    dropped = {plain(finding.path) for finding in told if finding.rule == "dropped"}
    used: set[str] = set()
    for document in read_documents(text):
        for path, value in walk(document.value):
            row = find_row(table, plain(path))
            if row is None:
                # Only what holds documented fields has no row of its own.
                assert isinstance(value, dict | list), f"{path} is not in the table"
                continue
            used.add(row)
            if table[row] == "keeps" and not isinstance(value, dict | list):
                is_told = any(plain(path).startswith(each) for each in dropped)
                assert is_told or str(value) in entities, f"{path} is not kept"
    assert used == set(table)
    by_table = {field for field, outcome in table.items() if outcome == "drops"}
    assert {find_row(table, path) for path in dropped} >= by_table
    assert not {f.rule for f in told} & {"unknown-field", "wrong-type"}
    for path in dropped:
        row = find_row(table, path)
        assert table.get(row or "") == "drops" or is_partly(product, table, row, path), path


def is_partly(product: str, table: dict[str, str], row: str | None, path: str) -> bool:
    """Whether the words of a row say that some of its values are dropped."""
    if row is None:
        return any(field.startswith(path) for field in table)
    [line] = [each for each in read_section(product).split("\n") if each.startswith(f"| `{row}` |")]
    return "dropped" in line


def test_every_rule_can_be_explained():
    for name, rule in RULES.items():
        assert rule.message.format(detail="x").endswith("."), name
        assert rule.fix.endswith("."), name
