"""Other products' files with anything in any place: nothing crashes and nothing goes unsaid."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portal.catalog.core.yaml_text.documents import read_documents
from portal.sources.core.codeowners import read_codeowners
from portal.sources.core.foreign.notes import write_path
from portal.sources.core.verdict import ERROR, OK
from tests.unit.test_foreign import CASES, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "zq7mark"
# Read to understand the file, and not kept.
READ = ("openapi", "provider", "type")
LEFT = ("wrong-type", "link-no-url", "owner-shortened")
VALUES: tuple[Any, ...] = (
    None,
    "",
    "  ",
    MARK,
    f"{MARK} and: more/of @it",
    7,
    1.5,
    True,
    [],
    {},
    [MARK],
    [[MARK]],
    {MARK: MARK},
    {"value": MARK},
    [{"name": MARK, "url": f"https://{MARK}.example.test/{MARK}", "type": MARK}],
    [{"tag": MARK}, MARK, None, 4],
    "https://[broken",
    "\u0000half \ud800",
    "x" * 70_000,
)


def load() -> list[Any]:
    files = [*sorted((CASES / "full").glob("*.yaml"))]
    texts = [(file.stem, file.read_text("utf-8")) for file in files]
    for name in ("opslevel", "cortex", "datadog", "compass"):
        cases = json.loads((CASES / f"{name}.json").read_text("utf-8"))
        texts += [(case["id"], case["text"]) for case in cases if len(case["text"]) < 4000]
    return [pytest.param(text, id=name) for name, text in texts]


def walk(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything below the top."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*path, key)
        yield from walk(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(document)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return changed


@pytest.mark.parametrize("text", load())
def test_anything_anywhere(text):
    rng = random.Random(len(text))
    for document in read_documents(text):
        paths = list(walk(document.value))
        for path in rng.sample(paths, min(len(paths), 40)):
            value = rng.choice(VALUES)
            check(json.dumps(put(document.value, path, value)), value, path)


def check(text: str, value: Any, path: tuple[Any, ...]) -> None:
    """Whatever is not in an entity is reported, or the document is refused or skipped."""
    verdicts = judge(text)
    kept = json.dumps([verdict.entity for verdict in verdicts])
    if MARK not in json.dumps(value) or any(v.status == ERROR for v in verdicts):
        return
    if not any(verdict.status == OK for verdict in verdicts):
        return
    here = write_path(path)
    told = [f.path for v in verdicts for f in v.warnings if f.rule in ("dropped", *LEFT)]
    is_told = any(here.startswith(each) or each.startswith(here) for each in told)
    assert MARK in kept or is_told or path[-1] in READ, (path, value, kept, told)


@pytest.mark.parametrize("flavour", [None, "github", "gitlab", "bitbucket"])
def test_any_codeowners(flavour):
    rng = random.Random(3)
    parts = ("*", "**", "/", "a", "\\", " ", "\t", "#", "!", "[", "]", "^", "@", "@x/y", ":all")
    parts += ("\n", "\n", "@@@", "(1)", "a@b.c", "{{ x }}", "\u00e9", "?", "-")
    for _ in range(400):
        text = "".join(rng.choices(parts, k=60))
        found = read_codeowners(text, flavour)
        if found is not None:
            found.find("a/b/c.txt")
            found.find_for_all()


def test_hostile_patterns_take_no_time():
    text = "/" + "a*" * 3000 + "b @x\n/" + "**/a/" * 3000 + "b @x\n[" + "a@b." * 90_000
    for flavour in ("github", "gitlab", "bitbucket"):
        found = read_codeowners(text, flavour)
        assert found is not None
        assert found.find("a" * 4000)[0] is None
        assert found.find("a/" * 2000 + "c")[0] is None


def test_real_samples_of_lookalikes_stay_out():
    text = (Path(__file__).parents[2] / "package.json").read_text("utf-8")
    assert [verdict.product for verdict in judge(text)] == [""]
