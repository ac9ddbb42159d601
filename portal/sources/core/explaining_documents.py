"""Steps about documents: what each was read as, or why it was skipped or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.sources.core.batches import CONFLICT
from portal.sources.core.claims import SHADOWED
from portal.sources.core.explained import DOCUMENT, OK, STOPPED, UNKNOWN, Step, count, say_time
from portal.sources.core.policies import RULE as POLICY
from portal.sources.core.verdicts import EMPTY, NO_DESCRIPTOR, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sources.core.known import Known, KnownFile, KnownProblem, KnownSource

MOST_FINE, MOST_WRONG = 10, 20
SKIPS = {
    EMPTY: "Write a descriptor there, with `apiVersion`, `kind`, `metadata` and `spec`.",
    TEMPLATE: "Fill in the marks of the template; a name in braces is nobody's name.",
    NO_DESCRIPTOR: "A descriptor has `apiVersion`, `kind` and `metadata` at its top level.",
}
OTHER_SKIP = "Nothing to do, unless it was meant to be an entity of the catalog."


@dataclass(frozen=True, slots=True)
class Told:
    """One entity or document of a file, and what stands in its way."""

    number: int
    line: int
    ref: str | None
    reason: str
    errors: tuple[KnownProblem, ...]

    @property
    def is_taken(self) -> bool:
        """Whether it was read as an entity."""
        return self.ref is not None and not self.errors

    @property
    def is_broken(self) -> bool:
        """Whether it was refused without its name being known."""
        return self.ref is None and any(error.rule != POLICY for error in self.errors)


def list_documents(file: KnownFile, known: Known) -> list[Told]:
    """Return the documents of a file with what is wrong with each."""
    problems = [
        each
        for each in known.list_problems(file.source, file.path)
        if each.severity == "error" or each.rule == SHADOWED
    ]
    found = []
    for number, line, ref, reason, *_ in file.documents:
        mine = [p for p in problems if p.document == number and p.ref == ref]
        several = sum(row[0] == number and row[2] == ref for row in file.documents) > 1
        if several:
            mine = [p for p in mine if p.message == reason] or mine
        found.append(Told(number, line, ref, reason, tuple(mine)))
    return found


def explain_documents(
    file: KnownFile, source: KnownSource, known: Known, *, line: int | None = None
) -> list[Step]:
    """Return a step for each document of a file; of many fine ones only the first."""
    documents = list_documents(file, known)
    if not documents:
        words = f"`{file.path}` holds no document."
        return [_step(file, source, STOPPED, words, SKIPS[EMPTY], 1)]
    if line is not None:
        documents = [
            max(
                (d for d in documents if d.line <= line), key=lambda d: d.line, default=documents[0]
            )
        ]
    is_mixed = any(document.ref or document.errors for document in documents)
    steps = [_explain(each, file, source, known, is_mixed=is_mixed) for each in documents]
    wrong = [step for step in steps if step.status == STOPPED][:MOST_WRONG]
    fine = [step for step in steps if step.status != STOPPED]
    if len(fine) > MOST_FINE:
        more = count(len(fine) - MOST_FINE, "more document", "more documents")
        fine = [*fine[:MOST_FINE], _step(file, source, OK, f"{more} of it were read.", "", 1)]
    return [*wrong, *fine]


def _explain(
    document: Told, file: KnownFile, source: KnownSource, known: Known, *, is_mixed: bool
) -> Step:
    if document.errors:
        return explain_problem(document.errors, source, known)
    if document.ref is None:
        words = f"The document at line {document.line} was skipped: {document.reason}."
        fix = SKIPS.get(document.reason.partition(":")[0], OTHER_SKIP)
        return _step(file, source, UNKNOWN if is_mixed else STOPPED, words, fix, document.line)
    words = f"The document at line {document.line} was read as {document.ref}."
    return _step(file, source, OK, words, "", document.line, document.ref)


def explain_problem(
    errors: Sequence[KnownProblem], source: KnownSource | None, known: Known
) -> Step:
    """Return why a document is not in the catalog, from what is wrong with it."""
    first = min(errors, key=lambda error: error.line)
    words = _say_problem(first, known)
    if len(errors) > 1:
        words += f" There {'is' if len(errors) == 2 else 'are'} {len(errors) - 1} more."  # noqa: PLR2004 one besides it
    return Step(
        DOCUMENT,
        STOPPED,
        words,
        first.fix or "Correct the document.",
        source_id=source.id if source is not None else None,
        source=first.source,
        file=first.file,
        line=first.line,
        ref=first.ref or first.about or "",
        url=source.link(first.file, first.line) if source is not None else "",
    )


def _say_problem(problem: KnownProblem, known: Known) -> str:
    place = f"`{problem.file}`, line {problem.line}"
    if problem.rule == CONFLICT:
        holder = known.find_entity(problem.ref)
        if holder is not None:
            return (
                f"{problem.ref} belongs to `{holder.source}`, where {holder.file}:{holder.line} "
                f"has held it since {say_time(holder.created_at)}; {place} of `{problem.source}`, "
                "is not used."
            )
    if problem.rule in (POLICY, CONFLICT, SHADOWED):
        return f"{place}: {problem.message}"
    return f"{place} breaks the rule `{problem.rule}`: {problem.message}"


def _step(  # noqa: PLR0913, PLR0917 one step in one line
    file: KnownFile,
    source: KnownSource,
    status: str,
    words: str,
    fix: str,
    line: int,
    ref: str = "",
) -> Step:
    return Step(
        DOCUMENT,
        status,
        words,
        fix,
        source_id=source.id,
        source=source.name,
        file=file.path,
        line=line,
        ref=ref,
        url=source.link(file.path, line),
    )
