"""Checks descriptors without a database: verdicts per document and a summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding
from portal.sources.core.verdicts import ERROR, OK, SKIPPED, Verdict
from portal.sources.flows.reading import read_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.sources.providers.folder import Folder


@dataclass(slots=True)
class Summary:
    """Counts over all documents that were judged."""

    documents: Counter[str] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)
    warnings: int = 0

    def count(self, verdict: Verdict) -> None:
        """Add one verdict."""
        self.documents[verdict.status] += 1
        self.files.add(verdict.file)
        self.warnings += len(verdict.warnings)

    def as_json(self) -> dict[str, Any]:
        """Return the counts by name."""
        return {
            "files": len(self.files),
            "documents": sum(self.documents.values()),
            "ok": self.documents[OK],
            "error": self.documents[ERROR],
            "skipped": self.documents[SKIPPED],
            "warnings": self.warnings,
        }


def check_folders(folders: Iterable[tuple[str, Folder]]) -> Iterator[Verdict]:
    """Judge every document below the folders, each named by the path its caller gave."""
    for given, folder in folders:
        prefix = "" if folder.start is not None else given.rstrip("/") + "/"
        verdicts = (verdict for report in read_folder(folder) for verdict in report.verdicts)
        for verdict in mark_repeats(verdicts):
            name = given if folder.start == verdict.file else f"{prefix}{verdict.file}"
            yield replace(verdict, file=name)


def mark_repeats(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Turn an entity that an earlier document already defines into an error naming both places."""
    places: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.status != OK or verdict.ref is None:
            yield verdict
            continue
        first = places.setdefault(verdict.ref, verdict)
        yield verdict if first is verdict else refuse_repeat(verdict, first.file, first.line)


def refuse_repeat(verdict: Verdict, file: str, line: int) -> Verdict:
    """Return a verdict as an error: its entity stands at `file`:`line` already."""
    finding = Finding(
        "metadata.name",
        "unique",
        f"{verdict.ref} is already defined at {file}:{line}, which keeps it.",
        "Rename or delete one of the two.",
        verdict.line,
    )
    return replace(verdict, status=ERROR, reason=finding.message, errors=(finding,))
