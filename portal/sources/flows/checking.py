"""Checks descriptors without a database: verdicts per document and a summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portal.sources.core.claims import Claims
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict
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
    """Turn an entity that another document defines into a problem naming both places.

    Documents of other products come last, since those of Backstage go before them.
    """
    claims = Claims()
    foreign: list[Verdict] = []
    for verdict in verdicts:
        if verdict.product:
            foreign.append(verdict)
        else:
            yield claims.take(verdict)
    yield from map(claims.take, foreign)
