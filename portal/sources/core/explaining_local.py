"""What would become of a file on this machine: judged here, compared with the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.sources.core.declarations import FOLDER
from portal.sources.core.explained import (
    ASKED,
    CATALOG,
    DOCUMENT,
    OK,
    SOURCE,
    STOPPED,
    UNKNOWN,
    Explanation,
    Step,
    conclude,
)
from portal.sources.core.explaining_catalog import tell_entity
from portal.sources.core.explaining_documents import SKIPS
from portal.sources.core.explaining_files import explain_path
from portal.sources.core.verdict import ERROR, SKIPPED, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sources.core.known import Known, KnownSource


def explain_local(
    given: str, absolute: str, verdicts: Sequence[Verdict], known: Known
) -> Explanation:
    """Return what a run over a file would do; `given` is the path as typed."""
    source, path = _find_folder(absolute, known)
    if source is not None:
        verdicts = [source.declaration.policy.apply(verdict) for verdict in verdicts]
    documents = [_judge(verdict) for verdict in verdicts]
    taken = [verdict for verdict in verdicts if verdict.ref and not verdict.errors]
    catalog = [_compare(each, source, known) for each in taken if each.status != SKIPPED]
    steps = [
        Step(ASKED, OK, f"You ask about the file `{given}` on this machine, as it is now."),
        *_find_source(source, path),
        *documents,
        *catalog,
    ]
    return conclude(given, steps)


def _find_folder(absolute: str, known: Known) -> tuple[KnownSource | None, str]:
    """Return the source that reads the folder a file lies in, and the path within it."""
    for source in known.sources:
        root = source.declaration.address.rstrip("/")
        if source.declaration.kind == FOLDER and absolute.startswith(f"{root}/"):
            return source, absolute[len(root) + 1 :]
    return None, ""


def _find_source(source: KnownSource | None, path: str) -> list[Step]:
    if source is None:
        words = "No source reads this folder by itself."
        fix = "Run `portal catalog ingest` on it, or declare its repository as a source."
        return [Step(SOURCE, UNKNOWN, words, fix)]
    words = f"The source `{source.name}` reads this folder."
    told = Step(SOURCE, OK, words, source_id=source.id, source=source.name)
    return [told, explain_path(source, path, is_known=False)]


def _judge(verdict: Verdict) -> Step:
    if verdict.status == ERROR:
        first = min(verdict.errors, key=lambda finding: finding.line or verdict.line)
        line = first.line or verdict.line
        words = f"Line {line} breaks the rule `{first.rule}`: {first.message}"
        fix = first.fix or "Correct the document."
        return Step(DOCUMENT, STOPPED, words, fix, file=verdict.file, line=line)
    if verdict.status == SKIPPED:
        words = f"The document at line {verdict.line} is skipped: {verdict.reason}."
        fix = SKIPS.get(verdict.reason.partition(":")[0], "")
        return Step(DOCUMENT, UNKNOWN, words, fix, file=verdict.file, line=verdict.line)
    ref = verdict.ref or ""
    words = f"The document at line {verdict.line} reads as {ref}."
    return Step(DOCUMENT, OK, words, file=verdict.file, line=verdict.line, ref=ref)


def _compare(verdict: Verdict, source: KnownSource | None, known: Known) -> Step:
    ref = verdict.ref or ""
    entity = known.find_entity(ref)
    if entity is None:
        words = f"{ref} is not in the catalog; a run over this file would bring it."
        return Step(CATALOG, UNKNOWN, words, ref=ref)
    if source is not None and entity.source != source.name:
        words = (
            f"{ref} belongs to `{entity.source}` ({entity.file}:{entity.line}); read from "
            f"`{source.name}`, this file would not be used for it."
        )
        return Step(CATALOG, STOPPED, words, "Delete or rename one of the two.", ref=ref)
    return tell_entity(entity, known)
