"""Who defines an entity within one source when several documents do.

A Backstage document comes before those of other products; among equals the first keeps it.
"""

from __future__ import annotations

from dataclasses import replace

from portal.catalog.core.findings import Finding
from portal.sources.core.foreign import PRODUCTS
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict

SHADOWED = "shadowed"


class Claims:
    """Remembers which document defines a ref; ask about Backstage documents first."""

    def __init__(self) -> None:
        self._held: dict[str, Verdict] = {}

    @property
    def refs(self) -> set[str]:
        """Return every ref a document defines, or names though it was refused."""
        return set(self._held)

    def hold(self, verdict: Verdict) -> None:
        """Keep the ref of a refused document for it, unless another has it."""
        if verdict.ref is not None and verdict.status == ERROR:
            self._held.setdefault(verdict.ref, replace(verdict, entity=None))

    def take(self, verdict: Verdict) -> Verdict:
        """Return a verdict, turned into a problem when another document defines its entity."""
        if verdict.ref is None or verdict.status != OK:
            return verdict
        # Nothing but the place is needed again, and documents are large.
        first = self._held.setdefault(verdict.ref, replace(verdict, entity=None))
        if (first.file, first.document) == (verdict.file, verdict.document):
            return verdict
        return _refuse_repeat(verdict, first)


def _refuse_repeat(verdict: Verdict, first: Verdict) -> Verdict:
    """Return a verdict as an error, or as one that steps back for another product's file."""
    if verdict.product and first.product != verdict.product and first.file != verdict.file:
        return _step_back(verdict, first)
    finding = Finding(
        verdict.named_at or "metadata.name",
        "duplicate" if verdict.product else "unique",
        f"{verdict.ref} is already defined at {first.file}:{first.line}, which keeps it.",
        "Rename or delete one of the two.",
        verdict.line,
    )
    return replace(verdict, status=ERROR, reason=finding.message, errors=(finding,), warnings=())


def _step_back(verdict: Verdict, first: Verdict) -> Verdict:
    holder = PRODUCTS.get(first.product, "Backstage")
    message = (
        f"{verdict.ref} is described by the {holder} file {first.file}:{first.line} as well; that "
        f"one is used, this {PRODUCTS[verdict.product]} file is not."
    )
    finding = Finding(
        verdict.named_at,
        SHADOWED,
        message,
        "Nothing to do while both products need their file; else delete one.",
        verdict.line,
    )
    return replace(verdict, status=SKIPPED, reason=message, entity=None, warnings=(finding,))
