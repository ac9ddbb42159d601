"""The labels of changes to descriptors fit together: what is expected reads as what was asked."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from portal.catalog.core.yaml_text.documents import read_documents

CASES = json.loads((Path(__file__).parents[1] / "cases" / "patches.json").read_text("utf-8"))
KEPT = [pytest.param(one, id=one["id"]) for one in CASES["cases"] if "refused" not in one]
REFUSED = {"alias", "unreadable", "placeholder", "pointer"}


def apply(data: Any, change: dict[str, Any]) -> None:
    """Change parsed data as RFC 6901 pointers say, making parents that are missing."""
    words = [one.replace("~1", "/").replace("~0", "~") for one in change["pointer"].split("/")[1:]]
    for word, following in itertools.pairwise(words):
        if isinstance(data, list):
            data = data[int(word)]
            continue
        if data.get(word) is None:
            data[word] = [] if following == "-" else {}
        data = data[word]
    last: Any = words[-1]
    if isinstance(data, list):
        last = len(data) if last == "-" else int(last)
        data[last:] = (
            data[last + 1 :] if "remove" in change else [change["value"], *data[last + 1 :]]
        )
    elif "remove" in change:
        del data[last]
    else:
        data[last] = change["value"]


@pytest.mark.parametrize("case", KEPT)
def test_expected_text_reads_as_asked(case):
    before = list(read_documents(case["text"]))
    wanted = [copy.deepcopy(one.value) for one in before]
    for change in case["changes"]:
        apply(wanted[case["document"]], change)
    for text in (case["expected_text"], *case.get("also", ())):
        after = list(read_documents(text))
        assert json.dumps([one.value for one in after], sort_keys=True) == json.dumps(
            wanted, sort_keys=True
        )
        assert [one.error is None for one in after] == [one.error is None for one in before]


def test_every_case_is_named_once_and_has_one_outcome():
    names = [one["name"] for one in CASES["cases"]]
    assert len(set(names)) == len(names) > 100
    for one in CASES["cases"]:
        assert ("refused" in one) != ("expected_text" in one), one["id"]
        assert one.get("refused", "alias") in REFUSED, one["id"]
