"""What became of one document, or of one entity in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.findings import Finding
    from portal.sources.core.foreign.members import Member

OK, ERROR, SKIPPED = "ok", "error", "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one document; `entity` is there when `status` is `ok`.

    `product` is set for descriptors of other products; `members` are relations stated for
    other documents of the same file; `named_at` is the path of what names the entity there.
    `refused` is the reference a policy refused.
    """

    file: str
    document: int
    line: int
    status: str
    reason: str = ""
    ref: str | None = None
    entity: Mapping[str, Any] | None = None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    is_unreadable: bool = False
    product: str = ""
    members: tuple[Member, ...] = ()
    named_at: str = ""
    refused: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the shape that `portal catalog check --json` and the API give."""
        return {
            "file": self.file,
            "document": self.document,
            "line": self.line,
            "ref": self.ref,
            "product": self.product or None,
            "ok": self.status != ERROR,
            "status": self.status,
            "reason": self.reason,
            "errors": [_finding_json(finding) for finding in self.errors],
            "warnings": [_finding_json(finding) for finding in self.warnings],
        }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "rule": finding.rule,
        "message": finding.message,
        "fix": finding.fix,
        "line": finding.line,
    }
