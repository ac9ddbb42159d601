"""What a source may define: kinds, namespaces and references, each by pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding
from portal.catalog.core.kinds import KINDS
from portal.sources.core.verdict import ERROR, OK, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

RULE = "policy"
# A Location only adds files of the same source, which this policy holds for as well.
SCANNED_KINDS = ("component", "api", "resource", "system", "location")
EVERY_KIND = tuple(name.lower() for name in KINDS)
ANY = ("*",)


@dataclass(frozen=True, slots=True)
class Policy:
    """Lower-case kinds, and patterns with `*` and `?` for namespaces and whole references."""

    kinds: tuple[str, ...] = EVERY_KIND
    namespaces: tuple[str, ...] = ANY
    refs: tuple[str, ...] = ANY

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Policy:
        """Return the policy that was stored as JSON."""
        return cls(*(tuple(stored[name]) for name in ("kinds", "namespaces", "refs")))

    def as_json(self) -> dict[str, Any]:
        """Return the policy as it is stored and shown."""
        return {name: list(getattr(self, name)) for name in ("kinds", "namespaces", "refs")}

    def find_refusal(self, ref: str) -> tuple[str, str] | None:
        """Return why a canonical reference may not be defined and what mends it, or None."""
        kind, _, rest = ref.partition(":")
        namespace = rest.partition("/")[0]
        reason = fix = ""
        if kind not in self.kinds:
            reason = f"it may not define {kind} entities, only: {', '.join(self.kinds)}"
            fix = f"Define it in a source that may, or let an admin add {kind} to this one's kinds."
        elif not _fits(namespace, self.namespaces):
            allowed = ", ".join(self.namespaces)
            reason = f"it may define nothing in namespace `{namespace}`, only in: {allowed}"
            fix = "Use one of these namespaces, or let an admin add this one to the source."
        elif not _fits(ref, self.refs):
            reason = f"it may only define what fits: {', '.join(self.refs)}"
            fix = "Rename the entity, or let an admin widen the references of the source."
        return (reason, fix) if reason else None

    def apply(self, verdict: Verdict) -> Verdict:
        """Return a verdict, turned into a problem where the policy refuses its entity.

        What is refused holds no name: it neither keeps an entity nor stands in another's way.
        """
        refusal = None if verdict.ref is None else self.find_refusal(verdict.ref)
        if refusal is None:
            return verdict
        if verdict.status != OK:
            return replace(verdict, ref=None)
        reason, fix = refusal
        message = f"{verdict.ref} is refused by the policy of this source: {reason}."
        finding = Finding("kind", RULE, message, fix, verdict.line)
        return replace(
            verdict,
            status=ERROR,
            reason=message,
            ref=None,
            refused=verdict.ref,
            entity=None,
            errors=(finding,),
            warnings=(),
            members=(),
        )


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern.lower()) for pattern in patterns)


EVERYTHING = Policy()
SCANNED = Policy(SCANNED_KINDS)
