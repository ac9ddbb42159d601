"""From verdicts on a file to what is written about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding
from portal.catalog.core.records import Place
from portal.catalog.core.storable import make_storable
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

UNFIT, RETIRED = "overlay", "retired"
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A file ready to be written: its entities, everything it claims, and what is wrong with it."""

    path: str
    digest: str
    verdicts: tuple[Verdict, ...]
    entities: tuple[tuple[Mapping[str, Any], Place], ...]
    refs: tuple[str, ...]
    is_settled: bool


def prepare_file(
    source: str, path: str, digest: str, verdicts: tuple[Verdict, ...], *, is_ephemeral: bool
) -> ReadyFile:
    """Return what to write about a file; a refused document keeps the entity it names as it was."""
    entities = tuple(
        (v.entity, Place(source, path, v.document, v.line, v.reason, is_ephemeral))
        for v in verdicts
        if v.status == OK and v.entity is not None
    )
    refs = tuple(
        dict.fromkeys(v.ref for v in verdicts if v.ref is not None and v.status != SKIPPED)
    )
    # What stepped back for another file is read again, in case that one goes.
    is_settled = all(v.status != ERROR and not (v.status == SKIPPED and v.ref) for v in verdicts)
    return ReadyFile(path, digest, verdicts, entities, refs, is_settled and bool(digest))


def list_problems(
    source: str,
    file: ReadyFile,
    claimed: Mapping[str, Place],
    unfit: Mapping[str, str],
    retired: Mapping[str, datetime],
) -> Iterator[dict[str, Any]]:
    """Yield the problems of a file as rows; `claimed` are refs that other sources keep.

    `unfit` says why what was set in the portal cannot be laid over the file of a ref, `retired`
    since when a name is kept from all files.
    """
    for verdict in file.verdicts:
        for finding in verdict.errors:
            yield _row(source, verdict, "error", finding)
        for finding in verdict.warnings:
            yield _row(source, verdict, "warning", finding)
        place = claimed.get(verdict.ref or "")
        if place is not None and verdict.status == OK:
            finding = Finding(
                "metadata.name",
                CONFLICT,
                f"{verdict.ref} belongs to {place.source} ({place.file}:{place.line}), which was "
                f"first; this one in {source} ({verdict.file}:{verdict.line}) is not used.",
                "Delete or rename one of the two.",
            )
            yield _row(source, verdict, "error", finding)
        elif verdict.status == OK and verdict.ref and verdict.ref in retired:
            finding = describe_retired(verdict.ref, retired[verdict.ref])
            yield _row(source, verdict, "error", finding)
        elif verdict.status == OK and verdict.ref and verdict.ref in unfit:
            yield _row(source, verdict, "warning", describe_unfit(unfit[verdict.ref]))


def describe_retired(ref: str, since: datetime) -> Finding:
    """Return the finding that a name is kept, for what had it was retired."""
    return Finding(
        "metadata.name",
        RETIRED,
        f"{ref} was retired on {since:%d %b %Y}, and nothing else may be called so.",
        "Delete the document, choose another name, or bring the service back in the portal.",
    )


def describe_unfit(why: str) -> Finding:
    """Return the finding that overlays are left out because a file does not take them."""
    message = f"What was set in the portal is left out, for it does not fit the file: {why}"
    return Finding("", UNFIT, message, "Change the file, or take the overlay away.")


def _row(source: str, verdict: Verdict, severity: str, finding: Finding) -> dict[str, Any]:
    return {
        "severity": severity,
        "rule": finding.rule,
        "ref": verdict.ref,
        "about": verdict.refused,
        "source": source,
        "file": verdict.file,
        "document_number": verdict.document,
        "line": finding.line or verdict.line,
        "path": make_storable(finding.path),
        "message": make_storable(finding.message),
        "fix": finding.fix,
    }


def list_documents(file: ReadyFile) -> list[list[Any]]:
    """Return what is remembered of a file's documents, so that it need not be read again."""
    return [[v.document, v.line, v.ref, v.reason, v.product] for v in file.verdicts]


def recall_verdicts(path: str, documents: Sequence[Any]) -> tuple[Verdict, ...] | None:
    """Return the verdicts of a file that did not change; None when it must be read all the same.

    A Location is read again, since its patterns may stand for other files now.
    """
    if any(ref is not None and ref.startswith("location:") for _, _, ref, *_ in documents):
        return None
    return tuple(
        Verdict(path, number, line, OK if ref else SKIPPED, reason=reason, ref=ref, product=product)
        for number, line, ref, reason, product in documents
    )
