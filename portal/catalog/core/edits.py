"""Which fields of an entity people may change, and what is wrong with a change, by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.document_fields import split_pointer
from portal.catalog.core.storable import check_storable
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portal.catalog.core.document_fields import Change
    from portal.catalog.core.findings import Finding

MOST_CHANGES = 200
LONGEST_POINTER = 300
OPEN = ("metadata", "spec")
IDENTITY = ("name", "namespace", "uid", "etag")


def check_pointers(changes: Sequence[Change]) -> None:
    """Raise InvalidInput for changes of fields that nobody may set, or of what cannot be kept."""
    problems = [problem for change in changes for problem in _check_one(change)]
    if len(changes) > MOST_CHANGES:
        message = f"At most {MOST_CHANGES} fields can be changed at once."
        problems = [Problem("changes", "length", message, "Change fewer.")]
    if problems:
        raise InvalidInput("These fields cannot be changed so.", tuple(problems))


def _check_one(change: Change) -> Iterable[Problem]:
    pointer = change.pointer
    try:
        keys = split_pointer(pointer)
    except ValueError:
        keys = []
    if len(pointer) > LONGEST_POINTER or len(keys) < 2 or not all(keys):  # noqa: PLR2004 a root field and one below it
        message = f"`{pointer[:80]}` is no JSON Pointer to a field, such as `/spec/owner`."
        yield Problem(pointer[:80], "pointer", message, "Name a field below metadata or spec.")
    elif keys[0] not in OPEN:
        message = f"`{keys[0]}` cannot be changed."
        yield Problem(pointer, "open", message, "Name a field below metadata or spec.")
    elif keys[0] == "metadata" and keys[1] in IDENTITY:
        message = f"`metadata.{keys[1]}` says which entry it is, and cannot be changed here."
        yield Problem(pointer, "identity", message, "Rename it where it is written.")
    elif not change.is_removal:
        for finding in check_storable({"value": change.value}):
            yield Problem(pointer, finding.rule, finding.message, finding.fix)


def describe_findings(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """Return what is wrong with a document as problems of an input."""
    return tuple(Problem(f.path, f.rule, f.message, f.fix) for f in findings)
